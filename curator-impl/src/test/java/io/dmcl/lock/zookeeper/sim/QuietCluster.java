package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * Nodes on a simulated ensemble of one server where everything arrives in its order and at once,
 * for tests that say themselves what goes wrong, and when. Time passes as they say.
 */
final class QuietCluster {
  private static final int MOST_STEPS = 100_000;

  final long tickNanos;
  final long sessionTimeoutNanos;
  final Layout layout = new Layout("/r", "s");
  final Ensemble ensemble = new Ensemble(Settings.of(1));

  /** What happens whenever a node asks for the time. */
  Runnable meanwhile = () -> {};

  private final List<SimNode> nodes = new ArrayList<>();

  QuietCluster(long tickNanos, long sessionTimeoutNanos) {
    this.tickNanos = tickNanos;
    this.sessionTimeoutNanos = sessionTimeoutNanos;
    Simulate.silence();
    layout.skeleton(new byte[0]).stream()
        .flatMap(List::stream)
        .map(WriteOp::path)
        .forEach(ensemble::make);
  }

  /** A node that has its session. */
  SimNode open() {
    return open(0, Integer.MAX_VALUE);
  }

  /**
   * A node that begins to open.
   *
   * @param owned whether the client is made for it, or is the user's
   */
  SimNode begin(boolean owned) {
    return open(0, Integer.MAX_VALUE, owned);
  }

  /** As {@link #open()}; the limits are those of {@link NodeConfig}. */
  SimNode open(long idleNanos, int maxCachedGrants) {
    SimNode node = open(idleNanos, maxCachedGrants, true);
    calm();
    return node;
  }

  private SimNode open(long idleNanos, int maxCachedGrants, boolean owned) {
    long[] nonces = {1000L * (nodes.size() + 1)};
    SimNode node =
        new SimNode(
            ensemble,
            nodes.size(),
            "node " + nodes.size(),
            new NodeConfig(
                "/r", "s", tickNanos, idleNanos, maxCachedGrants, NodeConfig.MAX_SESSION_BYTES),
            new NodeClock(this::askedNanos, 0, 0),
            sessionTimeoutNanos,
            owned,
            () -> nonces[0]++);
    nodes.add(node);
    return node;
  }

  private long askedNanos() {
    meanwhile.run();
    return ensemble.nowNanos();
  }

  /** Everything that is on its way arrives, and a tick or two pass. */
  void calm() {
    pass(2 * tickNanos);
  }

  /** So much time passes, and everything that is to happen meanwhile does. */
  void pass(long nanos) {
    long untilNanos = ensemble.nowNanos() + nanos;
    for (int i = 0; ensemble.nowNanos() < untilNanos; i++) {
      assertThat(i).isLessThan(MOST_STEPS);
      step();
    }
  }

  /** One message, or what the nodes have to do, or a little time. */
  void step() {
    List<Step> steps = ensemble.steps();
    if (!steps.isEmpty()) {
      ensemble.take(steps.get(0));
      return;
    }
    boolean idle = true;
    for (SimNode node : nodes) {
      idle &= !run(node);
    }
    if (idle) {
      ensemble.advanceTo(ensemble.nowNanos() + tickNanos / 10);
    }
  }

  /** What the node can do without hearing of anybody; whether that was anything. */
  static boolean run(SimNode node) {
    if (!node.isRunning()) {
      return false;
    }
    boolean ran = node.loop().canRun();
    if (ran) {
      node.loop().runBatch(Integer.MAX_VALUE);
    }
    for (SimTasks tasks : List.of(node.hooks, node.listeners)) {
      while (tasks.size() > 0) {
        tasks.run(0);
        ran = true;
      }
    }
    return ran;
  }
}
