package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import org.jetbrains.lincheck.datastructures.Validate;

/** What threads do with a {@link HoldWord}, for Lincheck. */
public class HoldWordOperations {
  final HoldWord word;

  HoldWordOperations(boolean semaphore) {
    word = new HoldWord(semaphore);
    word.open(true);
  }

  /** Threads of the node share the grant. */
  public static final class Sharing extends HoldWordOperations {
    public Sharing() {
      super(false);
    }
  }

  /** The semaphore: threads of the node exclude each other. */
  public static final class Excluding extends HoldWordOperations {
    public Excluding() {
      super(true);
    }
  }

  /** A shared acquire on the fast path, as callers do it. */
  boolean tryShare() {
    if (!word.tryEnterShared()) {
      return false;
    }
    if (!word.isOpen()) {
      long unused = word.exit(LockMode.SHARED);
      return false;
    }
    return true;
  }

  public boolean tryEnter(LockMode mode) {
    if (mode == LockMode.EXCLUSIVE) {
      return word.tryEnterExclusive();
    }
    return word.isSemaphore() ? word.tryEnterShared() : tryShare();
  }

  public String exit(LockMode mode) {
    long left = word.exit(mode);
    return (HoldWord.isSlow(left) ? "slow" : "fast") + (HoldWord.isLost(left) ? " lost" : "");
  }

  public void open(boolean writable) {
    word.open(writable);
  }

  public void close() {
    word.close();
  }

  public boolean enter(LockMode mode) {
    return word.enter(mode);
  }

  public void convert(LockMode from) {
    word.convert(from);
  }

  public void markLost() {
    word.markLost();
  }

  public void clearLost() {
    word.clearLost();
  }

  public void fail() {
    word.fail();
  }

  public void spread() {
    word.spread();
  }

  public String state() {
    return word.toString();
  }

  /**
   * Readers whose holds are counted in several places, and an event loop that wants the grant. The
   * sum of the counts is not linearizable, and need not be; what has to hold is that nobody has a
   * hold, or gets one, once the event loop has closed the word and counted none, and that it hears
   * of the last one if it has counted any.
   */
  public static final class Spreading extends HoldWordOperations {
    private volatile boolean givenUp;
    private volatile boolean wanted;
    private volatile boolean heard;

    public Spreading() {
      super(false);
      word.spread();
    }

    /** An acquire. */
    public String tryEnter() {
      if (!tryShare()) {
        heard = true; // whoever does not get in goes to the event loop
        return "no";
      }
      return givenUp ? "yes, of nothing" : "yes";
    }

    /** An unlock. That the event loop is told once too often is no harm. */
    public String exit() {
      if (givenUp) {
        return "given up under it";
      }
      long left = word.exit(LockMode.SHARED);
      heard |= HoldWord.isSlow(left);
      return HoldWord.isLost(left) ? "lost" : "not lost";
    }

    /** A recall: the grant is given up if nobody has a hold. */
    public void giveUp() {
      heard = false;
      word.close();
      givenUp |= word.sharedHolds() == 0;
      wanted = !givenUp;
    }

    /** The event loop looks again. */
    public void advance() {
      word.close();
      if (word.isLost() && !word.isHeld()) {
        word.clearLost();
      }
    }

    /** At the end. */
    @Validate
    public void lastHoldWasHeardOf() {
      if (wanted && !heard && word.sharedHolds() == 0) {
        throw new IllegalStateException("the event loop waits for a hold that is gone");
      }
    }
  }
}
