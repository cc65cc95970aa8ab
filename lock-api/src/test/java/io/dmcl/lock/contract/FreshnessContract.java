package io.dmcl.lock.contract;

import static io.dmcl.lock.Freshness.MODIFIED;
import static io.dmcl.lock.Freshness.UNCHANGED;
import static io.dmcl.lock.Freshness.UNKNOWN;
import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an acquire tells of what other nodes did; deaths are in {@link DeathContract}. */
abstract class FreshnessContract extends ContractTests {
  FreshnessContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  /** Acquires, unlocks durably, and tells what was told. */
  private static Freshness touch(ClusterLock lock, LockMode wanted) throws Exception {
    Hold hold = acquire(lock, wanted);
    Freshness freshness = hold.freshness();
    release(hold);
    return freshness;
  }

  @ParameterizedTest
  @EnumSource(LockMode.class)
  void freshness_firstAcquire_isUnknown(LockMode wanted) throws Exception {
    assertThat(touch(locks(1).get(0), wanted)).isEqualTo(UNKNOWN);
  }

  @Test
  void freshness_firstAcquireAfterOthersModified_isUnknown() throws Exception {
    List<ClusterLock> locks = locks(2);
    modify(locks.get(0));
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(UNKNOWN);
  }

  @Test
  void freshness_nobodyElse_isUnchanged() throws Exception {
    ClusterLock lock = locks(1).get(0);
    touch(lock, SHARED);
    for (LockMode wanted : List.of(SHARED, EXCLUSIVE, EXCLUSIVE, SHARED, EXCLUSIVE, SHARED)) {
      assertThat(touch(lock, wanted)).as("acquired %s", wanted).isEqualTo(UNCHANGED);
    }
  }

  @Test
  void freshness_ownModification_isUnchanged() throws Exception {
    ClusterLock lock = locks(1).get(0);
    modify(lock);
    modify(lock);
    assertThat(touch(lock, SHARED)).isEqualTo(UNCHANGED);
  }

  @ParameterizedTest
  @EnumSource(LockMode.class)
  void freshness_otherHeldShared_isUnchanged(LockMode wanted) throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(0), SHARED);
    touch(locks.get(1), SHARED);
    assertThat(touch(locks.get(0), wanted)).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(1), wanted)).isEqualTo(wanted == SHARED ? UNCHANGED : MODIFIED);
  }

  @ParameterizedTest
  @EnumSource(LockMode.class)
  void freshness_otherHeldExclusive_isModifiedOnce(LockMode wanted) throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(0), SHARED);
    touch(locks.get(1), EXCLUSIVE);
    assertThat(touch(locks.get(0), wanted)).isEqualTo(MODIFIED);
    assertThat(touch(locks.get(0), wanted)).isEqualTo(UNCHANGED);
  }

  @Test
  void freshness_otherDowngraded_isModified() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(0), SHARED);
    Hold other = exclusive(locks.get(1));
    other.downgrade();
    assertThat(touch(locks.get(0), SHARED)).isEqualTo(MODIFIED);
    release(other);
    assertThat(touch(locks.get(0), SHARED)).isEqualTo(UNCHANGED);
  }

  @Test
  void freshness_twoNodesInTurn_eachIsToldOfTheOther() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(0), EXCLUSIVE);
    touch(locks.get(1), EXCLUSIVE);
    for (int round = 0; round < 3; round++) {
      assertThat(touch(locks.get(0), EXCLUSIVE)).isEqualTo(MODIFIED);
      assertThat(touch(locks.get(1), EXCLUSIVE)).isEqualTo(MODIFIED);
    }
  }

  @Test
  void freshness_threeNodes_eachIsToldByItsOwnMemory() throws Exception {
    List<ClusterLock> locks = locks(3);
    for (ClusterLock lock : locks) {
      touch(lock, SHARED);
    }
    touch(locks.get(0), EXCLUSIVE);
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(MODIFIED);
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(1), EXCLUSIVE)).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(2), SHARED)).isEqualTo(MODIFIED);
    assertThat(touch(locks.get(2), SHARED)).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(0), SHARED)).isEqualTo(MODIFIED);
    assertThat(touch(locks.get(0), EXCLUSIVE)).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(2), EXCLUSIVE)).isEqualTo(MODIFIED);
  }

  @Test
  void freshness_bareCalls_areToldTheSame() throws Exception {
    List<ClusterLock> locks = locks(2);
    assertThat(locks.get(0).readLock()).isEqualTo(UNKNOWN);
    locks.get(0).unlock();
    assertThat(locks.get(1).writeLock()).isEqualTo(UNKNOWN);
    locks.get(1).unlock();
    assertThat(locks.get(0).writeLock()).isEqualTo(MODIFIED);
    locks.get(0).unlock();
    assertThat(locks.get(0).readLock()).isEqualTo(UNCHANGED);
    locks.get(0).unlock();
  }

  // ---- it sticks

  @Test
  void freshness_secondHoldWhileFirstReloads_isToldToo() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(0), SHARED);
    modify(locks.get(1));
    Hold first = shared(locks.get(0));
    Hold second = shared(locks.get(0));
    assertThat(first.freshness()).isEqualTo(MODIFIED);
    assertThat(second.freshness()).isEqualTo(MODIFIED);
    first.unlock();
    Hold third = shared(locks.get(0));
    assertThat(third.freshness()).as("the first has reloaded").isEqualTo(UNCHANGED);
    assertThat(second.freshness()).as("what was told stays").isEqualTo(MODIFIED);
    second.unlock();
    third.unlock();
    assertThat(touch(locks.get(0), SHARED)).isEqualTo(UNCHANGED);
  }

  @Test
  void freshness_secondExclusiveHoldWhileFirstReloads_isToldToo() throws Exception {
    List<ClusterLock> locks = locks(2, freshName(), mode.options(false));
    Hold first = exclusive(locks.get(0));
    Hold second = exclusive(locks.get(0));
    assertThat(List.of(first.freshness(), second.freshness())).containsOnly(UNKNOWN);
    first.unlock();
    second.unlock();
    modify(locks.get(1));
    first = exclusive(locks.get(0));
    second = shared(locks.get(0));
    assertThat(List.of(first.freshness(), second.freshness())).containsOnly(MODIFIED);
    first.unlock();
    second.unlock();
    assertThat(touch(locks.get(0), EXCLUSIVE)).isEqualTo(UNCHANGED);
  }

  @Test
  void freshness_unlockOfHoldThatWasNotTold_doesNotCountAsReload() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(0), SHARED);
    Hold before = shared(locks.get(0));
    assertThat(before.freshness()).isEqualTo(UNCHANGED);
    locks.get(0).forget();
    Hold told = shared(locks.get(0));
    assertThat(told.freshness()).isEqualTo(UNKNOWN);
    before.unlock();
    Hold alsoTold = shared(locks.get(0));
    assertThat(alsoTold.freshness()).isEqualTo(UNKNOWN);
    told.unlock();
    alsoTold.unlock();
    assertThat(touch(locks.get(0), SHARED)).isEqualTo(UNCHANGED);
  }

  // ---- those who gave up

  @ParameterizedTest
  @EnumSource(LockMode.class)
  void freshness_waiterThatGaveUp_isNoModification(LockMode held) throws Exception {
    List<ClusterLock> locks = locks(3);
    touch(locks.get(2), SHARED);
    touch(locks.get(0), SHARED);
    Hold hold = acquire(locks.get(0), held);
    assertThat(locks.get(1).tryAcquire(EXCLUSIVE, Duration.ofMillis(1))).isNull();
    CompletableFuture<Hold> other = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitWaiting(locks.get(0).name(), 1);
    other.cancel(false);
    release(hold);
    assertThat(touch(locks.get(0), SHARED)).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(2), SHARED)).isEqualTo(held == SHARED ? UNCHANGED : MODIFIED);
  }

  @Test
  void freshness_callerThatGaveUpAsTheGrantCame_losesNoNews() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(1), SHARED);
    for (int round = 0; round < 20; round++) {
      Hold other = exclusive(locks.get(0));
      CompletableFuture<Hold> waiter = locks.get(1).acquireAsync(SHARED);
      CompletableFuture<Void> unlocked = unlockWhile(locks.get(1), waiter, other, round % 2 == 0);
      if (waiter.cancel(false)) {
        get(unlocked);
        assertThat(touch(locks.get(1), SHARED)).as("round %d", round).isEqualTo(MODIFIED);
      } else {
        Hold hold = get(waiter);
        get(unlocked);
        assertThat(hold.freshness()).isEqualTo(MODIFIED);
        release(hold);
      }
      assertThat(touch(locks.get(1), SHARED)).isEqualTo(UNCHANGED);
    }
  }

  @Test
  void freshness_exclusiveCallerThatGaveUpAsTheGrantCame_isNoModification() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(0), SHARED);
    touch(locks.get(1), SHARED);
    for (int round = 0; round < 20; round++) {
      Hold reader = shared(locks.get(0));
      CompletableFuture<Hold> writer = locks.get(1).acquireAsync(EXCLUSIVE);
      CompletableFuture<Void> unlocked = unlockWhile(locks.get(1), writer, reader, round % 2 == 0);
      boolean cancelled = writer.cancel(false);
      if (!cancelled) {
        get(writer).unlock();
      }
      get(unlocked);
      assertThat(touch(locks.get(0), SHARED))
          .as("round %d, cancelled %s", round, cancelled)
          .isEqualTo(cancelled ? UNCHANGED : MODIFIED);
    }
  }

  /**
   * Unlocks on another thread; with {@code close} it returns in the moment between the grant to the
   * waiter's node and the end of the waiter's future, if that can be hit.
   */
  private static CompletableFuture<Void> unlockWhile(
      ClusterLock waiting, CompletableFuture<Hold> waiter, Hold hold, boolean close) {
    long grants = waiting.stats().grants();
    CompletableFuture<Void> unlocked = CompletableFuture.runAsync(hold::unlock);
    while (close && !waiter.isDone() && waiting.stats().grants() == grants) {
      Thread.onSpinWait();
    }
    return unlocked;
  }

  // ---- forget, monitor, purge

  @ParameterizedTest
  @EnumSource(LockMode.class)
  void forget_idle_nextIsUnknown(LockMode wanted) throws Exception {
    ClusterLock lock = locks(1).get(0);
    touch(lock, wanted);
    lock.forget();
    assertThat(touch(lock, wanted)).isEqualTo(UNKNOWN);
    assertThat(touch(lock, wanted)).isEqualTo(UNCHANGED);
  }

  @Test
  void free_andAllocateAgain_nextIsUnknown() throws Exception {
    var name = freshName();
    ClusterLock lock = node(0).allocate(name, mode.options());
    touch(lock, EXCLUSIVE);
    lock.free();
    assertThat(touch(lock(node(0), name), SHARED)).isEqualTo(UNKNOWN);
  }

  @Test
  void monitor_neverHeld_remembersTheVersion() throws Exception {
    List<ClusterLock> locks = locks(2);
    modify(locks.get(0));
    assertThat(locks.get(1).monitor()).isEqualTo(UNKNOWN);
    assertThat(get(locks.get(1).monitorAsync())).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(UNCHANGED);
  }

  @Test
  void monitor_thenModified_nextIsModified() throws Exception {
    List<ClusterLock> locks = locks(2);
    modify(locks.get(0));
    locks.get(1).monitor();
    modify(locks.get(0));
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(MODIFIED);
  }

  @Test
  void monitor_lockThatDoesNotExistYet_tellsWhatComesThen() throws Exception {
    List<ClusterLock> locks = locks(2);
    assertThat(locks.get(1).monitor()).isEqualTo(UNKNOWN);
    modify(locks.get(0));
    assertThat(touch(locks.get(1), SHARED).mustReload()).isTrue();
  }

  @Test
  void monitor_modifiedSince_tellsSoOnce() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(1), SHARED);
    modify(locks.get(0));
    assertThat(locks.get(1).monitor()).isEqualTo(MODIFIED);
    assertThat(locks.get(1).monitor()).isEqualTo(UNCHANGED);
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(UNCHANGED);
  }

  @Test
  void monitor_whileHeld_doesNotSwallowTheNews() throws Exception {
    List<ClusterLock> locks = locks(2);
    touch(locks.get(1), SHARED);
    modify(locks.get(0));
    Hold first = shared(locks.get(1));
    locks.get(1).monitor();
    Hold second = shared(locks.get(1));
    assertThat(second.freshness()).isEqualTo(MODIFIED);
    first.unlock();
    second.unlock();
  }

  @Test
  void monitor_forgotten_isUnknown() throws Exception {
    ClusterLock lock = locks(1).get(0);
    lock.monitor();
    lock.forget();
    assertThat(touch(lock, SHARED)).isEqualTo(UNKNOWN);
  }

  @Test
  void monitorListener_modifiedElsewhere_isTold() throws Exception {
    var name = freshName();
    BlockingQueue<Long> told = new LinkedBlockingQueue<>();
    ClusterLock watching =
        lock(
            node(0),
            name,
            mode.options().withMonitorListener((lock, version) -> told.add(version)));
    ClusterLock other = lock(node(1), name);
    Hold own = exclusive(watching);
    long ownVersion = own.version();
    release(own);
    Hold hold = exclusive(other);
    long versionBefore = hold.version();
    assertThat(versionBefore).isGreaterThan(ownVersion);
    release(hold);
    get(other.drop());
    Long version = told.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(version).as("own modifications are not told").isGreaterThan(versionBefore);
    Hold after = shared(watching);
    assertThat(after.version()).isEqualTo(version);
    assertThat(after.freshness()).isEqualTo(MODIFIED);
    release(after);
    modify(other);
    Long next = told.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(next).isGreaterThan(version);
  }

  @Test
  void monitorListener_neverHeldButMonitored_isTold() throws Exception {
    var name = freshName();
    BlockingQueue<Long> told = new LinkedBlockingQueue<>();
    ClusterLock watching =
        lock(
            node(0),
            name,
            mode.options().withMonitorListener((lock, version) -> told.add(version)));
    watching.monitor();
    modify(lock(node(1), name));
    assertThat(told.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isNotNull();
  }

  @Test
  void monitorListener_sessionLostSince_isTold() throws Exception {
    ClusterLock other = lock(node(0), freshName());
    BlockingQueue<Long> told = new LinkedBlockingQueue<>();
    Lockspace node = cluster.extraNode();
    ClusterLock watching =
        node.allocate(
            other.name(), mode.options().withMonitorListener((lock, version) -> told.add(version)));
    release(shared(watching));
    get(watching.drop());
    cluster.loseSession(node);
    modify(other);
    assertThat(told.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isNotNull();
    watching.free();
  }

  @Test
  void monitorListener_purgedSince_isTold() throws Exception {
    var name = freshName();
    BlockingQueue<Long> told = new LinkedBlockingQueue<>();
    ClusterLock watching =
        lock(
            node(0),
            name,
            mode.options().withMonitorListener((lock, version) -> told.add(version)));
    modify(watching);
    get(watching.drop());
    ClusterLock other = lock(node(1), name);
    eventually("purged", () -> node(1).purge(name));
    modify(other);
    get(other.drop());
    Hold hold = shared(other);
    long version = hold.version();
    release(hold);
    Long last;
    do { // it may be told of the purge, too
      last = told.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(last).as("told of version " + version).isNotNull();
    } while (last != version);
  }

  @Test
  void purge_andMadeAgain_isUnknown() throws Exception {
    List<ClusterLock> locks = locks(3);
    for (ClusterLock lock : locks) {
      modify(lock);
    }
    purge(locks.get(0));
    assertThat(touch(locks.get(0), SHARED)).isEqualTo(UNKNOWN);
    assertThat(touch(locks.get(1), EXCLUSIVE)).isEqualTo(UNKNOWN);
    assertThat(touch(locks.get(2), EXCLUSIVE)).isEqualTo(UNKNOWN);
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(MODIFIED);
    assertThat(touch(locks.get(2), SHARED)).isEqualTo(UNCHANGED);
  }

  @Test
  void purge_andModifiedAsOftenAsBefore_isUnknown() throws Exception {
    List<ClusterLock> locks = locks(2);
    modify(locks.get(0));
    touch(locks.get(1), SHARED);
    get(locks.get(1).drop());
    purge(locks.get(0));
    modify(locks.get(0));
    assertThat(touch(locks.get(1), SHARED)).isEqualTo(UNKNOWN);
  }

  private void purge(ClusterLock lock) {
    eventually("purged", () -> node(0).purge(lock.name()));
  }
}
