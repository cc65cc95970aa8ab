package io.dmcl.lock;

/**
 * Told what happens behind the back of the callers. Called on a thread that serves listeners only,
 * one call after the other. All methods do nothing by default.
 */
public interface LockspaceListener {
  /**
   * The session ended or its lease ran out: every grant on it is lost. If both happen, one after
   * the other, it is told once.
   */
  default void sessionLost(Lockspace lockspace) {}

  /** A session is there, or has a lease again after a loss: locks can be acquired. */
  default void sessionEstablished(Lockspace lockspace) {}

  /**
   * A release that {@link Hold#unlock()} had already returned from did not take place: the session
   * ended before it was committed. If it was exclusive, the next holder is told {@link
   * Freshness#OWNER_DIED}.
   */
  default void releaseFailed(ClusterLock lock, LockException cause) {}

  /** A demote hook threw; the grant is released as if its owner had died. */
  default void hookFailed(ClusterLock lock, Throwable cause) {}

  /**
   * A demote hook has been running for {@code nanos} nanoseconds, whatever it was called for. The
   * grant is kept until it returns, and whoever waits for the lock, here or elsewhere, waits on.
   */
  default void hookOverdue(ClusterLock lock, long nanos) {}

  /** The lockspace closed itself because a promise could not be kept. */
  default void failed(Lockspace lockspace, LockException cause) {}
}
