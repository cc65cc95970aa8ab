package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.zookeeper.runtime.NodeAccess;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a node does, and says of its sessions, as time passes. */
class NodeEventsTest {
  private static final long TICK_NANOS = 2_000_000_000L;
  private static final long TIMEOUT_NANOS = 6 * TICK_NANOS;
  private static final LockOptions CACHED =
      LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);

  private final QuietCluster cluster = new QuietCluster(TICK_NANOS, TIMEOUT_NANOS);
  private final List<String> told = new ArrayList<>();

  private SimNode openTold() {
    SimNode node = cluster.open();
    node.access
        .lockspace()
        .addListener(
            new LockspaceListener() {
              @Override
              public void sessionLost(Lockspace lockspace) {
                told.add("lost");
              }

              @Override
              public void sessionEstablished(Lockspace lockspace) {
                told.add("established");
              }
            });
    return node;
  }

  private Hold hold(SimNode node) {
    return hold(node.access.allocate(LockName.of(1), CACHED));
  }

  private Hold hold(ClusterLock lock) {
    CompletableFuture<Hold> hold = lock.acquireAsync(LockMode.EXCLUSIVE);
    cluster.calm();
    assertThat(hold).isCompleted();
    return hold.join();
  }

  // --- sessions

  @Test
  void sessionLost_leaseEndsAndThenTheSession_isToldOnce() {
    SimNode node = openTold();
    Hold hold = hold(node);
    node.pause();
    cluster.pass(2 * TIMEOUT_NANOS);
    node.resume();
    cluster.pass(TIMEOUT_NANOS);
    assertThat(hold.state()).isEqualTo(HoldState.LOST);
    assertThat(told).containsExactly("lost", "established");
  }

  @Test
  void sessionLost_leaseEndsAndTheSessionLivesOn_isEstablishedWithTheNextLease() {
    SimNode node = openTold();
    Hold hold = hold(node);
    node.pause();
    node.suspended(TIMEOUT_NANOS / 4); // more than the margin
    node.resume();
    cluster.pass(4 * TICK_NANOS);
    assertThat(hold.state()).isEqualTo(HoldState.LOST);
    assertThat(told).containsExactly("lost", "established");

    cluster.ensemble.expire(node.client);
    cluster.pass(4 * TICK_NANOS);
    assertThat(told).containsExactly("lost", "established", "lost", "established");
  }

  @Test
  void sessionLost_sessionExpires_isToldOnce() {
    SimNode node = openTold();
    cluster.ensemble.expire(node.client);
    cluster.pass(4 * TICK_NANOS);
    assertThat(told).containsExactly("lost", "established");
  }

  @Test
  void suspended_forLessThanTheMargin_isNoLoss() {
    SimNode node = openTold();
    Hold hold = hold(node);
    node.pause();
    node.suspended(TIMEOUT_NANOS / 25);
    node.resume();
    cluster.pass(4 * TICK_NANOS);
    assertThat(hold.state()).isEqualTo(HoldState.HELD);
    assertThat(told).isEmpty();
  }

  // --- the lease

  @Test
  void lease_sessionThatWeAskedFor_isThereAtOnceAndShorterThanTheSession() {
    SimNode node = cluster.begin(true);
    for (int i = 0; i < 100 && !node.access.hasLease(); i++) {
      cluster.step();
    }
    assertThat(node.access.leaseEndNanos() - cluster.ensemble.nowNanos())
        .isGreaterThan(TIMEOUT_NANOS * 9 / 10)
        .isLessThanOrEqualTo(TIMEOUT_NANOS - TIMEOUT_NANOS / 20);
  }

  @Test
  void acquire_sessionOfAForeignClient_waitsUntilItIsProvenToLive() {
    SimNode node = cluster.begin(false);
    CompletableFuture<Hold> hold =
        node.access.allocate(LockName.of(1), CACHED).acquireAsync(LockMode.EXCLUSIVE);
    cluster.pass(TICK_NANOS * 9 / 10);
    assertThat(hold).isNotDone();
    cluster.pass(TICK_NANOS);
    assertThat(hold).isCompleted();
  }

  /** A pause between the two must not let a caller in whose lease is over. */
  @Test
  void acquire_onTheFastPath_isCountedBeforeTheLeaseIsLookedAt() throws Exception {
    ClusterLock lock = cached(cluster.open(), 1);
    List<Integer> holds = new ArrayList<>();
    cluster.meanwhile = () -> holds.add(NodeAccess.local(lock).word().exclusiveHolds());
    Hold hold = lock.acquire(LockMode.EXCLUSIVE);
    cluster.meanwhile = () -> {};
    assertThat(holds).containsExactly(1);
    hold.unlock();
  }

  // --- durable

  @Test
  void unlockAsyncAndFree_releaseOnItsWay_completeWhenItIsDurable() {
    SimNode node = cluster.open();
    ClusterLock lock = node.access.allocate(LockName.of(1), LockOptions.of());
    CompletableFuture<Void> unlocked = hold(lock).unlockAsync();
    while (QuietCluster.run(node)) {
      assertThat(unlocked).isNotDone();
    }
    cluster.calm();
    assertThat(unlocked).isCompleted();

    hold(lock).unlock();
    CompletableFuture<Void> freed = lock.freeAsync();
    while (QuietCluster.run(node)) {
      assertThat(freed).isNotDone();
    }
    cluster.calm();
    assertThat(freed).isCompleted();
  }

  // --- idle grants

  private ClusterLock cached(SimNode node, int number) throws Exception {
    ClusterLock lock = node.access.allocate(LockName.of(number), CACHED);
    hold(lock).unlock();
    cluster.calm();
    return lock;
  }

  private static boolean isGranted(ClusterLock lock) {
    return NodeAccess.local(lock).fastGrant() != null;
  }

  @Test
  void cachedGrants_moreThanTheMaximum_leastRecentlyUsedGoFirst() throws Exception {
    SimNode node = cluster.open(0, 2);
    ClusterLock first = cached(node, 1);
    ClusterLock second = cached(node, 2);
    Hold again = first.acquire(LockMode.SHARED); // a hit: the event loop does not see it
    again.unlock();
    cluster.calm();
    assertThat(isGranted(first) && isGranted(second)).isTrue();

    ClusterLock third = cached(node, 3);

    assertThat(isGranted(second)).isFalse();
    assertThat(isGranted(first) && isGranted(third)).isTrue();
  }

  @Test
  void cachedGrants_idleForTheIdleTime_goAndUsedOnesStay() throws Exception {
    long idleNanos = 40 * TICK_NANOS;
    SimNode node = cluster.open(idleNanos, Integer.MAX_VALUE);
    ClusterLock idle = cached(node, 1);
    ClusterLock used = cached(node, 2);
    ClusterLock held = node.access.allocate(LockName.of(3), CACHED);
    Hold hold = hold(held);
    for (int i = 0; i < 3; i++) {
      assertThat(isGranted(idle)).isTrue();
      cluster.pass(2 * TICK_NANOS);
      used.acquire(LockMode.SHARED).unlock();
    }
    cluster.pass(idleNanos - 2 * TICK_NANOS);
    assertThat(isGranted(idle)).isFalse();
    assertThat(isGranted(used) && isGranted(held)).isTrue();
    cluster.pass(idleNanos);
    assertThat(isGranted(used)).isFalse();
    assertThat(isGranted(held)).isTrue();
    hold.ensureHeld();
  }
}
