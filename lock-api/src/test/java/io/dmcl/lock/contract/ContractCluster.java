package io.dmcl.lock.contract;

import io.dmcl.lock.LockName;
import io.dmcl.lock.Lockspace;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The nodes that the tests of a contract share, opened when first used, and extra ones. */
final class ContractCluster {
  static final String LOCKSPACE = "contract";

  private final ClusterFixture fixture;
  private final List<Lockspace> nodes = new ArrayList<>();
  private final List<Lockspace> extraNodes = new ArrayList<>();
  private final AtomicInteger namesUsed = new AtomicInteger();

  ContractCluster(ClusterFixture fixture) {
    this.fixture = fixture;
  }

  /** A node that lives as long as the cluster. */
  Lockspace node(int number) {
    while (nodes.size() <= number) {
      nodes.add(open(LOCKSPACE));
    }
    return nodes.get(number);
  }

  /** A node for one test. */
  Lockspace extraNode() {
    return extraNode(LOCKSPACE);
  }

  /** A node for one test, in a lockspace of its choice. */
  Lockspace extraNode(String lockspace) {
    Lockspace node = open(lockspace);
    extraNodes.add(node);
    return node;
  }

  private Lockspace open(String lockspace) {
    try {
      return fixture.open(lockspace);
    } catch (Exception e) {
      throw new AssertionError("cannot open a node", e);
    }
  }

  /** Kills an extra node. */
  void kill(Lockspace extraNode) throws Exception {
    extraNodes.remove(extraNode);
    fixture.kill(extraNode);
  }

  void loseSession(Lockspace node) throws Exception {
    fixture.loseSession(node);
  }

  boolean runs(CachingMode mode) {
    return fixture.modes().contains(mode);
  }

  boolean entersSetsInOneStep() {
    return fixture.entersSetsInOneStep();
  }

  LockName freshName() {
    return LockName.of("lock-" + namesUsed.incrementAndGet());
  }

  void closeExtraNodes() {
    extraNodes.forEach(Lockspace::close);
    extraNodes.clear();
  }

  void close() throws Exception {
    fixture.close();
  }
}
