package io.dmcl.lock.zookeeper.sim;

import static java.util.Objects.requireNonNull;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A client of the simulated ensemble: what ZooKeeper's client library does. It has one session
 * after the other and at most one connection. Everything that it tells its listener, it tells in a
 * step of the driver; only {@code closing} is told from within a fault.
 */
public final class SimClient implements Coordinator {
  final int index;
  final Step receives;
  final List<Step> connects = new ArrayList<>();

  private final Ensemble ensemble;
  private final long timeoutNanos;
  private final LongSupplier nodeNanos;
  private final boolean owned;

  private @Nullable Listener listener;
  private @Nullable SimSession session;
  private @Nullable Connection connection;

  /** The server has taken the session on this connection. */
  private boolean established;

  private boolean paused;
  private boolean closed;
  private int attempts;
  private long askedForNanos;
  private long lastZxid;
  private long lastSentNanos;
  private long lastHeardNanos;

  /** Requests that were answered CONNECTION_LOSS but go out on the next connection. */
  private final Deque<Request> carried = new ArrayDeque<>();

  /** Requests that were sent and not answered. */
  private final Deque<Request> pending = new ArrayDeque<>();

  /** The session that was there before the listener, and has to be told. */
  private @Nullable SimSession untold;

  SimClient(
      Ensemble ensemble, int index, long timeoutNanos, LongSupplier nodeNanos, boolean owned) {
    this.ensemble = ensemble;
    this.index = index;
    this.timeoutNanos = timeoutNanos;
    this.nodeNanos = nodeNanos;
    this.owned = owned;
    receives = new Step(Step.Kind.CLIENT_RECEIVES, -1, index, null);
    for (int server = 0; server < ensemble.settings.servers(); server++) {
      connects.add(new Step(Step.Kind.CLIENT_CONNECTS, server, index, null));
    }
  }

  // The port.

  @Override
  public void start(Listener listener) {
    if (closed) {
      throw new CoordinatorUnavailableException("the client is closed");
    }
    this.listener = listener;
    untold = session;
  }

  @Override
  public void close() {
    listener = null;
    if (owned && !closed) {
      closed = true;
      leave(true);
    }
  }

  // State.

  /** The present session; null if there is none. */
  public @Nullable SimSession session() {
    return session;
  }

  /** Whether it has a connection on which the session goes on. */
  public boolean connected() {
    return established;
  }

  /** The number of the server that it has a connection to; -1 without one. */
  public int server() {
    return connection == null ? -1 : connection.server.index;
  }

  /** Its connection; null if it has none. */
  @Nullable Connection connection() {
    return connection;
  }

  /** Its number. */
  public int index() {
    return index;
  }

  /** How many requests its server has not taken yet. */
  public int requestsOnTheWay() {
    return connection == null ? 0 : connection.toServer.size();
  }

  /** Whether it runs. */
  public boolean running() {
    return !paused && !closed;
  }

  boolean canReceive() {
    return !paused && (untold != null || (connection != null && !connection.toClient.isEmpty()));
  }

  boolean canConnect() {
    return running() && connection == null && (listener != null || !owned);
  }

  /** The last transaction that it has heard of in its session. */
  long lastZxid() {
    return lastZxid;
  }

  /** How often it has asked for a connection. */
  int attempts() {
    return attempts;
  }

  // Requests.

  void send(SimSession from, Request request) {
    if (from.ended) {
      fail(request, Code.SESSION_ENDED);
    } else if (established) {
      transmit(request);
    } else {
      fail(request, Code.CONNECTION_LOSS);
    }
  }

  private void transmit(Request request) {
    requireNonNull(connection).toServer.add(request);
    pending.add(request);
    lastSentNanos = ensemble.nowNanos();
  }

  private void fail(Request request, Code code) {
    if (request instanceof Request.Unwatch unwatch && session != null) {
      session.watchesOf(unwatch.read()).remove(unwatch.read().path());
    }
    if (listener == null) {
      return;
    }
    if (request instanceof Request.Write write) {
      write.callback().accept(Reply.Transaction.failed(code));
    } else if (request instanceof Request.Read read) {
      read.callback().accept(Collections.nCopies(read.reads().size(), Reply.Read.failed(code)));
    } else if (request instanceof Request.Watch watch) {
      watch.callback().accept(Reply.Read.failed(code));
    }
  }

  private void failAll(Code code) {
    List<Request> all = new ArrayList<>(pending);
    pending.clear();
    all.forEach(request -> fail(request, code));
  }

  // Connections.

  void connect(Server server) {
    attempts++;
    if (session == null) {
      askedForNanos = owned ? nodeNanos.getAsLong() : Long.MIN_VALUE;
    }
    Connection made = new Connection(server, this);
    connection = made;
    server.connections.add(made);
    made.toServer.add(
        new Request.Connect(session == null ? 0 : session.id(), timeoutNanos, lastZxid));
    lastSentNanos = ensemble.nowNanos();
    lastHeardNanos = lastSentNanos;
  }

  /** See {@link Ensemble#disconnect}. */
  void lose(int delivered, int carriedOver) {
    if (paused) {
      if (connection != null) {
        connection.server.close(connection);
      }
      return;
    }
    List<Request> lost = abandon(delivered);
    carried.clear();
    for (Request request : lost.subList(Math.max(0, lost.size() - carriedOver), lost.size())) {
      if (request instanceof Request.Write) {
        carried.add(request);
      }
    }
    boolean was = established;
    established = false;
    failAll(Code.CONNECTION_LOSS);
    if (was && session != null && listener != null) {
      listener.disconnected(session);
    }
  }

  /** Gives up the connection. Returns the requests that do not reach the server. */
  private List<Request> abandon(int delivered) {
    Connection left = connection;
    connection = null;
    if (left == null) {
      return List.of();
    }
    left.clientGone = true;
    left.toClient.clear();
    Deque<Request> lost = new ArrayDeque<>();
    while (left.toServer.size() > delivered) {
      lost.addFirst(left.toServer.removeLast());
    }
    if (left.toServer.isEmpty() && !left.serverGone) {
      left.server.drop(left);
    }
    return List.copyOf(lost);
  }

  // Messages.

  void receive() {
    if (untold != null) {
      SimSession told = untold;
      untold = null;
      requireNonNull(listener).opened(told);
      if (!established) {
        requireNonNull(listener).disconnected(told);
      }
      return;
    }
    Message message = requireNonNull(connection).toClient.remove();
    lastHeardNanos = ensemble.nowNanos();
    if (message instanceof Message.Connected connected) {
      connected(connected.session());
    } else if (message instanceof Message.Answer answer) {
      answered(answer);
    } else if (message instanceof Message.Event event) {
      fired(event);
    } else {
      lose(0, 0);
    }
  }

  private void connected(long id) {
    if (id == 0) {
      abandon(0);
      end();
      return;
    }
    established = true;
    SimSession present = session;
    if (present == null) {
      present = new SimSession(this, id, timeoutNanos, askedForNanos);
      session = present;
      if (listener != null) {
        listener.opened(present);
      }
    } else {
      if (!present.dataWatches.isEmpty() || !present.childWatches.isEmpty()) {
        transmit(
            new Request.SetWatches(
                lastZxid, List.copyOf(present.dataWatches), List.copyOf(present.childWatches)));
      }
      requireNonNull(connection).toServer.addAll(carried);
      carried.clear();
      if (listener != null) {
        listener.reconnected(present);
      }
    }
  }

  private void answered(Message.Answer answer) {
    if (answer.sizeBytes() > ensemble.settings.packetLimitBytes()
        && !ensemble.settings.has(Mutation.REPLY_UNLIMITED)) {
      lose(Integer.MAX_VALUE, 0);
      return;
    }
    Request request = answer.request();
    boolean awaited = pending.remove(request);
    if (!(request instanceof Request.Ping)) {
      lastZxid = answer.zxid();
    }
    if (!awaited) {
      return;
    }
    SimSession present = requireNonNull(session);
    if (request instanceof Request.Watch watch
        && (answer.reads().get(0).code() == Code.OK
            || ensemble.settings.has(Mutation.WATCH_ON_FAILURE))) {
      present.watchesOf(watch.read()).add(watch.read().path());
    } else if (request instanceof Request.Unwatch unwatch
        && !ensemble.settings.has(Mutation.UNWATCH_DOES_NOTHING)) {
      present.watchesOf(unwatch.read()).remove(unwatch.read().path());
    }
    if (listener == null) {
      return;
    }
    if (request instanceof Request.Write write) {
      write.callback().accept(requireNonNull(answer.written()));
    } else if (request instanceof Request.Read read) {
      read.callback().accept(answer.reads());
    } else if (request instanceof Request.Watch watch) {
      watch.callback().accept(answer.reads().get(0));
    }
  }

  private void fired(Message.Event event) {
    boolean deleted = event.type() == Message.Event.Type.DELETED;
    if (deleted || event.type() == Message.Event.Type.DATA_CHANGED) {
      fired(new ReadOp.Data(event.path()), WatchKind.DATA);
    }
    if (deleted || event.type() == Message.Event.Type.CHILDREN_CHANGED) {
      fired(new ReadOp.Children(event.path()), WatchKind.CHILDREN);
    }
  }

  private void fired(ReadOp read, WatchKind kind) {
    SimSession present = requireNonNull(session);
    boolean stays = ensemble.settings.has(Mutation.WATCH_STAYS);
    boolean set =
        stays
            ? present.watchesOf(read).contains(read.path())
            : present.watchesOf(read).remove(read.path());
    if (set && listener != null) {
      listener.watchFired(present, read.path(), kind);
    }
  }

  // The end of sessions.

  /** The session is over; the next one is asked for unless the client is closed. */
  private void end() {
    SimSession over = session;
    established = false;
    session = null;
    lastZxid = 0;
    carried.clear();
    if (over == null) {
      return;
    }
    over.ended = true;
    over.dataWatches.clear();
    over.childWatches.clear();
    failAll(Code.SESSION_ENDED);
    if (listener != null) {
      listener.ended(over);
    }
  }

  /** The client leaves its server for good, with or without ending the session there. */
  private void leave(boolean endSession) {
    if (session != null) {
      session.ended = true;
    }
    if (established && endSession) {
      transmit(new Request.Close());
      abandon(Integer.MAX_VALUE);
    } else {
      abandon(0);
    }
    established = false;
  }

  /** See {@link Ensemble#closeHandle}. */
  void closeHandle(boolean replaced, boolean reachesServer) {
    SimSession over = session;
    if (over != null && listener != null && !ensemble.settings.has(Mutation.CLOSING_IS_SILENT)) {
      listener.closing(over);
    }
    closed = !replaced;
    leave(reachesServer);
    end();
    if (closed && listener != null) {
      listener.unavailable("the client is closed");
    }
  }

  /** See {@link Ensemble#giveUp}. */
  void giveUp() {
    abandon(Integer.MAX_VALUE);
    end();
  }

  /** See {@link Ensemble#crash}. */
  void crash(int delivered) {
    closed = true;
    listener = null;
    established = false;
    abandon(delivered);
    pending.clear();
    carried.clear();
  }

  void pause(boolean on) {
    paused = on;
  }

  // Time.

  /** When the client does something by itself; {@link Long#MAX_VALUE} for never. */
  long nextDueNanos() {
    if (connection == null || paused || closed) {
      return Long.MAX_VALUE;
    }
    long patienceEnds = lastHeardNanos + timeoutNanos * 2 / 3;
    return established ? Math.min(patienceEnds, lastSentNanos + timeoutNanos / 3) : patienceEnds;
  }

  void due(long nowNanos) {
    if (connection == null || paused || closed) {
      return;
    }
    if (nowNanos >= lastHeardNanos + timeoutNanos * 2 / 3) {
      lose(Integer.MAX_VALUE, 0);
    } else if (established && nowNanos >= lastSentNanos + timeoutNanos / 3) {
      transmit(new Request.Ping());
    }
  }

  void fingerprint(Fingerprint out) {
    out.text("client ").number(index);
    out.text(paused ? "paused " : "")
        .text(closed ? "closed " : "")
        .text(untold == null ? "" : "untold ");
    out.text(established ? "up " : connection == null ? "no " : "half ").number(server());
    out.progressOf(index, closed ? 0 : lastZxid);
    if (session != null) {
      out.number(session.id()).text(session.ended ? "over " : "");
      if (!closed) {
        out.text(session.dataWatches.toString()).text(session.childWatches.toString());
      }
    }
    for (Request request : carried) {
      Canonical.add(out.text("\n carried "), request);
    }
    for (Request request : pending) {
      Canonical.add(out.text("\n pending "), request);
    }
    if (connection != null) {
      out.text("\n to server ").number(connection.toServer.size());
      out.text("in service ").number(connection.inService.size());
      for (Message message : connection.toClient) {
        Canonical.add(out.text("\n to client "), message, index);
      }
    }
    out.text("\n");
  }
}
