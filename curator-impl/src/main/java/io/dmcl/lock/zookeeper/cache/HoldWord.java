package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The holds of one lock handle, in one atomic word, and whether callers may come and go without
 * asking anybody: the fast path.
 *
 * <p>The word has the number of shared and of exclusive holds and three flags:
 *
 * <ul>
 *   <li>SLOW: every acquire, and every unlock after it is done, has to go through the event loop.
 *       Set unless the node has a grant that it keeps, nobody waits for it here or elsewhere, and
 *       there is no news to be told.
 *   <li>WRITABLE: exclusive holds may take the fast path too.
 *   <li>LOST: the grant under the holds was lost. Unlocking says so.
 * </ul>
 *
 * <p><b>Who writes.</b> The flags are set and cleared by the event loop only. The counts go up by a
 * compare-and-set that has seen SLOW clear, or by the event loop; they go down from any thread. So
 * once the event loop has set SLOW, the counts only fall, and every unlock that finds SLOW set
 * tells the event loop: no wake-up is missed, because the unlock's decrement either comes before
 * the event loop's look at the counts, or sees SLOW.
 */
public final class HoldWord {
  private static final long SHARED_ONE = 1L;
  private static final int EXCLUSIVE_SHIFT = 20;
  private static final long EXCLUSIVE_ONE = 1L << EXCLUSIVE_SHIFT;
  private static final long COUNT_MASK = EXCLUSIVE_ONE - 1;
  private static final long SHARED_MASK = COUNT_MASK;
  private static final long EXCLUSIVE_MASK = COUNT_MASK << EXCLUSIVE_SHIFT;
  private static final long HOLDS_MASK = SHARED_MASK | EXCLUSIVE_MASK;
  private static final long SLOW = 1L << 40;
  private static final long WRITABLE = 1L << 41;
  private static final long LOST = 1L << 42;

  private static final VarHandle WORD;

  static {
    try {
      WORD = MethodHandles.lookup().findVarHandle(HoldWord.class, "word", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long sharedExcludedBy;
  private final long exclusiveExcludedBy;

  @SuppressWarnings("UnusedVariable") // through WORD
  private volatile long word = SLOW;

  /**
   * A word without holds, SLOW.
   *
   * @param semaphore whether holds of this node exclude each other
   */
  public HoldWord(boolean semaphore) {
    // What has to be clear in the word for a hold to be taken on the fast path.
    sharedExcludedBy = SLOW | (semaphore ? EXCLUSIVE_MASK : 0);
    exclusiveExcludedBy = SLOW | (semaphore ? HOLDS_MASK : 0);
  }

  /** Takes a shared hold, if the fast path is open to it. */
  public boolean tryEnterShared() {
    for (; ; ) {
      long seen = (long) WORD.getVolatile(this);
      if ((seen & sharedExcludedBy) != 0 || (seen & SHARED_MASK) == SHARED_MASK) {
        return false;
      }
      if (WORD.compareAndSet(this, seen, seen + SHARED_ONE)) {
        return true;
      }
    }
  }

  /** Takes an exclusive hold, if the fast path is open to it. */
  public boolean tryEnterExclusive() {
    for (; ; ) {
      long seen = (long) WORD.getVolatile(this);
      if ((seen & exclusiveExcludedBy) != 0
          || (seen & WRITABLE) == 0
          || (seen & EXCLUSIVE_MASK) == EXCLUSIVE_MASK) {
        return false;
      }
      if (WORD.compareAndSet(this, seen, seen + EXCLUSIVE_ONE)) {
        return true;
      }
    }
  }

  /**
   * Ends a hold.
   *
   * @return the word after it, for {@link #isSlow} and {@link #isLost}
   * @throws IllegalMonitorStateException if there is no hold of this mode
   */
  public long exit(LockMode mode) {
    long mask = mode == LockMode.SHARED ? SHARED_MASK : EXCLUSIVE_MASK;
    long one = mode == LockMode.SHARED ? SHARED_ONE : EXCLUSIVE_ONE;
    for (; ; ) {
      long seen = (long) WORD.getVolatile(this);
      if ((seen & mask) == 0) {
        throw new IllegalMonitorStateException("there is no " + mode + " hold to unlock");
      }
      if (WORD.compareAndSet(this, seen, seen - one)) {
        return seen - one;
      }
    }
  }

  /** Whether the event loop has to be told of an unlock that left this word. */
  public static boolean isSlow(long word) {
    return (word & SLOW) != 0;
  }

  /** Whether the hold that an unlock ended had been lost. */
  public static boolean isLost(long word) {
    return (word & LOST) != 0;
  }

  /** Nothing works any more: the event loop has stopped. */
  public void fail() {
    long unused = (long) WORD.getAndBitwiseOr(this, SLOW | LOST);
  }

  /** Whether the grant under the present holds was lost. */
  public boolean isLost() {
    return isLost(word);
  }

  /** How many shared holds there are. */
  public int sharedHolds() {
    return (int) (word & SHARED_MASK);
  }

  /** How many exclusive holds there are. */
  public int exclusiveHolds() {
    return (int) ((word & EXCLUSIVE_MASK) >>> EXCLUSIVE_SHIFT);
  }

  // --- the event loop only

  /** Takes a hold, whatever the flags; false if there are too many. */
  boolean enter(LockMode mode) {
    long one = mode == LockMode.SHARED ? SHARED_ONE : EXCLUSIVE_ONE;
    int count = mode == LockMode.SHARED ? sharedHolds() : exclusiveHolds();
    if (count == COUNT_MASK) {
      return false;
    }
    long unused = (long) WORD.getAndAdd(this, one);
    return true;
  }

  /** Makes a hold of one mode one of the other. */
  void convert(LockMode from) {
    long delta = EXCLUSIVE_ONE - SHARED_ONE;
    long unused = (long) WORD.getAndAdd(this, from == LockMode.SHARED ? delta : -delta);
  }

  /** Closes the fast path. */
  void close() {
    long unused = (long) WORD.getAndBitwiseOr(this, SLOW);
  }

  /** Opens the fast path. */
  void open(boolean writable) {
    long flags = writable ? WRITABLE : 0;
    for (; ; ) {
      long seen = (long) WORD.getVolatile(this);
      if (WORD.compareAndSet(this, seen, (seen & ~(SLOW | WRITABLE)) | flags)) {
        return;
      }
    }
  }

  /** The grant under the holds was lost; also closes the fast path. */
  void markLost() {
    long unused = (long) WORD.getAndBitwiseOr(this, SLOW | LOST);
  }

  /** The last lost hold has been unlocked. */
  void clearLost() {
    long unused = (long) WORD.getAndBitwiseAnd(this, ~LOST);
  }

  @Override
  public String toString() {
    long seen = word;
    return "S"
        + (seen & SHARED_MASK)
        + " X"
        + ((seen & EXCLUSIVE_MASK) >>> EXCLUSIVE_SHIFT)
        + ((seen & SLOW) == 0 ? " fast" : " slow")
        + ((seen & LOST) == 0 ? "" : " lost");
  }
}
