package io.dmcl.lock.zookeeper.sim;

import org.jspecify.annotations.Nullable;

/**
 * Something that can happen next.
 *
 * @param server the server's number; -1 if there is none in it
 * @param client the client's number; -1 if there is none in it
 */
public record Step(Kind kind, int server, int client, @Nullable Connection connection) {
  /** What happens. */
  public enum Kind {
    /**
     * A server takes a client's next request: a read is answered if nothing of the client is before
     * it, a write is passed on.
     */
    SERVER_TAKES,
    /** A server answers a client's next read, behind a write. */
    SERVER_ANSWERS,
    /** The leader has the next message of a server: a write, or touches. */
    LEADER_RECEIVES,
    /** A server has the next message of the leader: a commit, or a ping. */
    SERVER_APPLIES,
    /** A client has the next message of its server. */
    CLIENT_RECEIVES,
    /** A client that has no connection asks a server for one. */
    CLIENT_CONNECTS
  }

  @Override
  public String toString() {
    return kind + (server < 0 ? "" : " server " + server) + (client < 0 ? "" : " client " + client);
  }
}
