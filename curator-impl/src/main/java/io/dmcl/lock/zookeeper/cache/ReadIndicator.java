package io.dmcl.lock.zookeeper.cache;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * A count of shared holds that is spread over several cache lines, so that readers on different
 * processors do not wait for each other (a read indicator, as in Lev, Luchangco and Olszewski,
 * "Scalable Reader-Writer Locks"). A hold is counted where its thread comes in, and may go out
 * anywhere.
 *
 * <p>Each count is a long: the holds that came in here and have not gone out, and above them how
 * many came in ever. It is never negative.
 *
 * <p>{@link #sum} is not atomic, and need not be. Once no hold is taken any more for good, as after
 * {@link HoldWord} is slow, it is at least the number of holds that are left when it returns: what
 * it misses was counted in behind it, by one that found the word slow and goes out again, and that
 * one goes out where it came in unless somebody else has used up its count.
 */
final class ReadIndicator {
  private static final int HOLDS_BITS = 20;
  private static final long HOLDS_MASK = (1L << HOLDS_BITS) - 1;
  private static final long ONE_IN = (1L << HOLDS_BITS) + 1;

  /** A cache line of longs. */
  private static final int STRIDE = 8;

  private static final int MAX_COUNTS = 64;
  // More than there are processors: threads that have a count in common run at the same time less
  // often.
  private static final int COUNTS =
      Math.min(MAX_COUNTS, 4 * Integer.highestOneBit(Runtime.getRuntime().availableProcessors()));

  private static final VarHandle COUNT = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[] counts = new long[COUNTS * STRIDE];

  /** Where this thread counts its holds. */
  private static int own() {
    return ((int) Thread.currentThread().getId() & (COUNTS - 1)) * STRIDE;
  }

  /** Counts a hold in; false if there are too many. */
  boolean tryEnter() {
    int at = own();
    for (; ; ) {
      long seen = (long) COUNT.getVolatile(counts, at);
      if ((seen & HOLDS_MASK) == HOLDS_MASK) {
        return false;
      }
      if (COUNT.compareAndSet(counts, at, seen, seen + ONE_IN)) {
        return true;
      }
    }
  }

  /** Counts a hold out; false if none was found, which is certain only if {@link #isEmpty}. */
  boolean tryExit() {
    int own = own();
    if (tryExit(own)) {
      return true;
    }
    for (int at = 0; at < counts.length; at += STRIDE) {
      if (tryExit(at)) {
        return true;
      }
    }
    return false;
  }

  private boolean tryExit(int at) {
    for (; ; ) {
      long seen = (long) COUNT.getVolatile(counts, at);
      if ((seen & HOLDS_MASK) == 0) {
        return false;
      }
      if (COUNT.compareAndSet(counts, at, seen, seen - 1)) {
        return true;
      }
    }
  }

  /** The holds. */
  int sum() {
    int holds = 0;
    for (long count : snapshot()) {
      holds += (int) (count & HOLDS_MASK);
    }
    return holds;
  }

  /** How many holds have been counted in ever. */
  long entries() {
    long entries = 0;
    for (long count : snapshot()) {
      entries += count >>> HOLDS_BITS;
    }
    return entries;
  }

  /** All counts, one after the other. */
  long[] snapshot() {
    long[] seen = new long[COUNTS];
    for (int i = 0; i < COUNTS; i++) {
      seen[i] = (long) COUNT.getVolatile(counts, i * STRIDE);
    }
    return seen;
  }

  /**
   * Whether there was no hold at one moment since {@code before}: then it had none, and nobody came
   * in or went out until now.
   */
  boolean isEmpty(long[] before) {
    return Arrays.stream(before).allMatch(count -> (count & HOLDS_MASK) == 0)
        && Arrays.equals(before, snapshot());
  }
}
