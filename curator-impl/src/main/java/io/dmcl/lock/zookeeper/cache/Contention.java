package io.dmcl.lock.zookeeper.cache;

/**
 * How much a lock is fought over, and what follows: for how long a fresh grant is kept for the
 * callers of this node although others wait (the minimum hold time, which adapts as GFS2's does),
 * and whether a grant is worth keeping after unlock at all (eager release: a lock that is recalled
 * about as often as it is used is not kept, so that caching is never slower than not caching).
 *
 * <p>Event loop only.
 */
final class Contention {
  private static final long MIN_HOLD_NANOS = 500_000;
  private static final long FIRST_HOLD_NANOS = 5_000_000;
  private static final long MAX_HOLD_NANOS = 20_000_000;

  /** A grant used this often before it was recalled was worth its hold time. */
  private static final long BUSY_USES = 16;

  private static final int EAGER_AFTER = 2;
  private static final int CALM_AFTER = 4;

  private long holdNanos = FIRST_HOLD_NANOS;
  private int wasted;
  private int calm;

  /** For how long after the grant callers of this node may still join it while others wait. */
  long holdNanos() {
    return holdNanos;
  }

  /** Whether grants are given back at unlock although they might be kept. */
  boolean isEager() {
    return wasted >= EAGER_AFTER;
  }

  /**
   * A grant came; {@code alone}: nobody else has been there since the last one, or is there now.
   */
  void granted(boolean alone) {
    calm = alone ? calm + 1 : 0;
    if (calm >= CALM_AFTER) {
      wasted = 0;
    }
  }

  /** A grant that others had asked for ended after this many local uses. */
  void recalledAfter(long uses) {
    if (uses <= 1) {
      wasted = Math.min(wasted + 1, EAGER_AFTER);
      calm = 0;
      holdNanos = Math.max(MIN_HOLD_NANOS, holdNanos / 2);
    } else {
      wasted = 0;
      if (uses >= BUSY_USES) {
        holdNanos = Math.min(MAX_HOLD_NANOS, holdNanos * 2);
      }
    }
  }
}
