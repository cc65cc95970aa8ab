package io.dmcl.lock.zookeeper.sim;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A connection of a client to a server. Either end can give it up; what is on the way then still
 * arrives, or does not.
 */
final class Connection {
  final Server server;
  final SimClient client;

  /** 0 until the server has accepted the session. */
  long session;

  /** The session that the client wants to go on with; 0 for a new one. */
  long asked;

  /** What the server has not taken yet. */
  final Deque<Request> toServer = new ArrayDeque<>();

  /** What the server has taken and not answered, in order. */
  final Deque<Request> inService = new ArrayDeque<>();

  /** What the client has not received yet. */
  final Deque<Message> toClient = new ArrayDeque<>();

  /** The client has given it up: nothing is received any more. */
  boolean clientGone;

  /** The server has given it up: nothing is taken or answered any more. */
  boolean serverGone;

  final Step takes;
  final Step answers;

  Connection(Server server, SimClient client) {
    this.server = server;
    this.client = client;
    takes = new Step(Step.Kind.SERVER_TAKES, server.index, client.index, this);
    answers = new Step(Step.Kind.SERVER_ANSWERS, server.index, client.index, this);
  }

  void send(Message message) {
    if (!clientGone && !serverGone) {
      toClient.add(message);
    }
  }

  /** Whether the next request in service can be answered by the server alone. */
  boolean readIsNext() {
    Request next = inService.peek();
    return next != null && !next.isWrite() && !(next instanceof Request.Connect);
  }
}
