package io.dmcl.lock.contract;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** EXCLUSIVE to SHARED and back. */
abstract class ConversionContract extends ContractTests {
  ConversionContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  @Test
  void downgrade_exclusive_letsReadersIn() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = exclusive(locks.get(0));
    CompletableFuture<Hold> reader = locks.get(1).acquireAsync(SHARED);
    awaitQueue(locks.get(0).name(), 2);
    assertWaits(reader);
    hold.downgrade();
    assertThat(hold.mode()).isEqualTo(SHARED);
    assertThat(hold.state()).isEqualTo(HoldState.HELD);
    Hold readerHold = get(reader);
    readerHold.unlock();
    hold.unlock();
  }

  @Test
  void downgrade_writerQueued_letsNobodyBetween() throws Exception {
    List<ClusterLock> locks = locks(3);
    Hold hold = exclusive(locks.get(0));
    CompletableFuture<Hold> writer = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitQueue(locks.get(0).name(), 2);
    CompletableFuture<Hold> reader = locks.get(2).acquireAsync(SHARED);
    awaitQueue(locks.get(0).name(), 3);
    hold.downgrade();
    hold.ensureHeld();
    eventually("downgraded", () -> queue(node(0), locks.get(0).name()).get(0).mode() == SHARED);
    assertWaits(writer);
    assertWaits(reader);
    hold.unlock();
    Hold writerHold = get(writer);
    assertWaits(reader);
    writerHold.unlock();
    get(reader).unlock();
  }

  @Test
  void downgrade_shared_doesNothing() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold other = shared(locks.get(1));
    Hold hold = shared(locks.get(0));
    long version = hold.version();
    hold.downgrade();
    assertThat(hold.mode()).isEqualTo(SHARED);
    release(hold);
    release(other);
    Hold again = shared(locks.get(1));
    assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
    assertThat(again.version()).isEqualTo(version);
    again.unlock();
  }

  @Test
  void downgrade_twice_unlockEndsTheSharedHold() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = exclusive(locks.get(0));
    hold.downgrade();
    hold.downgrade();
    hold.unlock();
    exclusive(locks.get(1)).unlock();
  }

  @Test
  void tryUpgrade_alone_isExclusive() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = shared(locks.get(0));
    assertThat(hold.tryUpgrade(PATIENCE)).isTrue();
    assertThat(hold.mode()).isEqualTo(EXCLUSIVE);
    assertThat(hold.tryUpgrade(Duration.ZERO)).as("it is already").isTrue();
    CompletableFuture<Hold> reader = locks.get(1).acquireAsync(SHARED);
    awaitWaiting(locks.get(0).name(), 1);
    awaitQueue(locks.get(0).name(), 2);
    assertWaits(reader);
    hold.unlock();
    get(reader).unlock();
  }

  @Test
  void tryUpgrade_alone_keepsFreshness() throws Exception {
    List<ClusterLock> locks = locks(2);
    release(shared(locks.get(0)));
    Hold hold = shared(locks.get(0));
    assertThat(hold.tryUpgrade(PATIENCE)).isTrue();
    assertThat(hold.freshness()).isEqualTo(Freshness.UNCHANGED);
    release(hold);
    Hold again = shared(locks.get(0));
    assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
    again.unlock();
  }

  @Test
  void tryUpgrade_released_isToldToOthersAsModified() throws Exception {
    List<ClusterLock> locks = locks(2);
    release(shared(locks.get(1)));
    Hold hold = shared(locks.get(0));
    assertThat(hold.tryUpgrade(PATIENCE)).isTrue();
    hold.unlock();
    Hold other = shared(locks.get(1));
    assertThat(other.freshness()).isEqualTo(Freshness.MODIFIED);
    other.unlock();
  }

  @Test
  void tryUpgrade_otherReaders_waitsForThem() throws Exception {
    List<ClusterLock> locks = locks(3);
    Hold hold = shared(locks.get(0));
    Hold reader = shared(locks.get(1));
    CompletableFuture<Boolean> upgraded = upgrade(hold, PATIENCE);
    awaitWaiting(locks.get(0).name(), 1);
    CompletableFuture<Hold> late = locks.get(2).acquireAsync(SHARED);
    awaitWaiting(locks.get(0).name(), 2);
    assertWaits(upgraded);
    reader.unlock();
    assertThat(get(upgraded)).isTrue();
    assertThat(hold.mode()).isEqualTo(EXCLUSIVE);
    assertWaits(late);
    hold.unlock();
    get(late).unlock();
  }

  @Test
  void tryUpgrade_tooLate_isSharedAsBefore() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = shared(locks.get(0));
    long token = hold.token();
    Hold reader = shared(locks.get(1));
    assertThat(hold.tryUpgrade(Duration.ofMillis(1))).isFalse();
    assertThat(hold.tryUpgrade(Duration.ZERO)).isFalse();
    assertThat(hold.mode()).isEqualTo(SHARED);
    assertThat(hold.token()).isEqualTo(token);
    hold.ensureHeld();
    awaitQueue(locks.get(0).name(), 2);
    awaitWaiting(locks.get(0).name(), 0);
    Hold second = shared(locks.get(1));
    second.unlock();
    reader.unlock();
    hold.unlock();
    Hold after = shared(locks.get(1));
    assertThat(after.freshness()).isEqualTo(Freshness.UNCHANGED);
    after.unlock();
  }

  @Test
  void tryUpgrade_interrupted_withdraws() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = shared(locks.get(0));
    Hold reader = shared(locks.get(1));
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                hold.tryUpgrade(PATIENCE);
                interrupted.complete(false);
              } catch (InterruptedException e) {
                interrupted.complete(true);
              }
            });
    thread.start();
    awaitWaiting(locks.get(0).name(), 1);
    thread.interrupt();
    assertThat(get(interrupted)).isTrue();
    awaitWaiting(locks.get(0).name(), 0);
    assertThat(hold.mode()).isEqualTo(SHARED);
    hold.ensureHeld();
    reader.unlock();
    hold.unlock();
  }

  @Test
  void tryUpgrade_writerAhead_givesUpAtOnce() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = shared(locks.get(0));
    CompletableFuture<Hold> writer = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitQueue(locks.get(0).name(), 2);
    // Waiting would be for ever; the timeout of the test tells.
    assertThat(hold.tryUpgrade(Duration.ofDays(1))).isFalse();
    assertThat(hold.mode()).isEqualTo(SHARED);
    hold.ensureHeld();
    assertWaits(writer);
    hold.unlock();
    get(writer).unlock();
  }

  @Test
  void tryUpgrade_twoNodes_atMostOneWinsAndNoneHangs() throws Exception {
    for (int round = 0; round < 5; round++) {
      List<ClusterLock> locks = locks(2);
      Hold first = shared(locks.get(0));
      Hold second = shared(locks.get(1));
      CompletableFuture<Boolean> firstResult = upgrade(first, Duration.ofDays(1));
      CompletableFuture<Boolean> secondResult = upgrade(second, Duration.ofDays(1));
      // Who loses still has SHARED, for which the other waits.
      Object loserResult = get(CompletableFuture.anyOf(firstResult, secondResult));
      assertThat(loserResult).isEqualTo(false);
      boolean firstLost = firstResult.isDone() && !firstResult.join();
      Hold loser = firstLost ? first : second;
      CompletableFuture<Boolean> otherResult = firstLost ? secondResult : firstResult;
      assertThat(loser.mode()).isEqualTo(SHARED);
      loser.unlock();
      get(otherResult);
      (firstLost ? second : first).unlock();
    }
  }

  @Test
  void tryUpgrade_twoHoldsOfOneNode_atMostOneWinsAndNoneHangs() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold other = shared(locks.get(1));
    Hold first = shared(locks.get(0));
    Hold second = shared(locks.get(0));
    CompletableFuture<Boolean> firstResult = upgrade(first, Duration.ofDays(1));
    awaitWaiting(locks.get(0).name(), 1);
    assertThat(second.tryUpgrade(Duration.ofDays(1))).isFalse();
    assertThat(second.mode()).isEqualTo(SHARED);
    second.unlock();
    other.unlock();
    assertThat(get(firstResult)).isTrue();
    first.unlock();
  }

  @Test
  void tryUpgrade_withSemaphore_waitsForLocalReaders() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), mode.options(true));
    Hold hold = shared(lock);
    Hold reader = shared(lock);
    assertThat(hold.tryUpgrade(Duration.ofMillis(1))).isFalse();
    CompletableFuture<Boolean> upgraded = upgrade(hold, PATIENCE);
    reader.unlock();
    assertThat(get(upgraded)).isTrue();
    hold.unlock();
  }

  @Test
  void tryUpgrade_afterDowngrade_isExclusiveAgain() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = exclusive(locks.get(0));
    for (int round = 0; round < 3; round++) {
      hold.downgrade();
      assertThat(hold.tryUpgrade(PATIENCE)).isTrue();
    }
    hold.unlock();
    exclusive(locks.get(1)).unlock();
  }

  private static CompletableFuture<Boolean> upgrade(Hold hold, Duration timeout) {
    CompletableFuture<Boolean> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(hold.tryUpgrade(timeout));
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return result;
  }
}
