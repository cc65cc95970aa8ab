package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What a waiter leaves behind whose session its client has given up, and the leader has not. */
class OrphansTest {
  private static final long TICK_NANOS = 100_000_000L;
  private static final long TIMEOUT_NANOS = 6 * TICK_NANOS;
  private static final int MOST_STEPS = 10_000;
  private static final LockName NAME = LockName.of(1);
  private static final Layout LAYOUT = new Layout("/r", "s");

  private final LockPaths paths = LAYOUT.lock(NAME);
  private final Ensemble ensemble = new Ensemble(Settings.of(1));
  private final List<SimNode> nodes = new ArrayList<>();

  @BeforeAll
  static void silence() {
    Simulate.silence();
  }

  @Test
  void giveUp_waitersSessionIsStillThere_takesEntryAndIntentTogether() {
    LAYOUT.skeleton(new byte[0]).stream()
        .flatMap(List::stream)
        .map(WriteOp::path)
        .forEach(ensemble::make);
    ClusterLock owners = open();
    ClusterLock waiters = open();
    var owner = owners.acquireAsync(LockMode.EXCLUSIVE);
    calm();
    assertThat(owner).isCompleted();
    var waiter = waiters.acquireAsync(LockMode.EXCLUSIVE);
    calm();
    List<String> before = exclusiveEntries();
    assertThat(before).hasSize(2);

    ensemble.giveUp(nodes.get(1).client);
    for (int i = 0; i < MOST_STEPS && exclusiveEntries().contains(before.get(1)); i++) {
      step();
      assertThat(exclusiveEntries())
          .as("entries that have an intent")
          .hasSameSizeAs(znode(paths.version()).children);
    }
    calm();

    assertThat(exclusiveEntries()).hasSize(2).doesNotContain(before.get(1));
    assertThat(waiter).isNotDone();
  }

  private ClusterLock open() {
    long[] nonces = {1000L * (nodes.size() + 1)};
    SimNode node =
        new SimNode(
            ensemble,
            nodes.size(),
            "node " + nodes.size(),
            new NodeConfig("/r", "s", TICK_NANOS, 0, 100, 1 << 19),
            new NodeClock(ensemble::nowNanos, 0, 0),
            TIMEOUT_NANOS,
            true,
            () -> nonces[0]++);
    nodes.add(node);
    ClusterLock lock = node.access.allocate(NAME, LockOptions.of());
    calm();
    return lock;
  }

  private Znode znode(String path) {
    return Objects.requireNonNull(ensemble.leader.tree.get(path));
  }

  private List<String> exclusiveEntries() {
    return znode(paths.lock()).children.stream()
        .filter(
            name -> {
              Entry entry = Entry.parse(name);
              return entry != null && entry.mode() == LockMode.EXCLUSIVE;
            })
        .toList();
  }

  /** Everything that is on its way arrives, and a tick or two pass. */
  private void calm() {
    long untilNanos = ensemble.nowNanos() + 2 * TICK_NANOS;
    for (int i = 0; ensemble.nowNanos() < untilNanos; i++) {
      assertThat(i).isLessThan(MOST_STEPS);
      step();
    }
  }

  /** One message, or what the nodes have to do, or a little time. */
  private void step() {
    List<Step> steps = ensemble.steps();
    if (!steps.isEmpty()) {
      ensemble.take(steps.get(0));
      return;
    }
    boolean idle = true;
    for (SimNode node : nodes) {
      if (node.loop().canRun()) {
        node.loop().runBatch(Integer.MAX_VALUE);
        idle = false;
      }
      while (node.hooks.size() > 0) {
        node.hooks.run(0);
        idle = false;
      }
      node.listeners.clear();
    }
    if (idle) {
      ensemble.advanceTo(ensemble.nowNanos() + TICK_NANOS / 10);
    }
  }
}
