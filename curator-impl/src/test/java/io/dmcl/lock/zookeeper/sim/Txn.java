package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Reply;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An entry of the leader's log.
 *
 * @param kind what it does
 * @param session for whom
 * @param changes what every server does to its tree
 * @param origin the connection that waits for the answer, if there is one
 * @param request the request of that connection
 * @param reply its answer
 */
public record Txn(
    long zxid,
    Kind kind,
    long session,
    List<Change> changes,
    @Nullable Connection origin,
    @Nullable Request request,
    Reply.Transaction reply) {
  /** What it does. */
  public enum Kind {
    OPEN_SESSION,
    WRITE,
    CLOSE_SESSION
  }

  /** One from a real server's log. */
  public static Txn logged(long zxid, Kind kind, long session, List<Change> changes) {
    return new Txn(
        zxid, kind, session, changes, null, null, new Reply.Transaction(Code.OK, List.of()));
  }
}
