package io.dmcl.lock;

/**
 * The answer to "was the resource modified by another node since this node last held the lock?".
 *
 * <p>It is conservative: {@link #UNCHANGED} is only said when continuity is proven; everything else
 * means that what was cached under the lock has to be read again. It is the node's, and it sticks:
 * each hold is told the same until a hold that was told has been unlocked (and so has reloaded).
 */
public enum Freshness {
  /** No other node has released the lock exclusively since this node last held it. */
  UNCHANGED,
  /**
   * Nothing is known: the first acquire of a handle, or the state was forgotten, or continuity was
   * lost (a new session since, or the lock was purged and made again).
   */
  UNKNOWN,
  /** Another node has released the lock exclusively since this node last held it. */
  MODIFIED,
  /**
   * An exclusive owner (or a waiter for exclusive) vanished without a clean release, and nobody has
   * declared the resource recovered since. The contents may be torn and {@link Hold#value()} is not
   * valid. Said to every hold until {@link Hold#markRecovered()} was called and the lock released.
   */
  OWNER_DIED;

  /** Whether what was cached under the lock has to be read again. */
  public boolean mustReload() {
    return this != UNCHANGED;
  }
}
