package io.dmcl.lock.contract;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Acquire and unlock, by hold and by bare call, of threads and of nodes. */
abstract class HoldContract extends ContractTests {
  HoldContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  @Test
  void acquire_shared_isSharedByNodes() throws Exception {
    List<ClusterLock> locks = locks(3);
    Hold first = shared(locks.get(0));
    Hold second = shared(locks.get(1));
    Hold third = shared(locks.get(2));
    assertThat(List.of(first.state(), second.state(), third.state())).containsOnly(HoldState.HELD);
    first.unlock();
    second.unlock();
    third.unlock();
  }

  @Test
  void acquire_sharedAfterOwnExclusive_isSharedByNodes() throws Exception {
    List<ClusterLock> locks = locks(2);
    exclusive(locks.get(0)).unlock();
    Hold first = shared(locks.get(0));
    Hold second = shared(locks.get(1));
    first.ensureHeld();
    second.ensureHeld();
    first.unlock();
    second.unlock();
  }

  @Test
  void acquire_exclusiveWhileSharedElsewhere_waitsForUnlock() throws Exception {
    assertSecondWaitsForFirst(SHARED, EXCLUSIVE);
  }

  @Test
  void acquire_sharedWhileExclusiveElsewhere_waitsForUnlock() throws Exception {
    assertSecondWaitsForFirst(EXCLUSIVE, SHARED);
  }

  @Test
  void acquire_exclusiveWhileExclusiveElsewhere_waitsForUnlock() throws Exception {
    assertSecondWaitsForFirst(EXCLUSIVE, EXCLUSIVE);
  }

  private void assertSecondWaitsForFirst(LockMode firstMode, LockMode secondMode) throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold first = acquire(locks.get(0), firstMode);
    CompletableFuture<Hold> second = locks.get(1).acquireAsync(secondMode);
    awaitQueue(locks.get(0).name(), 2);
    assertWaits(second);
    first.unlock();
    Hold hold = get(second);
    assertThat(hold.mode()).isEqualTo(secondMode);
    assertThat(first.state()).isEqualTo(HoldState.RELEASED);
    hold.unlock();
  }

  @Test
  void acquire_againAfterUnlock_isGranted() throws Exception {
    ClusterLock lock = locks(1).get(0);
    for (LockMode wanted : List.of(SHARED, EXCLUSIVE, EXCLUSIVE, SHARED, SHARED, EXCLUSIVE)) {
      Hold hold = lock.acquire(wanted);
      assertThat(hold.lock()).isSameAs(lock);
      assertThat(hold.mode()).isEqualTo(wanted);
      hold.unlock();
    }
  }

  @Test
  void acquire_blocked_returnsWhenGranted() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold first = exclusive(locks.get(0));
    CompletableFuture<Hold> second = new CompletableFuture<>();
    Thread caller = start(() -> second.complete(locks.get(1).acquire(EXCLUSIVE)));
    awaitQueue(locks.get(0).name(), 2);
    first.unlock();
    get(second).unlock();
    caller.join();
  }

  @Test
  void tryAcquire_free_isGranted() throws Exception {
    ClusterLock lock = locks(1).get(0);
    for (LockMode wanted : LockMode.values()) {
      Hold hold = Objects.requireNonNull(lock.tryAcquire(wanted));
      release(hold);
    }
  }

  @Test
  void tryAcquire_heldElsewhere_isNullAndLeavesNothing() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold first = exclusive(locks.get(0));
    assertThat(locks.get(1).tryAcquire(SHARED)).isNull();
    assertThat(locks.get(1).tryAcquire(EXCLUSIVE)).isNull();
    awaitQueue(locks.get(0).name(), 1);
    first.unlock();
  }

  @Test
  void tryAcquire_tooLate_isNullAndLeavesNothing() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold first = exclusive(locks.get(0));
    assertThat(locks.get(1).tryAcquire(SHARED, Duration.ofMillis(1))).isNull();
    assertThat(locks.get(1).tryAcquire(EXCLUSIVE, Duration.ofMillis(20))).isNull();
    assertThat(locks.get(1).tryAcquire(EXCLUSIVE, Duration.ZERO)).isNull();
    assertThat(locks.get(1).tryAcquire(EXCLUSIVE, Duration.ofSeconds(-1))).isNull();
    awaitQueue(locks.get(0).name(), 1);
    first.unlock();
  }

  @Test
  void tryAcquire_endlessTimeout_isGranted() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold hold =
        Objects.requireNonNull(lock.tryAcquire(EXCLUSIVE, Duration.ofSeconds(Long.MAX_VALUE)));
    hold.unlock();
  }

  @Test
  void acquireAsync_dependents_mayBlockAndUseTheLock() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold first = exclusive(locks.get(0));
    CompletableFuture<Freshness> done =
        locks
            .get(1)
            .acquireAsync(EXCLUSIVE)
            .thenApply(
                hold -> {
                  hold.unlock();
                  try (Hold again = shared(locks.get(1))) {
                    return again.freshness();
                  } catch (InterruptedException e) {
                    throw new AssertionError(e);
                  }
                });
    first.unlock();
    assertThat(get(done)).isEqualTo(Freshness.UNCHANGED);
  }

  @Test
  void unlock_secondTime_isRefused() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold hold = exclusive(lock);
    hold.unlock();
    assertThatThrownBy(hold::unlock)
        .isInstanceOf(IllegalStateException.class)
        .isNotInstanceOf(IllegalMonitorStateException.class);
    Hold next = exclusive(lock);
    assertThatThrownBy(hold::unlock).isInstanceOf(IllegalStateException.class);
    assertThat(next.state()).isEqualTo(HoldState.HELD);
    next.unlock();
  }

  @Test
  void close_afterUnlock_doesNothing() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold hold = exclusive(lock);
    hold.unlock();
    Hold next = exclusive(lock);
    hold.close();
    hold.close();
    assertThat(next.state()).isEqualTo(HoldState.HELD);
    next.close();
    assertThat(next.state()).isEqualTo(HoldState.RELEASED);
  }

  @Test
  void unlock_byOtherThread_isAccepted() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = exclusive(locks.get(0));
    start(hold::unlock).join();
    exclusive(locks.get(1)).unlock();
    locks.get(0).writeLock();
    start(locks.get(0)::unlock).join();
    exclusive(locks.get(1)).unlock();
  }

  @Test
  void ensureHeld_held_returnsAndAfterUnlockIsRefused() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold hold = shared(lock);
    assertThatCode(hold::ensureHeld).doesNotThrowAnyException();
    assertThat(hold.leaseRemainingNanos()).isPositive();
    hold.unlock();
    assertThatThrownBy(hold::ensureHeld).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void usedAfterUnlock_isRefused() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold hold = exclusive(lock);
    hold.unlock();
    assertThatThrownBy(() -> hold.setValue(new byte[1])).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(hold::markRecovered).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(hold::downgrade).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> hold.tryUpgrade(PATIENCE)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  @SuppressWarnings("NullAway")
  void nullArguments_areRefusedAndNothingIsAskedFor() throws Exception {
    List<ClusterLock> locks = locks(2);
    ClusterLock lock = locks.get(0);
    LockMode none = null;
    for (int round = 0; round < 2; round++) { // the second time it may be cached
      List<ThrowingCallable> calls =
          List.of(
              () -> lock.acquire(none),
              () -> lock.tryAcquire(none),
              () -> lock.tryAcquire(none, PATIENCE),
              () -> lock.tryAcquire(EXCLUSIVE, null),
              () -> lock.acquireAsync(none),
              () -> lock.unlock(none),
              () -> node(0).acquireAll(Collections.singletonMap(lock, none)),
              () -> node(0).acquireAll(Collections.singletonMap(null, EXCLUSIVE)));
      for (ThrowingCallable call : calls) {
        assertThatThrownBy(call)
            .isInstanceOf(NullPointerException.class)
            .hasMessageContaining("must not be null");
      }
      Hold hold = exclusive(lock);
      assertThatThrownBy(() -> hold.setValue(null))
          .isInstanceOf(NullPointerException.class)
          .hasMessageContaining("must not be null");
      assertThatThrownBy(() -> hold.tryUpgrade(null))
          .isInstanceOf(NullPointerException.class)
          .hasMessageContaining("must not be null");
      release(hold);
    }
    exclusive(locks.get(1)).unlock();
  }

  // ---- the bare calls

  @Test
  void bareCalls_lockAndUnlock_excludeOtherNodes() throws Exception {
    List<ClusterLock> locks = locks(2);
    assertThat(locks.get(0).writeLock()).isEqualTo(Freshness.UNKNOWN);
    CompletableFuture<Hold> other = locks.get(1).acquireAsync(SHARED);
    awaitQueue(locks.get(0).name(), 2);
    assertWaits(other);
    locks.get(0).unlock();
    Hold reader = get(other);
    assertThat(locks.get(0).readLock()).isEqualTo(Freshness.UNCHANGED);
    locks.get(0).unlock(SHARED);
    reader.unlock();
  }

  @Test
  void unlock_withoutHold_isRefused() throws Exception {
    ClusterLock lock = locks(1).get(0);
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    lock.readLock();
    assertThatThrownBy(() -> lock.unlock(EXCLUSIVE))
        .isInstanceOf(IllegalMonitorStateException.class);
    lock.unlock();
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    assertThatThrownBy(() -> lock.unlock(SHARED)).isInstanceOf(IllegalMonitorStateException.class);
  }

  @Test
  void unlock_bothModesHeld_mustSayWhich() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), mode.options(false));
    lock.writeLock();
    lock.readLock();
    assertThatThrownBy(lock::unlock)
        .isInstanceOf(IllegalStateException.class)
        .isNotInstanceOf(IllegalMonitorStateException.class);
    lock.unlock(EXCLUSIVE);
    lock.unlock();
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
  }

  // ---- threads of one node

  @Test
  void acquire_withoutSemaphore_threadsShareTheGrant() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), mode.options(false));
    Hold first = exclusive(lock);
    Hold second = exclusive(lock);
    Hold third = shared(lock);
    awaitQueue(lock.name(), 1);
    first.unlock();
    second.unlock();
    third.unlock();
  }

  @Test
  void acquire_withoutSemaphore_lastUnlockReleases() throws Exception {
    List<ClusterLock> locks = locks(2, freshName(), mode.options(false));
    Hold first = exclusive(locks.get(0));
    Hold second = exclusive(locks.get(0));
    CompletableFuture<Hold> other = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitQueue(locks.get(0).name(), 2);
    first.unlock();
    assertWaits(other);
    second.unlock();
    get(other).unlock();
  }

  @Test
  void acquire_withSemaphore_writersExcludeEachOther() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), mode.options(true));
    Hold first = exclusive(lock);
    CompletableFuture<Hold> writer = lock.acquireAsync(EXCLUSIVE);
    CompletableFuture<Hold> reader = lock.acquireAsync(SHARED);
    awaitLocalWaiters(lock, 2);
    assertWaits(writer);
    assertWaits(reader);
    assertThat(lock.tryAcquire(EXCLUSIVE)).isNull();
    assertThat(lock.tryAcquire(SHARED)).isNull();
    first.unlock();
    get(writer).unlock();
    get(reader).unlock();
  }

  @Test
  void acquire_withSemaphore_readersGoTogetherAndExcludeWriters() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), mode.options(true));
    Hold first = shared(lock);
    Hold second = shared(lock);
    CompletableFuture<Hold> writer = lock.acquireAsync(EXCLUSIVE);
    awaitLocalWaiters(lock, 1);
    first.unlock();
    assertWaits(writer);
    second.unlock();
    get(writer).unlock();
  }

  @Test
  void acquire_withSemaphore_otherThreadMayUnlock() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), mode.options(true));
    lock.writeLock();
    CompletableFuture<Hold> next = lock.acquireAsync(EXCLUSIVE);
    start(lock::unlock).join();
    get(next).unlock();
  }

  @Test
  void acquire_strongerThanTheNodesGrant_waitsForItsHolds() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold reader = shared(lock);
    CompletableFuture<Hold> writer = lock.acquireAsync(EXCLUSIVE);
    awaitLocalWaiters(lock, 1);
    assertWaits(writer);
    reader.unlock();
    get(writer).unlock();
  }

  private static Thread start(Action action) {
    Thread thread =
        new Thread(
            () -> {
              try {
                action.run();
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private interface Action {
    void run() throws Exception;
  }
}
