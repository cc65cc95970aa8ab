package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The holds of one lock handle, in one atomic word, and whether callers may come and go without
 * asking anybody: the fast path.
 *
 * <p>The word has the number of shared and of exclusive holds and some flags:
 *
 * <ul>
 *   <li>SLOW: every acquire, and every unlock after it is done, has to go through the event loop.
 *       Set unless the node has a grant that it keeps, nobody waits for it here or elsewhere, and
 *       there is no news to be told.
 *   <li>WRITABLE: exclusive holds may take the fast path too.
 *   <li>LOST: the grant under the holds was lost. Unlocking says so.
 *   <li>SEMAPHORE: holds of this node exclude each other. Constant.
 *   <li>SPREAD: shared holds that take the fast path are counted in {@link ReadIndicator}, and the
 *       word has only those that the event loop gave. Set for good when readers have met each other
 *       at the word; never with SEMAPHORE, which needs all the counts in one place.
 * </ul>
 *
 * <p><b>Who writes.</b> SLOW, WRITABLE and LOST are set and cleared by the event loop only. The
 * counts go up by a compare-and-set that has seen SLOW clear, or by the event loop; they go down
 * from any thread. So once the event loop has set SLOW, the counts only fall, and every unlock that
 * finds SLOW set tells the event loop: no wake-up is missed, because the unlock's decrement either
 * comes before the event loop's look at the counts, or sees SLOW.
 *
 * <p><b>Spread.</b> A shared hold is counted in first, and is taken only if SLOW is found clear
 * after that ({@link #isOpen}); otherwise it goes out again, as an unlock does. So either the event
 * loop, which sets SLOW and then looks at the counts, has seen it, or it has seen SLOW. The counts
 * may then rise for a moment after SLOW was set, which makes the event loop wait for the one that
 * goes out again, and nothing else.
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
  private static final long SEMAPHORE = 1L << 43;
  private static final long SPREAD = 1L << 44;

  /** So often may readers meet each other at the word in one call before they are spread. */
  private static final int MAX_COLLISIONS = 1;

  private static final VarHandle WORD;

  static {
    try {
      WORD = MethodHandles.lookup().findVarHandle(HoldWord.class, "word", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long word;
  private @Nullable ReadIndicator readers; // written before SPREAD is set
  private long hits; // written by any thread, without synchronisation: a statistic

  /**
   * A word without holds, SLOW.
   *
   * @param semaphore whether holds of this node exclude each other
   */
  public HoldWord(boolean semaphore) {
    word = SLOW | (semaphore ? SEMAPHORE : 0);
  }

  // --- any thread

  /**
   * Counts a shared hold in, if the fast path is open to it. It is taken if {@link #isOpen} then;
   * otherwise the caller has to {@link #exit}, and to tell the event loop.
   */
  public boolean tryEnterShared() {
    for (int collisions = 0; ; collisions++) {
      long seen = word;
      if (isClosedTo(seen, EXCLUSIVE_MASK)) {
        return false;
      }
      if ((seen & SPREAD) != 0) {
        return readers().tryEnter();
      }
      if ((seen & SHARED_MASK) == SHARED_MASK) {
        return false;
      }
      if (WORD.compareAndSet(this, seen, seen + SHARED_ONE)) {
        hits++;
        return true;
      }
      if (collisions == MAX_COLLISIONS && (seen & SEMAPHORE) == 0) {
        spread();
      }
    }
  }

  /** As {@link #tryEnterShared}, for an exclusive hold. */
  public boolean tryEnterExclusive() {
    for (; ; ) {
      long seen = word;
      if (isClosedTo(seen, HOLDS_MASK)
          || (seen & WRITABLE) == 0
          || (seen & EXCLUSIVE_MASK) == EXCLUSIVE_MASK) {
        return false;
      }
      if (WORD.compareAndSet(this, seen, seen + EXCLUSIVE_ONE)) {
        hits++;
        return true;
      }
    }
  }

  /**
   * @param excluded by what, if holds of this node exclude each other
   */
  private static boolean isClosedTo(long seen, long excluded) {
    return (seen & (SLOW | SEMAPHORE)) != 0 && ((seen & SLOW) != 0 || (seen & excluded) != 0);
  }

  /** Whether the fast path is open: nobody waits, and there is no news. */
  public boolean isOpen() {
    return !isSlow(word);
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
      long seen = word;
      if (mode == LockMode.SHARED && (seen & SPREAD) != 0) {
        return exitSpread();
      }
      if ((seen & mask) == 0) {
        throw noHold(mode);
      }
      if (WORD.compareAndSet(this, seen, seen - one)) {
        return seen - one;
      }
    }
  }

  private long exitSpread() {
    // As soon as the hold is counted out the last trace of a loss may be wiped away, so look first.
    long lost = word & LOST;
    leave();
    return word | lost;
  }

  private void leave() {
    ReadIndicator spread = readers();
    for (; ; ) {
      if (spread.tryExit()) {
        return;
      }
      long[] before = spread.snapshot();
      long seen = word;
      if ((seen & SHARED_MASK) != 0) {
        if (WORD.compareAndSet(this, seen, seen - SHARED_ONE)) {
          return;
        }
      } else if (spread.isEmpty(before)) {
        throw noHold(LockMode.SHARED);
      }
    }
  }

  private static IllegalMonitorStateException noHold(LockMode mode) {
    return new IllegalMonitorStateException("there is no " + mode + " hold to unlock");
  }

  /** Readers get in each other's way: counts them in several places from now on. */
  void spread() {
    synchronized (this) {
      if (readers == null) {
        readers = new ReadIndicator();
      }
    }
    long unused = (long) WORD.getAndBitwiseOr(this, SPREAD);
  }

  private ReadIndicator readers() {
    ReadIndicator spread = readers;
    if (spread == null) {
      throw new IllegalStateException("not spread");
    }
    return spread;
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

  /** How many shared holds there are; not less, if no more can come. */
  public int sharedHolds() {
    long seen = word;
    return (int) (seen & SHARED_MASK) + ((seen & SPREAD) == 0 ? 0 : readers().sum());
  }

  /** How many exclusive holds there are. */
  public int exclusiveHolds() {
    return (int) ((word & EXCLUSIVE_MASK) >>> EXCLUSIVE_SHIFT);
  }

  /** How many holds have been taken on the fast path; concurrent ones may be missed. */
  public long hits() {
    return hits + ((word & SPREAD) == 0 ? 0 : readers().entries());
  }

  // --- the event loop only

  /** Whether there are holds. */
  boolean isHeld() {
    return sharedHolds() + exclusiveHolds() > 0;
  }

  /** Whether holds of this node exclude each other. */
  boolean isSemaphore() {
    return (word & SEMAPHORE) != 0;
  }

  /** Takes a hold, whatever the flags; false if there are too many. */
  boolean enter(LockMode mode) {
    long one = mode == LockMode.SHARED ? SHARED_ONE : EXCLUSIVE_ONE;
    int count = mode == LockMode.SHARED ? sharedHolds() : exclusiveHolds();
    if (count >= COUNT_MASK) {
      return false;
    }
    long unused = (long) WORD.getAndAdd(this, one);
    return true;
  }

  /** Makes a hold of one mode one of the other; the fast path is closed. */
  void convert(LockMode from) {
    long delta = EXCLUSIVE_ONE - SHARED_ONE;
    if (from == LockMode.SHARED && (word & SPREAD) != 0) {
      leave();
      delta = EXCLUSIVE_ONE;
    }
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
      long seen = word;
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
        + sharedHolds()
        + " X"
        + ((seen & EXCLUSIVE_MASK) >>> EXCLUSIVE_SHIFT)
        + ((seen & SLOW) == 0 ? " fast" : " slow")
        + ((seen & LOST) == 0 ? "" : " lost");
  }
}
