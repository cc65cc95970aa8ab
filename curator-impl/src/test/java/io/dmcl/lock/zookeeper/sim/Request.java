package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.List;
import java.util.function.Consumer;

/** What a client sends to its server. */
sealed interface Request {
  /** Whether the leader has to see it. */
  default boolean isWrite() {
    return this instanceof Write || this instanceof Close;
  }

  /** Asks for a new session (0), or to go on with one. */
  record Connect(long session, long timeoutNanos, long lastZxid) implements Request {}

  /** A transaction. */
  record Write(List<WriteOp> writes, Consumer<Reply.Transaction> callback) implements Request {}

  /** A multi-read. */
  record Read(List<ReadOp> reads, Consumer<List<Reply.Read>> callback) implements Request {}

  /** A read that sets a watch. */
  record Watch(ReadOp read, Consumer<Reply.Read> callback) implements Request {}

  /** Removes a watch. */
  record Unwatch(ReadOp read) implements Request {}

  /** Sets the watches of the session on a new connection. */
  record SetWatches(long lastZxid, List<String> data, List<String> children) implements Request {}

  /** Says that the client is there. */
  record Ping() implements Request {}

  /** Ends the session. */
  record Close() implements Request {}
}
