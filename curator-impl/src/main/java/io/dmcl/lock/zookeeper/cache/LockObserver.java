package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;

/**
 * Told what happens to a node's requests and grants, for the record: nothing depends on it. Called
 * by the event loop; does nothing by default. What is on the fast path is not told.
 */
public interface LockObserver {
  /** Hears nothing. */
  LockObserver NONE = new LockObserver() {};

  /** How a grant, or the recall of one, came to its end. */
  enum End {
    /** Given back. */
    RELEASED,
    /** EXCLUSIVE became SHARED. */
    DEMOTED,
    /** SHARED became EXCLUSIVE, with a new place in the queue. */
    UPGRADED,
    /** Whoever wanted the lock has given up. */
    WITHDRAWN,
    /** Given back as if the owner had died: the demote hook threw, or the lease was over. */
    ABANDONED,
    /** The lease ran out, the session ended, or the entry vanished. */
    LOST
  }

  /** A request stands behind another one in the lock's queue; told again when that one changes. */
  default void waiting(LocalLock lock, Request request, RequestId behind) {}

  /** A request is granted, or is gone; whether it had to wait or not. */
  default void waited(Request request, boolean granted) {}

  /** A grant begins. */
  default void granted(LocalLock lock, Grant grant) {}

  /** Another node needs what this grant keeps. */
  default void recalled(LocalLock lock, Grant grant, LockMode wanted) {}

  /** A recall is over. */
  default void recallEnded(Grant grant, End how) {}

  /**
   * A grant is over.
   *
   * @param uses how many holds were taken on it
   */
  default void ended(LocalLock lock, Grant grant, long uses, End how) {}
}
