package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.curator.CuratorCoordinator;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import io.dmcl.lock.zookeeper.runtime.Nodes;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What acquire and unlock of a cached grant cost the caller, and whom they wait for. */
@Timeout(120)
class FastPathIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);
  private static final int ROUNDS = 100_000;
  private static final int MAX_HOLD_BYTES = 32;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static Ensemble ensemble;

  private CountingCoordinator coordinator;
  private Lockspace node;
  private ClusterLock lock;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startQuick();
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    ensemble.close();
  }

  @BeforeEach
  void open() throws Exception {
    coordinator =
        new CountingCoordinator(
            CuratorCoordinator.connectingTo(
                ensemble.connectString(), SESSION_TIMEOUT, System::nanoTime));
    NodeConfig config =
        new NodeConfig(
            "/dmcl", "fast", Duration.ofSeconds(2).toNanos(), 0, Integer.MAX_VALUE, 512 * 1024);
    node = Nodes.open(config, List.of(coordinator), Duration.ofSeconds(30).toNanos(), List.of());
    lock = node.allocate("fast", LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);
    release(acquire(lock, EXCLUSIVE));
    eventually("the fast path is open", () -> isHitWithoutNews(lock));
  }

  private static boolean isHitWithoutNews(ClusterLock lock) throws Exception {
    try (Hold hold = acquire(lock, EXCLUSIVE)) {
      return !hold.freshness().mustReload();
    }
  }

  @AfterEach
  void close() {
    node.close();
  }

  private interface Use {
    void once() throws Exception;
  }

  /** The bytes that this thread allocates for each use, in the steady state. */
  private static double bytesEach(Use use) throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      use.once();
    }
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < ROUNDS; i++) {
      use.once();
    }
    return (double) (THREADS.getCurrentThreadAllocatedBytes() - before) / ROUNDS;
  }

  @Test
  void writeLockAndUnlock_cached_allocateNothing() throws Exception {
    assertThat(
            bytesEach(
                () -> {
                  lock.writeLock();
                  lock.unlock();
                }))
        .isZero();
  }

  @Test
  void readLockAndUnlock_cached_allocateNothing() throws Exception {
    assertThat(
            bytesEach(
                () -> {
                  lock.readLock();
                  lock.unlock(SHARED);
                }))
        .isZero();
  }

  @ParameterizedTest
  @EnumSource
  void acquireAndUnlock_cached_allocateNoMoreThanTheHold(LockMode mode) throws Exception {
    assertThat(bytesEach(() -> lock.acquire(mode).unlock())).isLessThanOrEqualTo(MAX_HOLD_BYTES);
  }

  @ParameterizedTest
  @EnumSource
  void acquireAndUnlock_whileTheEventLoopIsStuckInAnotherLock_goOn(LockMode mode) throws Exception {
    ClusterLock other = node.allocate("other");
    CountDownLatch stuck = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    coordinator.beforeTransact(
        () -> {
          stuck.countDown();
          awaitQuietly(goOn);
        });
    CompletableFuture<Hold> another =
        CompletableFuture.supplyAsync(() -> other.acquireAsync(EXCLUSIVE))
            .thenCompose(future -> future);
    stuck.await();

    try {
      for (int i = 0; i < 1_000; i++) {
        lock.acquire(mode).unlock();
      }
      assertThat(another).isNotDone();
    } finally {
      goOn.countDown();
    }
    release(get(another));
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
