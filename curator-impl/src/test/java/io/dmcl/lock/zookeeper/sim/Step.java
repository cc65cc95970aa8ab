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
    /** A server has the next message of the leader: a commit, a ping, the answer to a reconnect. */
    SERVER_APPLIES,
    /**
     * A server has heard a ping or the answer to a reconnect although commits that it has heard
     * before are not applied yet. (A commit never overtakes a ping.)
     */
    SERVER_HEARS,
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
