package io.dmcl.lock.zookeeper.runtime;

/**
 * Port: a client of the coordination service that keeps a session alive and, when one has ended,
 * asks for the next. One for each lane of a node.
 *
 * <p>All calls of the listener and all replies of a session come one after the other (from one
 * thread at a time), in the order in which the client learned of them: a reply that was answered on
 * a connection comes before that connection's {@code disconnected}, a watch event before the data
 * of any later read. The listener only enqueues; it never blocks.
 */
public interface Coordinator {
  /**
   * Starts. The listener is called from now on, possibly before this method returns.
   *
   * @throws io.dmcl.lock.CoordinatorUnavailableException if the client cannot be used: closed, or
   *     set up in a way that the promises cannot be kept
   */
  void start(Listener listener);

  /**
   * Detaches: no listener call is made afterwards for events that come later. A client that was
   * made for the node is closed, and its session ends; a user's client is left as it is.
   */
  void close();

  /** By how many bytes paths are longer at the coordination service than in the node's view. */
  default int pathOverhead() {
    return 0;
  }

  /** What happens to the sessions. */
  interface Listener {
    /** A new session is connected; every earlier one has ended. */
    void opened(Session session);

    /** The connection of the session is gone; requests in flight were answered CONNECTION_LOSS. */
    void disconnected(Session session);

    /** The same session is connected again, by a new connection. */
    void reconnected(Session session);

    /**
     * The session is over for us: it expired, or its handle was closed or replaced. It is final,
     * and is said as soon as it is known (before the coordinator can have ended the session, where
     * the end is begun on this side: {@link #closing} comes first then).
     */
    void ended(Session session);

    /**
     * The session is about to be closed on this side. The one call that is <em>not</em> enqueued
     * but takes effect at once: on return every lease of the session has ended.
     */
    void closing(Session session);

    /** A watch that this session had set fired, and is used up. */
    void watchFired(Session session, String path, WatchKind kind);

    /** The client cannot get a session for now; for the error messages of callers that wait. */
    void unavailable(String reason);
  }

  /** What a watch watches. */
  enum WatchKind {
    /** The znode's children. */
    CHILDREN,
    /** The znode's data and existence. */
    DATA
  }
}
