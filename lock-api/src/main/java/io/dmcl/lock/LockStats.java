package io.dmcl.lock;

/**
 * Counters of one lock handle since it was allocated. Hits of concurrent shared holds are counted
 * without synchronisation, so that a few may be missing; all else is exact.
 *
 * @param hits acquires served by a grant that the node already had
 * @param misses acquires that had to ask the coordinator
 * @param grants grants received
 * @param recalls times that another node asked for a grant of ours
 * @param reloadsAvoided grants whose freshness was {@link Freshness#UNCHANGED}
 * @param waitNanos time that misses waited, summed, in nanoseconds
 * @param grantNanos time that grants were kept, summed over those that have ended, in nanoseconds
 */
public record LockStats(
    long hits,
    long misses,
    long grants,
    long recalls,
    long reloadsAvoided,
    long waitNanos,
    long grantNanos) {

  /** All zero. */
  public static final LockStats NONE = new LockStats(0, 0, 0, 0, 0, 0, 0);

  /** The sums of both. */
  public LockStats plus(LockStats other) {
    return new LockStats(
        hits + other.hits,
        misses + other.misses,
        grants + other.grants,
        recalls + other.recalls,
        reloadsAvoided + other.reloadsAvoided,
        waitNanos + other.waitNanos,
        grantNanos + other.grantNanos);
  }
}
