package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.LockName;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An ensemble, machines with nodes and their users, resources, and the oracle. */
final class World {
  private static final String ROOT = "/r";
  private static final String LOCKSPACE = "s";
  private static final Layout LAYOUT = new Layout(ROOT, LOCKSPACE);
  private static final List<String> BUCKETS = LAYOUT.buckets();
  private static final List<String> SKELETON =
      LAYOUT.skeleton(new byte[0]).stream().flatMap(List::stream).map(WriteOp::path).toList();
  private static final int MAX_SESSION_BYTES = 512 * 1024;

  final Plan plan;
  final SplittableRandom random;
  final Ensemble ensemble;
  final Oracle oracle;
  final Trace trace;
  final List<LockTruth> locks = new ArrayList<>();
  final List<Resource> resources = new ArrayList<>();

  /** One for each machine; null where no node is open. */
  final List<@Nullable User> users = new ArrayList<>();

  private int opened;
  private long writes;
  private boolean settling;
  private @Nullable RuntimeException failure;

  World(Plan plan, SplittableRandom random, Settings settings, Trace trace) {
    this.plan = plan;
    this.random = random;
    this.trace = trace;
    ensemble = new Ensemble(settings);
    for (int i = 0; i < plan.locks; i++) {
      LockName name = LockName.of(i + 1L);
      locks.add(new LockTruth(name, LAYOUT.lock(name)));
      resources.add(new Resource());
    }
    if (plan.lively) {
      Set<String> unused = new HashSet<>(BUCKETS);
      locks.forEach(lock -> unused.remove(Tree.parentOf(lock.paths.lock())));
      for (String path : SKELETON) {
        if (!unused.contains(path)) {
          ensemble.make(path);
        }
      }
    }
    oracle = new Oracle(ensemble, locks, trace);
    for (int i = 0; i < plan.machines; i++) {
      users.add(null);
    }
  }

  /** Opens a node on a machine that has none. */
  User open(int machine) {
    String name = "node " + machine + (char) ('a' + opened++ % 26);
    NodeConfig config =
        new NodeConfig(
            ROOT,
            LOCKSPACE,
            plan.tickNanos,
            plan.idleNanos,
            plan.maxCachedGrants,
            MAX_SESSION_BYTES);
    NodeClock clock =
        new NodeClock(
            ensemble::nowNanos,
            random.nextLong(1L << 40),
            random.nextInt(2 * plan.driftPpm + 1) - plan.driftPpm);
    trace(() -> name + " opens");
    SimNode node =
        new SimNode(
            ensemble,
            machine,
            name,
            config,
            clock,
            plan.sessionTimeoutNanos,
            plan.owned,
            random::nextLong);
    User user = new User(this, node);
    users.set(machine, user);
    return user;
  }

  /** The node of a machine is gone. */
  void gone(User user) {
    user.forget();
    users.set(user.node.number, null);
  }

  long nextWrite() {
    return ++writes;
  }

  boolean isSettling() {
    return settling;
  }

  void settle() {
    settling = true;
  }

  void trace(Supplier<String> line) {
    trace.add(ensemble::nowNanos, line);
  }

  // What goes wrong where nobody would hear of it is kept for the driver.

  void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      if (failure == null) {
        failure = e;
      }
    }
  }

  <T extends @Nullable Object> void whenComplete(
      CompletableFuture<T> future, BiConsumer<? super T, ? super @Nullable Throwable> then) {
    var unused = future.whenComplete((value, error) -> guard(() -> then.accept(value, error)));
  }

  /** After every event. */
  void check() {
    if (failure != null) {
      throw failure;
    }
    oracle.check();
  }
}
