package io.dmcl.lock;

import java.util.List;

/** The holds of one {@link Lockspace#acquireAll acquireAll}. */
public interface HoldSet extends AutoCloseable {
  /** The holds, in the order in which their locks were given. */
  List<Hold> holds();

  /**
   * The hold of one lock of the set.
   *
   * @throws IllegalArgumentException if the lock is not of the set
   */
  Hold of(ClusterLock lock);

  /**
   * Unlocks every hold that was not unlocked by itself. All are unlocked even if one throws; the
   * first exception is thrown, the others are suppressed in it.
   */
  @Override
  void close();
}
