package io.dmcl.lock.zookeeper.sim;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * A simulated ensemble and its clients. Nothing happens by itself: a driver picks among {@link
 * #steps} and does it with {@link #take}; it moves the time with {@link #advanceTo}; it injects
 * faults with the other methods. The same choices give the same history.
 *
 * <p>The messages of a request: the client sends it when it is called; {@code SERVER_TAKES} it; a
 * read is answered then, or by {@code SERVER_ANSWERS} if writes were before it; for a write, {@code
 * LEADER_RECEIVES} it, decides and commits it; {@code SERVER_APPLIES} the commit, fires watches,
 * and, at the client's server, answers; {@code CLIENT_RECEIVES} the answer. A message waits as long
 * as the driver likes; between the same two parties messages do not overtake each other. (One
 * exception, as in ZooKeeper: {@code SERVER_HEARS}, a ping or the answer to a reconnect is handled
 * while commits that came before it still wait to be applied.)
 *
 * <p>Not simulated: a leader without a majority (it is the same as one that does nothing), and
 * writes that an old leader has accepted but not committed (the same as writes lost on the way).
 */
public final class Ensemble {
  final Settings settings;
  final Leader leader;

  private final List<Server> servers = new ArrayList<>();
  private final List<SimClient> clients = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();
  private long nowNanos;
  private long nextPingNanos;

  /** A new ensemble: only the root is there. */
  public Ensemble(Settings settings) {
    this.settings = settings;
    leader = new Leader(settings, this::committed);
    for (int i = 0; i < settings.servers(); i++) {
      servers.add(new Server(i, this));
    }
    nextPingNanos = settings.tickNanos() / 2;
  }

  private void committed(Txn txn) {
    for (Server server : servers) {
      if (!server.down) {
        server.fromLeader.add(new Server.FromLeader(txn, null, false));
      }
    }
  }

  /** A client that was made for its node, with a clock that is the ensemble's. */
  public SimClient client(long sessionTimeoutNanos) {
    return client(sessionTimeoutNanos, this::nowNanos, true);
  }

  /**
   * A client.
   *
   * @param nodeNanos the node's monotonic clock
   * @param owned whether the client was made for the node: {@code close} ends the session, and the
   *     session is known not to be old
   */
  public SimClient client(long sessionTimeoutNanos, LongSupplier nodeNanos, boolean owned) {
    SimClient client = new SimClient(this, clients.size(), sessionTimeoutNanos, nodeNanos, owned);
    clients.add(client);
    return client;
  }

  /** The clients, by number. */
  public List<SimClient> clients() {
    return clients;
  }

  Server server(int index) {
    return servers.get(index);
  }

  // Steps.

  /** Everything that can happen next, in a fixed order. The list is reused by the next call. */
  public List<Step> steps() {
    steps.clear();
    for (Server server : servers) {
      if (!server.down) {
        collect(server);
      }
    }
    for (SimClient client : clients) {
      if (client.canReceive()) {
        steps.add(client.receives);
      }
      if (client.canConnect()) {
        for (Server server : servers) {
          if (!server.down) {
            steps.add(client.connects.get(server.index));
          }
        }
      }
    }
    return steps;
  }

  private void collect(Server server) {
    for (Connection connection : server.connections) {
      if (!connection.toServer.isEmpty()) {
        steps.add(connection.takes);
      }
      if (connection.readIsNext()) {
        steps.add(connection.answers);
      }
    }
    if (!server.cut) {
      if (!server.toLeader.isEmpty()) {
        steps.add(server.leaderReceives);
      }
      if (!server.fromLeader.isEmpty()) {
        steps.add(server.applies);
        if (server.canHear()) {
          steps.add(server.hears);
        }
      }
    }
  }

  /** Does one of the {@link #steps}. */
  public void take(Step step) {
    switch (step.kind()) {
      case SERVER_TAKES -> servers.get(step.server()).take(requireNonNull(step.connection()));
      case SERVER_ANSWERS ->
          servers.get(step.server()).answerNext(requireNonNull(step.connection()));
      case LEADER_RECEIVES -> servers.get(step.server()).receiveAtLeader();
      case SERVER_HEARS -> servers.get(step.server()).hear();
      case SERVER_APPLIES -> servers.get(step.server()).apply();
      case CLIENT_RECEIVES -> clients.get(step.client()).receive();
      case CLIENT_CONNECTS -> clients.get(step.client()).connect(servers.get(step.server()));
    }
  }

  /**
   * Takes steps until there is none, without faults. Clients connect to the server of their number
   * first, then to the others in turn.
   */
  public void settle() {
    settle(step -> true);
  }

  /** As {@link #settle()}, but takes only steps that are allowed. */
  public void settle(Predicate<Step> allowed) {
    while (true) {
      steps().removeIf(allowed.negate());
      if (steps.isEmpty()) {
        return;
      }
      Step step = steps.get(0);
      if (step.kind() == Step.Kind.CLIENT_CONNECTS) {
        SimClient client = clients.get(step.client());
        List<Step> choices = steps.stream().filter(one -> one.client() == client.index).toList();
        step = choices.get((client.index + client.attempts()) % choices.size());
      }
      take(step);
    }
  }

  // Time.

  /** The virtual time. */
  public long nowNanos() {
    return nowNanos;
  }

  /** When something happens by itself next: pings, the end of a session, a client's patience. */
  public long nextDueNanos() {
    long next = Math.min(nextPingNanos, leader.nextExpiryNanos());
    for (SimClient client : clients) {
      next = Math.min(next, client.nextDueNanos());
    }
    return next;
  }

  /**
   * Moves the time. What is due on the way happens at its time: the leader pings every half tick
   * and ends sessions, clients ping and give up a connection that is silent.
   */
  public void advanceTo(long targetNanos) {
    for (long due = nextDueNanos(); due <= targetNanos; due = nextDueNanos()) {
      nowNanos = Math.max(nowNanos, due);
      if (nextPingNanos <= nowNanos) {
        ping();
        nextPingNanos += settings.tickNanos() / 2;
      }
      leader.expire(nowNanos);
      for (SimClient client : clients) {
        client.due(nowNanos);
      }
    }
    nowNanos = Math.max(nowNanos, targetNanos);
  }

  private void ping() {
    for (Server server : servers) {
      if (!server.down && server.index != leader.index) {
        server.fromLeader.add(Server.FromLeader.PING);
      }
    }
  }

  // Faults of clients.

  /**
   * A client's connection breaks, or its attempt to get one fails. Answers on the way are lost. (Of
   * a paused client, the server gives up the connection, and nothing is delivered or carried.)
   *
   * @param delivered how many of its {@link SimClient#requestsOnTheWay} still reach the server
   * @param carried how many of the last of the others (the writes among them) were called too late
   *     for this connection: they are answered CONNECTION_LOSS as all are, but ZooKeeper's client
   *     sends them on the next connection, ahead of everything that is called later
   */
  public void disconnect(SimClient client, int delivered, int carried) {
    client.lose(delivered, carried);
  }

  /** A client stops: it neither sends nor receives, and does not know. */
  public void pause(SimClient client) {
    client.pause(true);
  }

  /** A client goes on after {@link #pause}. */
  public void resume(SimClient client) {
    client.pause(false);
  }

  /** A client is gone without a word; its session stays until the leader ends it. */
  public void crash(SimClient client, int delivered) {
    client.crash(delivered);
  }

  /**
   * A client's handle is closed by its user, or replaced by another one: the listener's {@code
   * closing} is called from here.
   *
   * @param replaced whether another handle takes its place
   * @param reachesServer whether the end of the session is asked for; else it runs out there
   */
  public void closeHandle(SimClient client, boolean replaced, boolean reachesServer) {
    client.closeHandle(replaced, reachesServer);
  }

  /** A client declares its session over by itself; the leader does not know. */
  public void giveUp(SimClient client) {
    client.giveUp();
  }

  /** The leader ends a client's session now, whatever it has heard. */
  public void expire(SimClient client) {
    SimSession session = client.session();
    if (session != null && leader.sessions.containsKey(session.id())) {
      leader.end(session.id(), null, null);
    }
  }

  // Faults of servers.

  /** When the leader ends a session if it hears nothing more; 0 if it has ended. */
  public long expiresAtNanos(long id) {
    Leader.Tracked session = leader.sessions.get(id);
    return session == null ? 0 : session.expiresAtNanos;
  }

  /** Whether the leader still has a session of that id. */
  public boolean sessionLives(long id) {
    return leader.sessions.containsKey(id);
  }

  /** The number of the server that leads. */
  public int leaderIndex() {
    return leader.index;
  }

  /** Whether a server is stopped. */
  public boolean isDown(int server) {
    return servers.get(server).down;
  }

  /** Cuts a server (not the leader) off from the leader; it goes on with its clients. */
  public void cut(int server) {
    if (server == leader.index) {
      throw new IllegalArgumentException("server " + server + " leads");
    }
    servers.get(server).cut = true;
  }

  /** The link is there again; nothing was lost on it. */
  public void heal(int server) {
    Server healed = servers.get(server);
    healed.cut = false;
    if (settings.direct()) {
      healed.receiveAllAtLeader();
    }
  }

  /**
   * Stops a server (not the leader): its clients are disconnected, what it had not passed on is
   * lost.
   */
  public void stop(int server) {
    if (server == leader.index) {
      throw new IllegalArgumentException("server " + server + " leads");
    }
    Server stopped = servers.get(server);
    stopped.reset();
    stopped.down = true;
    stopped.cut = false;
  }

  /** Starts a server again; it has to catch up with the log. */
  public void start(int server) {
    servers.get(server).down = false;
    catchUp(servers.get(server));
  }

  private void catchUp(Server server) {
    server.fromLeader.clear();
    for (Txn txn : leader.log.subList(server.applied, leader.log.size())) {
      server.fromLeader.add(new Server.FromLeader(txn, null, false));
    }
  }

  /**
   * Another server leads: all clients are disconnected, writes that had not reached the old leader
   * are lost, and every session has its full time again.
   */
  public void elect(int server) {
    for (Server one : servers) {
      if (!one.down) {
        one.reset();
        catchUp(one);
        one.cut = false;
      }
    }
    leader.elected(server, nowNanos);
    Server elected = servers.get(server);
    while (!elected.fromLeader.isEmpty()) {
      elected.apply();
    }
  }

  /** Makes a persistent znode as if it had always been there, everywhere. */
  public void make(String path) {
    Change made = new Change.Created(path, new byte[0], 0, 0);
    leader.tree.apply(made, Leader.EPOCH);
    for (Server server : servers) {
      server.tree.apply(made, Leader.EPOCH);
    }
  }

  /** Sets the counter that names a znode's sequential children, everywhere. */
  public void setCounter(String path, int creates) {
    leader.tree.setCounter(path, creates);
    for (Server server : servers) {
      server.tree.setCounter(path, creates);
    }
  }

  /**
   * Adds the state to a fingerprint: two states that look the same behave the same.
   *
   * @param timed whether the times at which things are due belong to it
   */
  public void fingerprint(Fingerprint out, boolean timed) {
    leader.fingerprint(out, nowNanos, timed);
    if (timed) {
      out.number(nextPingNanos - nowNanos);
    }
    for (Server server : servers) {
      server.fingerprint(out);
    }
    for (SimClient client : clients) {
      client.fingerprint(out);
      if (timed) {
        long due = client.nextDueNanos();
        out.number(due == Long.MAX_VALUE ? -1 : due - nowNanos);
      }
    }
  }
}
