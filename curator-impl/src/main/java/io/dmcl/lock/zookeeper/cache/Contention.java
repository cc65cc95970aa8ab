package io.dmcl.lock.zookeeper.cache;

/**
 * How much a lock is fought over, and what follows: for how long a fresh grant is kept for the
 * callers of this node although others wait (the minimum hold time, which adapts as GFS2's does),
 * and whether a grant is worth keeping after unlock at all (eager release: a lock that is recalled
 * about as often as it is used is not kept, so that caching is never slower than not caching).
 *
 * @param holdNanos for how long after the grant callers of this node may still join it while others
 *     wait
 * @param wasted how many grants in a row were recalled before they were of use, up to a bound
 * @param calm how many grants in a row, after those, came while nobody else was there
 */
record Contention(long holdNanos, int wasted, int calm) {
  private static final long MIN_HOLD_NANOS = 500_000;
  private static final long FIRST_HOLD_NANOS = 5_000_000;
  private static final long MAX_HOLD_NANOS = 20_000_000;

  /** A grant used this often before it was recalled was worth its hold time. */
  private static final long BUSY_USES = 16;

  private static final int EAGER_AFTER = 2;
  private static final int CALM_AFTER = 4;

  /** Of a lock that nobody has fought over. */
  static final Contention NONE = new Contention(FIRST_HOLD_NANOS, 0, 0);

  /** Whether grants are given back at unlock although they might be kept. */
  boolean isEager() {
    return wasted >= EAGER_AFTER;
  }

  /**
   * After a grant; {@code alone}: nobody else has been there since the last one, or is there now.
   */
  Contention granted(boolean alone) {
    if (wasted == 0) {
      return this;
    }
    int nowCalm = alone ? calm + 1 : 0;
    return nowCalm < CALM_AFTER
        ? new Contention(holdNanos, wasted, nowCalm)
        : new Contention(holdNanos, 0, 0);
  }

  /** After a grant that others had asked for ended after this many local uses. */
  Contention recalledAfter(long uses) {
    if (uses <= 1) {
      return new Contention(
          Math.max(MIN_HOLD_NANOS, holdNanos / 2), Math.min(wasted + 1, EAGER_AFTER), 0);
    }
    long nanos = uses < BUSY_USES ? holdNanos : Math.min(MAX_HOLD_NANOS, holdNanos * 2);
    return new Contention(nanos, 0, 0);
  }
}
