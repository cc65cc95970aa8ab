package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.Reply;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a server sends to a client. */
sealed interface Message {
  /** The answer to {@link Request.Connect}: the session, or 0 if it has ended. */
  record Connected(long session) implements Message {}

  /** The answer to a request; the zxid is the server's. */
  record Answer(
      Request request,
      long zxid,
      Reply.@Nullable Transaction written,
      List<Reply.Read> reads,
      int sizeBytes)
      implements Message {}

  /** A watch event. */
  record Event(Type type, String path) implements Message {
    /** What has happened. */
    enum Type {
      /** A child came or went. */
      CHILDREN_CHANGED,
      /** The data were set. */
      DATA_CHANGED,
      /** The znode went. */
      DELETED
    }
  }

  /** The server has closed the connection. */
  record Closed() implements Message {}
}
