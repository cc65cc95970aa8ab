package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.List;
import java.util.function.Consumer;

/**
 * Port: one session with the coordination service. Requests are executed in the order of the calls,
 * and answered in that order. None is ever repeated by the client on its own. After the session has
 * ended everything is answered SESSION_ENDED.
 *
 * <p>No call blocks. Callbacks come as {@link Coordinator} says; each request is answered exactly
 * once, if the coordinator is not closed before.
 */
public interface Session {
  /** The coordination service's id of the session; for people. */
  long id();

  /** The session timeout that was negotiated, in nanoseconds. */
  long timeoutNanos();

  /**
   * A moment of the node's monotonic clock before this session was asked for, if this client asked
   * for it; {@link Long#MIN_VALUE} if the session is somebody else's and may be old.
   */
  long askedForNanos();

  /** Sends a transaction: all of the writes or none. */
  void transact(List<WriteOp> writes, Consumer<Reply.Transaction> callback);

  /**
   * Sends an atomic multi-read. Each read succeeds or fails by itself; if the whole failed, all
   * have its code.
   */
  void read(List<ReadOp> reads, Consumer<List<Reply.Read>> callback);

  /**
   * Sends a read that also sets a one-shot watch, if it is answered OK. The watch survives a change
   * of connection. Setting the same watch again has no effect beyond the read.
   */
  void watch(ReadOp read, Consumer<Reply.Read> callback);

  /**
   * Removes the watch that {@code watch(read)} of this session has set, if there is one, here and
   * at the coordination service; watches that others have set on the same path stay.
   */
  void unwatch(ReadOp read);
}
