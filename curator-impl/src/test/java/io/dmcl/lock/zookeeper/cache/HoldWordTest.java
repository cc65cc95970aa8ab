package io.dmcl.lock.zookeeper.cache;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The holds of a handle, counted in one place and, for many readers, in several. */
@Timeout(60)
class HoldWordTest {
  private static final int READERS = 4;
  private static final int CLOSINGS = 500;
  private static final int READS = 2_000;
  private static final int LOOKS = 10_000;

  private final HoldWord word = new HoldWord(false);

  private void enterShared() {
    assertThat(word.tryEnterShared()).isTrue();
  }

  @Test
  void exit_ofHoldsFromBeforeAndAfterTheSpread_leavesNone() {
    word.open(true);
    enterShared();
    word.spread();
    enterShared();
    assertThat(word.enter(SHARED)).isTrue();
    assertThat(word.sharedHolds()).isEqualTo(3);

    for (int left = 2; left >= 0; left--) {
      assertThat(HoldWord.isSlow(word.exit(SHARED))).isFalse();
      assertThat(word.sharedHolds()).isEqualTo(left);
    }
    assertThatThrownBy(() -> word.exit(SHARED)).isInstanceOf(IllegalMonitorStateException.class);
    assertThat(word.hits()).as("the event loop's own is none").isEqualTo(2);
  }

  @Test
  void exit_ofASpreadHoldByAnotherThread_findsIt() throws Exception {
    word.open(false);
    word.spread();
    for (int i = 0; i < READERS; i++) {
      enterShared();
    }
    for (int i = 0; i < READERS; i++) {
      assertThat(CompletableFuture.supplyAsync(() -> word.exit(SHARED)).get()).isNotNegative();
    }
    assertThat(word.isHeld()).isFalse();
  }

  @Test
  void exit_ofASpreadHoldThatWasLost_saysSo() {
    word.open(false);
    word.spread();
    enterShared();
    word.markLost();
    assertThat(HoldWord.isLost(word.exit(SHARED))).isTrue();
  }

  /** Who finds no hold has to be sure that it has not been where he did not look any more. */
  @Test
  void isEmpty_holdCameAndWentMeanwhile_isNotCertain() {
    ReadIndicator readers = new ReadIndicator();
    long[] before = readers.snapshot();
    assertThat(readers.isEmpty(before)).isTrue();
    assertThat(readers.tryEnter()).isTrue();
    assertThat(readers.tryExit()).isTrue();
    assertThat(readers.isEmpty(before)).isFalse();
    assertThat(readers.isEmpty(readers.snapshot())).isTrue();
  }

  @Test
  void convert_ofASpreadHold_countsItOnce() {
    word.open(true);
    word.spread();
    enterShared();
    word.close();
    word.convert(SHARED);
    assertThat(word).hasToString("S0 X1 slow");
    word.convert(EXCLUSIVE);
    assertThat(word).hasToString("S1 X0 slow");
    assertThat(HoldWord.isSlow(word.exit(SHARED))).isTrue();
  }

  @Test
  void tryEnterShared_whenOthersCollide_isNeverSpreadForASemaphore() throws Exception {
    HoldWord semaphore = new HoldWord(true);
    semaphore.open(true);
    List<CompletableFuture<Void>> readers = new ArrayList<>();
    for (int i = 0; i < READERS; i++) {
      readers.add(
          CompletableFuture.runAsync(
              () -> {
                for (int k = 0; k < READS; k++) {
                  assertThat(semaphore.tryEnterShared()).isTrue();
                  long unused = semaphore.exit(SHARED);
                }
              }));
    }
    for (CompletableFuture<Void> reader : readers) {
      reader.get();
    }
    assertThat(semaphore.tryEnterShared()).isTrue();
    assertThat(semaphore.tryEnterExclusive()).as("readers are counted in the word").isFalse();
  }

  /** What the event loop relies on: it closes, finds no hold, and there is none. */
  @Test
  void sharedHolds_noneOnceClosed_meansThatNobodyIsInside() throws Exception {
    AtomicInteger inside = new AtomicInteger();
    word.spread();
    word.open(false);
    List<Thread> readers = new ArrayList<>();
    List<Throwable> failures = new ArrayList<>();
    for (int i = 0; i < READERS; i++) {
      Thread reader = new Thread(() -> readUntilInterrupted(inside));
      reader.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
      readers.add(reader);
      reader.start();
    }
    for (int i = 0; i < CLOSINGS; i++) {
      word.close();
      while (word.sharedHolds() > 0) {
        Thread.onSpinWait();
      }
      for (int look = 0; look < LOOKS; look++) {
        if (inside.get() > 0) {
          throw new AssertionError("a reader is inside after closing " + i);
        }
      }
      word.open(false);
      Thread.yield();
    }
    for (Thread reader : readers) {
      reader.interrupt();
      reader.join(TimeUnit.SECONDS.toMillis(30));
    }
    assertThat(failures).isEmpty();
    assertThat(word.sharedHolds()).isZero();
  }

  private void readUntilInterrupted(AtomicInteger inside) {
    while (!Thread.currentThread().isInterrupted()) {
      if (!word.tryEnterShared()) {
        continue;
      }
      if (word.isOpen()) {
        inside.incrementAndGet();
        inside.decrementAndGet();
      }
      long unused = word.exit(SHARED);
    }
  }
}
