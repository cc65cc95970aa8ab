package io.dmcl.lock.contract;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.DemoteHook;
import io.dmcl.lock.Demotion;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump.LocalEntry;
import io.dmcl.lock.LockspaceDump.QueueEntry;
import io.dmcl.lock.LockspaceDump.Use;
import io.dmcl.lock.LockspaceListener;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Grants that are kept, and how they are given up. Run with both modes cached. */
abstract class CachingContract extends ContractTests {
  CachingContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  /** What a hook was told. */
  private record Told(LockMode from, @Nullable LockMode to, long token) {}

  private static final class RecordingHook implements DemoteHook {
    final BlockingQueue<Told> told = new LinkedBlockingQueue<>();

    @Override
    public void demote(Demotion demotion) {
      told.add(new Told(demotion.from(), demotion.to(), demotion.token()));
    }

    Told next() throws InterruptedException {
      Told next = told.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(next).as("the hook is called").isNotNull();
      return next;
    }
  }

  private static void awaitQuietly(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("not within " + PATIENCE);
    }
  }

  private static LocalEntry local(ClusterLock lock) throws InterruptedException {
    return Objects.requireNonNull(entry(lock.lockspace(), lock.name()).orElseThrow().local());
  }

  // ---- kept

  @Test
  void unlock_cached_keepsTheGrant() throws Exception {
    for (LockMode wanted : LockMode.values()) {
      ClusterLock lock = locks(1).get(0);
      Hold first = acquire(lock, wanted);
      first.unlock();
      assertThat(local(lock).granted()).isEqualTo(wanted);
      assertThat(local(lock).cached()).isTrue();
      assertThat(queue(node(0), lock.name()))
          .extracting(QueueEntry::use)
          .containsExactly(Use.CACHED);
      Hold second = acquire(lock, wanted);
      assertThat(second.token()).isEqualTo(first.token());
      second.unlock();
      awaitQueue(lock.name(), 1);
    }
  }

  @Test
  void unlock_onlyReadsCached_givesTheWriteGrantBack() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), LockOptions.of(LockProperty.CACHE_RD_LK));
    release(exclusive(lock));
    eventually("no exclusive grant is left", () -> local(lock).granted() != EXCLUSIVE);
    shared(lock).unlock();
    assertThat(local(lock).granted()).isEqualTo(SHARED);
  }

  @Test
  void unlock_onlyWritesCached_givesTheReadGrantBack() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), LockOptions.of(LockProperty.CACHE_WR_LK));
    release(shared(lock));
    awaitQueue(lock.name(), 0);
    exclusive(lock).unlock();
    assertThat(local(lock).granted()).isEqualTo(EXCLUSIVE);
  }

  @Test
  void unlock_notCached_givesTheGrantBack() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), LockOptions.of());
    for (LockMode wanted : LockMode.values()) {
      release(acquire(lock, wanted));
      awaitQueue(lock.name(), 0);
    }
  }

  @Test
  void acquire_sharedUnderCachedExclusive_isAHit() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold writer = exclusive(lock);
    writer.unlock();
    Hold reader = shared(lock);
    assertThat(reader.mode()).isEqualTo(SHARED);
    assertThat(reader.token()).isEqualTo(writer.token());
    reader.unlock();
    assertThat(lock.stats().grants()).isEqualTo(1);
  }

  @Test
  void stats_countHitsMissesAndRecalls() throws Exception {
    var locks = locks(2);
    ClusterLock lock = locks.get(0);
    assertThat(lock.stats()).isEqualTo(LockStats.NONE);
    exclusive(lock).unlock();
    exclusive(lock).unlock();
    shared(lock).unlock();
    LockStats kept = lock.stats();
    assertThat(kept.hits()).isEqualTo(2);
    assertThat(kept.misses()).isEqualTo(1);
    assertThat(kept.grants()).isEqualTo(1);
    assertThat(kept.recalls()).isZero();
    exclusive(locks.get(1)).unlock();
    eventually("the recall is counted", () -> lock.stats().recalls() == 1);
    get(locks.get(1).drop());
    Hold again = shared(lock);
    again.unlock();
    LockStats after = lock.stats();
    assertThat(after.misses()).isEqualTo(2);
    assertThat(after.grants()).isEqualTo(2);
    assertThat(after.reloadsAvoided()).isZero();
    assertThat(after.waitNanos()).isPositive();
    assertThat(after.grantNanos()).isPositive();
    assertThat(local(lock).stats()).isEqualTo(after);
  }

  @Test
  void stats_unchangedGrant_isAReloadAvoided() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), LockOptions.of());
    release(shared(lock));
    release(shared(lock));
    assertThat(lock.stats().reloadsAvoided()).isEqualTo(1);
    assertThat(lock.stats().hits()).isZero();
    assertThat(lock.stats().misses()).isEqualTo(2);
  }

  @Test
  void stats_ofTheLockspace_includeFreedHandles() throws Exception {
    LockStats before = node(0).stats();
    ClusterLock lock = node(0).allocate(freshName(), mode.options());
    exclusive(lock).unlock();
    exclusive(lock).unlock();
    lock.free();
    LockStats after = node(0).stats();
    assertThat(after.hits() - before.hits()).isEqualTo(1);
    assertThat(after.misses() - before.misses()).isEqualTo(1);
    assertThat(after.grants() - before.grants()).isEqualTo(1);
  }

  // ---- given up

  @Test
  void drop_cached_givesTheGrantBack() throws Exception {
    ClusterLock lock = locks(1).get(0);
    exclusive(lock).unlock();
    get(lock.drop());
    awaitQueue(lock.name(), 0);
    get(lock.drop());
    Hold again = exclusive(lock);
    assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
    get(lock.drop());
    again.ensureHeld();
    again.unlock();
    assertThat(local(lock).granted()).as("it was held then").isEqualTo(EXCLUSIVE);
  }

  @Test
  void recall_byWriter_hookRunsAndSeesToNothing() throws Exception {
    for (LockMode cached : LockMode.values()) {
      LockName name = freshName();
      RecordingHook hook = new RecordingHook();
      ClusterLock lock = lock(node(0), name, mode.options().withDemoteHook(hook));
      ClusterLock other = lock(node(1), name);
      Hold hold = acquire(lock, cached);
      hold.unlock();
      exclusive(other).unlock();
      assertThat(hook.next()).isEqualTo(new Told(cached, null, hold.token()));
    }
  }

  @Test
  void recall_byReader_weakensToShared() throws Exception {
    LockName name = freshName();
    RecordingHook hook = new RecordingHook();
    ClusterLock lock = lock(node(0), name, mode.options().withDemoteHook(hook));
    ClusterLock other = lock(node(1), name);
    Hold writer = exclusive(lock);
    writer.setValue(new byte[] {42});
    writer.unlock();
    Hold reader = shared(other);
    assertThat(reader.value()).as("published with the demotion").containsExactly(42);
    assertThat(hook.next()).isEqualTo(new Told(EXCLUSIVE, SHARED, writer.token()));
    assertThat(local(lock).granted()).isEqualTo(SHARED);
    Hold own = shared(lock);
    assertThat(own.freshness()).isEqualTo(Freshness.UNCHANGED);
    assertThat(own.token()).isEqualTo(writer.token());
    own.unlock();
    reader.unlock();
    assertThat(lock.stats().grants()).isEqualTo(1);
    // Now a writer, which takes what is left.
    exclusive(other).unlock();
    assertThat(hook.next()).isEqualTo(new Told(SHARED, null, writer.token()));
  }

  @Test
  void recall_byReaderWhileHeldShared_doesNotWaitForTheHold() throws Exception {
    LockName name = freshName();
    RecordingHook hook = new RecordingHook();
    ClusterLock lock = lock(node(0), name, mode.options().withDemoteHook(hook));
    Hold writer = exclusive(lock);
    writer.setValue(new byte[] {3});
    writer.unlock();
    Hold hold = shared(lock);
    Hold reader = shared(lock(node(1), name));
    assertThat(reader.value()).containsExactly(3);
    assertThat(hook.next()).isEqualTo(new Told(EXCLUSIVE, SHARED, writer.token()));
    hold.ensureHeld();
    hold.unlock();
    reader.unlock();
  }

  @Test
  void recall_hookRunning_nothingIsReleasedBeforeItReturns() throws Exception {
    LockName name = freshName();
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    ClusterLock lock =
        lock(
            node(0),
            name,
            mode.options()
                .withDemoteHook(
                    demotion -> {
                      started.countDown();
                      awaitQuietly(finish);
                      demotion.setValue(new byte[] {9});
                    }));
    ClusterLock other = lock(node(1), name);
    exclusive(lock).unlock();
    CompletableFuture<Hold> writer = other.acquireAsync(EXCLUSIVE);
    awaitQuietly(started);
    var demoting = entry(node(0), name).orElseThrow();
    assertThat(demoting.queue().get(0).mode()).isEqualTo(EXCLUSIVE);
    assertThat(Objects.requireNonNull(demoting.local()).demotingNanos()).isPositive();
    CompletableFuture<Hold> local = lock.acquireAsync(EXCLUSIVE);
    assertWaits(local);
    assertWaits(writer);
    finish.countDown();
    Hold hold = get(writer);
    assertThat(hold.value()).as("what the hook has set").containsExactly(9);
    hold.unlock();
    Hold own = get(local);
    assertThat(own.freshness()).isEqualTo(Freshness.MODIFIED);
    own.unlock();
    assertThat(local(lock).demotingNanos()).isZero();
  }

  @Test
  void recall_whileHeld_waitsForTheHold() throws Exception {
    LockName name = freshName();
    RecordingHook hook = new RecordingHook();
    ClusterLock lock = lock(node(0), name, mode.options().withDemoteHook(hook));
    ClusterLock other = lock(node(1), name);
    exclusive(lock).unlock();
    Hold hold = exclusive(lock);
    CompletableFuture<Hold> writer = other.acquireAsync(EXCLUSIVE);
    awaitQueue(name, 2);
    assertWaits(writer);
    assertThat(hook.told).isEmpty();
    hold.ensureHeld();
    hold.unlock();
    get(writer).unlock();
    assertThat(hook.next().from()).isEqualTo(EXCLUSIVE);
  }

  @Test
  void hook_demotion_givesWhatItPromises() throws Exception {
    LockName name = freshName();
    CompletableFuture<Object[]> seen = new CompletableFuture<>();
    ClusterLock lock =
        lock(
            node(0),
            name,
            mode.options()
                .withDemoteHook(
                    demotion -> {
                      if (demotion.from() != EXCLUSIVE) {
                        return;
                      }
                      byte[] before = demotion.value();
                      assertThatThrownBy(() -> demotion.setValue(new byte[1025]))
                          .isInstanceOf(IllegalArgumentException.class);
                      seen.complete(new Object[] {demotion.lock(), before});
                    }));
    Hold hold = exclusive(lock);
    hold.setValue(new byte[] {1});
    hold.unlock();
    exclusive(lock(node(1), name)).unlock();
    assertThat(get(seen)).containsExactly(lock, new byte[] {1});
  }

  @Test
  void hook_setValueUnderShared_isRefused() throws Exception {
    LockName name = freshName();
    CompletableFuture<Throwable> refused = new CompletableFuture<>();
    ClusterLock lock =
        lock(
            node(0),
            name,
            mode.options()
                .withDemoteHook(
                    demotion -> {
                      try {
                        demotion.setValue(new byte[1]);
                        refused.complete(new AssertionError("accepted"));
                      } catch (IllegalStateException e) {
                        refused.complete(e);
                      }
                    }));
    shared(lock).unlock();
    exclusive(lock(node(1), name)).unlock();
    assertThat(get(refused)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void hook_mayUseOtherLocks() throws Exception {
    LockName name = freshName();
    ClusterLock another = locks(1).get(0);
    ClusterLock lock =
        lock(node(0), name, mode.options().withDemoteHook(demotion -> exclusive(another).unlock()));
    exclusive(lock).unlock();
    exclusive(lock(node(1), name)).unlock();
    assertThat(another.stats().grants()).isEqualTo(1);
  }

  @Test
  void hook_throws_nextHolderIsToldThatTheOwnerDied() throws Exception {
    LockName name = freshName();
    RuntimeException failure = new RuntimeException("the hook could not write back");
    BlockingQueue<Throwable> reported = new LinkedBlockingQueue<>();
    Lockspace node = cluster.extraNode();
    node.addListener(
        new LockspaceListener() {
          @Override
          public void hookFailed(ClusterLock lock, Throwable cause) {
            reported.add(cause);
          }
        });
    ClusterLock lock =
        node.allocate(
            name,
            mode.options()
                .withDemoteHook(
                    demotion -> {
                      throw failure;
                    }));
    ClusterLock other = lock(node(1), name);
    shared(other).unlock();
    exclusive(lock).unlock();
    Hold next = exclusive(other);
    assertThat(next.freshness()).isEqualTo(Freshness.OWNER_DIED);
    assertThat(reported.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isSameAs(failure);
    next.markRecovered();
    release(next);
    get(other.drop());
    Hold own = shared(lock);
    assertThat(own.freshness()).isNotEqualTo(Freshness.UNCHANGED);
    assertThat(own.freshness()).isNotEqualTo(Freshness.OWNER_DIED);
    own.unlock();
  }

  @Test
  void dropFreeAndClose_cached_runTheHook() throws Exception {
    RecordingHook hook = new RecordingHook();
    LockOptions options = mode.options().withDemoteHook(hook);
    ClusterLock dropped = lock(node(0), freshName(), options);
    exclusive(dropped).unlock();
    get(dropped.drop());
    assertThat(hook.told).hasSize(1);
    assertThat(hook.next().to()).isNull();

    ClusterLock freed = node(0).allocate(freshName(), options);
    exclusive(freed).unlock();
    freed.free();
    assertThat(hook.told).hasSize(1);
    assertThat(hook.next().to()).isNull();

    Lockspace node = cluster.extraNode();
    ClusterLock closed = node.allocate(freshName(), options);
    Hold hold = exclusive(closed);
    hold.unlock();
    node.close();
    assertThat(hook.told).hasSize(1);
    assertThat(hook.next()).isEqualTo(new Told(EXCLUSIVE, null, hold.token()));
  }

  @Test
  void kill_exclusiveWaiter_cachedSharedGrantIsNotInterrupted() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold reader = shared(lock);
    Lockspace dying = cluster.extraNode();
    CompletableFuture<Hold> writer =
        dying.allocate(lock.name(), mode.options()).acquireAsync(EXCLUSIVE);
    awaitWaiting(lock.name(), 1);
    cluster.kill(dying);
    awaitQueue(lock.name(), 1);
    reader.ensureHeld();
    reader.unlock();
    assertThat(writer.isDone() && !writer.isCompletedExceptionally()).isFalse();
    Hold repairing = exclusive(lock);
    assertThat(repairing.freshness()).isEqualTo(Freshness.OWNER_DIED);
    repairing.markRecovered();
    release(repairing);
  }
}
