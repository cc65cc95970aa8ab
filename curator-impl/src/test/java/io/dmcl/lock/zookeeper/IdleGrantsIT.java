package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Cached grants that are not used are given back; held ones never are. */
@Timeout(120)
class IdleGrantsIT {
  private static Ensemble ensemble;
  private static Lockspace other;

  @SuppressWarnings("NullAway.Init") // by each test
  private Lockspace node;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startQuick();
    other = connect().open();
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    other.close();
    ensemble.close();
  }

  @AfterEach
  void close() {
    node.close();
  }

  private static ZooKeeperLockspace connect() {
    return ZooKeeperLockspace.connect(ensemble.connectString())
        .sessionTimeout(Duration.ofSeconds(30))
        .tick(Ensemble.QUICK_TICK);
  }

  private ClusterLock cached(String name, LockMode mode) throws Exception {
    ClusterLock lock = node.allocate(name, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);
    release(acquire(lock, mode));
    return lock;
  }

  private static boolean isInQueue(ClusterLock lock) throws InterruptedException {
    return other.dump().locks().stream()
        .anyMatch(entry -> entry.name().equals(lock.name()) && !entry.queue().isEmpty());
  }

  @Test
  void cached_notUsedForTheIdleTime_isGivenBackAndForgetsNothing() throws Exception {
    node = connect().idleTime(Duration.ofMillis(1)).open();
    ClusterLock reads = cached("idle-reads", SHARED);
    ClusterLock writes = cached("idle-writes", EXCLUSIVE);
    Hold held = acquire(node.allocate("idle-held", LockProperty.CACHE_WR_LK), EXCLUSIVE);
    assertThat(isInQueue(held.lock())).isTrue();

    eventually("the read grant is given back", () -> !isInQueue(reads));
    eventually("the write grant is given back", () -> !isInQueue(writes));

    held.ensureHeld();
    assertThat(isInQueue(held.lock())).isTrue();
    release(held);
    for (ClusterLock lock : new ClusterLock[] {reads, writes}) {
      Hold again = acquire(lock, EXCLUSIVE);
      assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
      release(again);
    }
  }

  @Test
  void cached_moreThanTheMaximum_idleOnesAreGivenBackAndHeldOnesStay() throws Exception {
    node = connect().maxCachedGrants(1).open();
    Hold held = acquire(node.allocate("max-held", LockProperty.CACHE_WR_LK), EXCLUSIVE);
    ClusterLock first = cached("max-first", EXCLUSIVE);
    ClusterLock second = cached("max-second", SHARED);

    eventually("one is given back", () -> isInQueue(first) != isInQueue(second));

    held.ensureHeld();
    release(held);
  }
}
