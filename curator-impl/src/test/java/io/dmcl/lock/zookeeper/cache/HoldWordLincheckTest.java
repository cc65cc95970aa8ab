package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The word of holds is linearizable: callers that acquire and unlock on the fast path, and the one
 * event loop that opens it, closes it on a recall and marks the end of a lease, see what they would
 * see one after the other (the word itself, in one thread, is the specification).
 *
 * <p>The system property {@code dmcl.lincheck.effort} multiplies the scenarios.
 */
class HoldWordLincheckTest {
  private static final int EFFORT = Integer.getInteger("dmcl.lincheck.effort", 1);
  private static final int THREADS = 3;

  /** A shared acquire on the fast path, as callers do it. */
  private static boolean tryShare(HoldWord word) {
    if (!word.tryEnterShared()) {
      return false;
    }
    if (!word.isSemaphore() && !word.isOpen()) {
      long unused = word.exit(LockMode.SHARED);
      return false;
    }
    return true;
  }

  /**
   * What the threads do. Each caller unlocks only what it has taken. Operations of the event loop
   * are those of one thread at a time.
   */
  @Param(name = "thread", gen = ThreadIdGen.class)
  public abstract static class Operations {
    final HoldWord word;
    private final int[][] taken = new int[THREADS + 2][LockMode.values().length];
    private final int[] takenByLoop = new int[LockMode.values().length];

    Operations(boolean semaphore) {
      word = new HoldWord(semaphore);
      word.open(true);
    }

    /** An acquire on the fast path. */
    @Operation
    public boolean tryEnter(@Param(name = "thread") int thread, LockMode mode) {
      boolean entered = mode == LockMode.SHARED ? tryShare(word) : word.tryEnterExclusive();
      if (entered) {
        taken[thread][mode.ordinal()]++;
      }
      return entered;
    }

    /** An unlock: whether the event loop is told, and whether the hold was lost. */
    @Operation
    public String exit(@Param(name = "thread") int thread, LockMode mode) {
      if (taken[thread][mode.ordinal()] == 0) {
        return "none";
      }
      taken[thread][mode.ordinal()]--;
      long left = word.exit(mode);
      return (HoldWord.isSlow(left) ? "slow" : "fast") + (HoldWord.isLost(left) ? " lost" : "");
    }

    /** The event loop lets the callers in. */
    @Operation(nonParallelGroup = "loop")
    public void open(boolean writable) {
      word.open(writable);
    }

    /** A recall closes it. */
    @Operation(nonParallelGroup = "loop")
    public void close() {
      word.close();
    }

    /** How many may write. */
    @Operation(nonParallelGroup = "loop")
    public int exclusiveHolds() {
      return word.exclusiveHolds();
    }

    /** The event loop gives a hold itself. */
    @Operation(nonParallelGroup = "loop")
    public boolean enter(LockMode mode) {
      takenByLoop[mode.ordinal()]++;
      return word.enter(mode);
    }

    /** It makes that a hold of the other mode. */
    @Operation(nonParallelGroup = "loop")
    public boolean convert(LockMode from) {
      if (takenByLoop[from.ordinal()] == 0) {
        return false;
      }
      takenByLoop[from.ordinal()]--;
      takenByLoop[1 - from.ordinal()]++;
      word.convert(from);
      return true;
    }

    /** The lease ends. */
    @Operation(nonParallelGroup = "loop")
    public void markLost() {
      word.markLost();
    }

    /** The last lost hold has been unlocked. */
    @Operation(nonParallelGroup = "loop")
    public void clearLost() {
      word.clearLost();
    }
  }

  /** Threads of the node share the grant. */
  public static final class Sharing extends Operations {
    public Sharing() {
      super(false);
    }
  }

  /** The semaphore: threads of the node exclude each other. */
  public static final class Excluding extends Operations {
    public Excluding() {
      super(true);
    }

    /** How many may read. */
    @Operation(nonParallelGroup = "loop")
    public int sharedHolds() {
      return word.sharedHolds();
    }
  }

  /**
   * Readers whose holds are counted in several places, from some moment on. The sum of the counts
   * is not linearizable, and need not be; what has to hold is that nobody has a hold, or gets one,
   * once the event loop has closed the word and counted none, and that it hears of the last one if
   * it has counted any.
   */
  @Param(name = "thread", gen = ThreadIdGen.class)
  public static final class Spreading {
    private final HoldWord word = new HoldWord(false);
    private final int[] taken = new int[THREADS + 2];
    private volatile boolean givenUp;
    private volatile boolean wanted;
    private volatile boolean heard;

    public Spreading() {
      word.open(false);
    }

    /** An acquire on the fast path. */
    @Operation
    public String tryEnter(@Param(name = "thread") int thread) {
      if (!tryShare(word)) {
        heard = true; // whoever does not get in goes to the event loop
        return "no";
      }
      taken[thread]++;
      return givenUp ? "yes, of nothing" : "yes";
    }

    /** An unlock: whether the event loop is told, and whether the hold was lost. */
    @Operation
    public String exit(@Param(name = "thread") int thread) {
      if (taken[thread] == 0) {
        return "none";
      }
      taken[thread]--;
      if (givenUp) {
        return "given up under it";
      }
      long left = word.exit(LockMode.SHARED);
      if (HoldWord.isSlow(left)) {
        heard = true;
      }
      return (HoldWord.isSlow(left) ? "slow" : "fast") + (HoldWord.isLost(left) ? " lost" : "");
    }

    /** Readers have met each other. */
    @Operation
    public void spread() {
      word.spread();
    }

    /** The event loop lets the callers in. */
    @Operation(nonParallelGroup = "loop")
    public void open() {
      givenUp = false;
      wanted = false;
      word.open(false);
    }

    /** A recall: the grant is given up if nobody has a hold. */
    @Operation(nonParallelGroup = "loop")
    public void giveUp() {
      heard = false;
      word.close();
      givenUp |= word.sharedHolds() == 0;
      wanted = !givenUp;
    }

    /** At the end. */
    @Validate
    public void lastHoldWasHeardOf() {
      if (wanted && !heard && word.sharedHolds() == 0) {
        throw new IllegalStateException("the event loop waits for a hold that is gone");
      }
    }

    /** The lease ends. */
    @Operation(nonParallelGroup = "loop")
    public void markLost() {
      word.markLost();
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {Sharing.class, Excluding.class, Spreading.class})
  void word_stressed_isLinearizable(Class<?> operations) {
    new StressOptions()
        .iterations(5 * EFFORT)
        .invocationsPerIteration(300)
        .threads(THREADS)
        .actorsPerThread(3)
        .actorsBefore(2)
        .actorsAfter(1)
        .minimizeFailedScenario(false)
        .check(operations);
  }

  @ParameterizedTest
  @ValueSource(classes = {Sharing.class, Excluding.class, Spreading.class})
  void word_modelChecked_isLinearizable(Class<?> operations) {
    new ModelCheckingOptions()
        .iterations(10 * EFFORT)
        .invocationsPerIteration(150)
        .threads(THREADS)
        .actorsPerThread(3)
        .actorsBefore(2)
        .actorsAfter(1)
        .minimizeFailedScenario(false)
        .check(operations);
  }
}
