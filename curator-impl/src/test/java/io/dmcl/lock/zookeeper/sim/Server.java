package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One server: its tree is the leader's log up to some entry. It answers reads by itself and passes
 * writes on; what it has heard of sessions travels with its answers to the leader's pings. Between
 * it and the leader there is one ordered stream each way.
 */
final class Server {
  /** A message to the leader: a request of a connection, or the sessions that were heard of. */
  record ToLeader(@Nullable Connection connection, @Nullable Request request, List<Long> touched) {}

  /** A message of the leader: a commit, the answer to a reconnect, or a ping if it is empty. */
  record FromLeader(@Nullable Txn commit, @Nullable Connection revalidated, boolean valid) {
    static final FromLeader PING = new FromLeader(null, null, false);
  }

  final int index;
  final Tree tree;

  /** Entries of the log that were applied. */
  int applied;

  /** The link to the leader is down: nothing gets through, nothing is lost. */
  boolean cut;

  /** The server is not there. */
  boolean down;

  final Deque<ToLeader> toLeader = new ArrayDeque<>();
  final Deque<FromLeader> fromLeader = new ArrayDeque<>();
  final List<Connection> connections = new ArrayList<>();
  final Watches watches;

  final Step applies;
  final Step hears;
  final Step leaderReceives;

  private final Ensemble ensemble;
  private final Settings settings;
  private final Set<Long> touched = new LinkedHashSet<>();

  /** Events that a wrong rule holds back. */
  private final List<Runnable> late = new ArrayList<>();

  Server(int index, Ensemble ensemble) {
    this.index = index;
    this.ensemble = ensemble;
    settings = ensemble.settings;
    tree = new Tree(settings.mutations());
    watches = new Watches(settings);
    applies = new Step(Step.Kind.SERVER_APPLIES, index, -1, null);
    hears = new Step(Step.Kind.SERVER_HEARS, index, -1, null);
    leaderReceives = new Step(Step.Kind.LEADER_RECEIVES, index, -1, null);
  }

  private boolean leads() {
    return ensemble.leader.index == index;
  }

  // From clients.

  void take(Connection connection) {
    serve(connection, connection.toServer.remove());
    if (connection.clientGone && connection.toServer.isEmpty() && !connection.serverGone) {
      drop(connection);
    }
  }

  private void serve(Connection connection, Request request) {
    if (PacketSize.of(request) > settings.packetLimitBytes()
        && !settings.has(Mutation.REQUEST_UNLIMITED)) {
      close(connection);
      return;
    }
    if (request instanceof Request.Connect connect) {
      connect(connection, connect);
      return;
    }
    touch(connection.session);
    if (request.isWrite()) {
      connection.inService.add(request);
      toLeader(new ToLeader(connection, request, List.of()));
    } else if (connection.inService.isEmpty() || settings.has(Mutation.READ_OVERTAKES_WRITE)) {
      answer(connection, request);
    } else {
      connection.inService.add(request);
    }
  }

  private void connect(Connection connection, Request.Connect connect) {
    if (connect.lastZxid() > tree.zxid && !settings.has(Mutation.BACK_IN_TIME)) {
      close(connection);
      return;
    }
    connection.asked = connect.session();
    if (connect.session() == 0) {
      toLeader(new ToLeader(connection, connect, List.of()));
      return;
    }
    for (Connection other : List.copyOf(connections)) {
      if (other != connection && other.session == connect.session()) {
        close(other);
      }
    }
    if (leads()) {
      boolean valid = ensemble.leader.revalidate(connect.session(), this, ensemble.nowNanos());
      connected(connection, valid ? connect.session() : 0);
    } else {
      toLeader(new ToLeader(connection, connect, List.of()));
    }
  }

  private void connected(Connection connection, long session) {
    connection.session = session;
    connection.send(new Message.Connected(session));
    if (session == 0) {
      close(connection);
    }
  }

  private void touch(long session) {
    if (leads()) {
      ensemble.leader.touch(session, ensemble.nowNanos());
    } else if (settings.has(Mutation.TOUCHES_REPORTED_AT_ONCE)) {
      ensemble.leader.touch(session, ensemble.nowNanos());
    } else {
      touched.add(session);
    }
  }

  private void toLeader(ToLeader message) {
    toLeader.add(message);
    if (!cut && settings.direct()) {
      receiveAllAtLeader();
    }
  }

  void receiveAllAtLeader() {
    while (!toLeader.isEmpty()) {
      receiveAtLeader();
    }
  }

  /** The leader has the next message. */
  void receiveAtLeader() {
    ToLeader message = toLeader.remove();
    long nowNanos = ensemble.nowNanos();
    for (long session : message.touched()) {
      ensemble.leader.touch(session, nowNanos);
    }
    Connection connection = message.connection();
    Request request = message.request();
    if (connection == null || request == null) {
      return;
    }
    if (request instanceof Request.Connect connect && connect.session() != 0) {
      boolean valid = ensemble.leader.revalidate(connect.session(), this, nowNanos);
      fromLeader.add(new FromLeader(null, connection, valid));
    } else {
      ensemble.leader.handle(this, connection, request, nowNanos);
    }
  }

  // Reads.

  /** Answers the connection's next read, from what is applied now. */
  void answerNext(Connection connection) {
    answer(connection, connection.inService.remove());
  }

  private void answer(Connection connection, Request request) {
    if (cut && settings.has(Mutation.CUT_SERVER_IS_SILENT)) {
      return;
    }
    Tree seen = settings.has(Mutation.READS_DO_NOT_LAG) ? ensemble.leader.tree : tree;
    List<Reply.Read> reads = new ArrayList<>();
    if (request instanceof Request.Read read) {
      for (ReadOp op : read.reads()) {
        reads.add(seen.read(op, settings.has(Mutation.MULTI_READ_CHILDREN_STAT)));
      }
      if (settings.has(Mutation.MULTI_READ_FAILS_AS_ONE)
          && reads.stream().anyMatch(one -> one.code() != Code.OK)) {
        reads.replaceAll(one -> Reply.Read.failed(Code.NO_NODE));
      }
    } else if (request instanceof Request.Watch watch) {
      Reply.Read reply = seen.read(watch.read(), true);
      reads.add(reply);
      if (reply.code() == Code.OK || settings.has(Mutation.WATCH_ON_FAILURE)) {
        watches.add(watch.read(), connection);
      }
    } else if (request instanceof Request.Unwatch unwatch) {
      watches.remove(unwatch.read(), connection);
    } else if (request instanceof Request.SetWatches again) {
      watches.setAgain(again, connection, tree);
    }
    connection.send(new Message.Answer(request, seen.zxid, null, reads, PacketSize.of(reads)));
  }

  // From the leader.

  void apply() {
    handle(fromLeader.remove());
  }

  /** Whether something else than a commit is waiting behind a commit. */
  boolean canHear() {
    if (fromLeader.element().commit() != null) {
      for (FromLeader message : fromLeader) {
        if (message.commit() == null) {
          return true;
        }
      }
    }
    return false;
  }

  void hear() {
    for (Iterator<FromLeader> messages = fromLeader.iterator(); messages.hasNext(); ) {
      FromLeader message = messages.next();
      if (message.commit() == null) {
        messages.remove();
        handle(message);
        return;
      }
    }
  }

  private void handle(FromLeader message) {
    if (message.commit() != null) {
      apply(message.commit());
    } else if (message.revalidated() != null) {
      Connection connection = message.revalidated();
      if (!connection.serverGone) {
        connected(connection, message.valid() ? connection.asked : 0);
      }
    } else {
      toLeader(new ToLeader(null, null, List.copyOf(touched)));
      touched.clear();
    }
  }

  private void apply(Txn txn) {
    applied++;
    Connection origin = txn.origin();
    if (origin != null && (origin.server != this || origin.serverGone)) {
      origin = null;
    }
    if (origin != null && !(txn.request() instanceof Request.Connect)) {
      // What a client has read before its write is from before it.
      while (origin.readIsNext()) {
        answerNext(origin);
      }
    }
    if (origin != null && settings.has(Mutation.ANSWERED_BEFORE_APPLIED)) {
      answer(origin, txn);
      while (origin.readIsNext()) {
        answerNext(origin);
      }
    }
    tree.zxid = txn.zxid();
    for (int i = 0; i < txn.changes().size(); i++) {
      Change change = txn.changes().get(i);
      tree.apply(change, txn.zxid() + (settings.has(Mutation.MULTI_ZXID_PER_MEMBER) ? i : 0));
      fire(change, txn);
    }
    if (origin != null && !settings.has(Mutation.ANSWERED_BEFORE_APPLIED)) {
      answer(origin, txn);
    }
    if (!late.isEmpty()) {
      if (origin != null) {
        while (origin.readIsNext()) {
          answerNext(origin);
        }
      }
      late.forEach(Runnable::run);
      late.clear();
    }
    if (txn.kind() == Txn.Kind.CLOSE_SESSION) {
      for (Connection connection : List.copyOf(connections)) {
        if (connection.session == txn.session()) {
          close(connection);
        }
      }
    }
  }

  private void fire(Change change, Txn txn) {
    if (txn.kind() == Txn.Kind.CLOSE_SESSION && settings.has(Mutation.SESSION_END_IS_SILENT)) {
      return;
    }
    if (settings.has(Mutation.EVENT_AFTER_ANSWER)) {
      late.add(() -> watches.fire(change, txn.session()));
    } else {
      watches.fire(change, txn.session());
    }
  }

  private void answer(Connection origin, Txn txn) {
    if (txn.kind() == Txn.Kind.OPEN_SESSION) {
      connected(origin, txn.session());
      return;
    }
    if (txn.reply().code() == Code.REFUSED && txn.reply().results().isEmpty()) {
      close(origin); // as ZooKeeper does for a session that has moved: it does not answer
      return;
    }
    Request request = origin.inService.peek();
    if (request == txn.request()) {
      origin.inService.remove();
      origin.send(
          new Message.Answer(
              request, txn.zxid(), txn.reply(), List.of(), PacketSize.of(txn.reply())));
    }
  }

  // The life of connections.

  void close(Connection connection) {
    connection.send(new Message.Closed());
    drop(connection);
  }

  /** Forgets a connection; what was passed on to the leader goes on. */
  void drop(Connection connection) {
    connection.serverGone = true;
    connection.toServer.clear();
    connection.inService.clear();
    connections.remove(connection);
    watches.removeAll(connection);
  }

  /** Loses everything but what is in the log. */
  void reset() {
    for (Connection connection : List.copyOf(connections)) {
      close(connection);
    }
    toLeader.clear();
    fromLeader.clear();
    if (!settings.has(Mutation.TOUCHES_SURVIVE_RESTART)) {
      touched.clear();
    }
  }

  void fingerprint(Fingerprint out) {
    out.text("server ").number(index).text(cut ? "cut " : "").text(down ? "down " : "");
    for (long session : touched) {
      out.number(session);
    }
    boolean lags = false;
    for (FromLeader message : fromLeader) {
      if (message.commit() != null) {
        lags = true;
        Canonical.add(out.text("\n commit "), message.commit());
      } else {
        out.text(message.revalidated() == null ? "\n ping " : "\n valid " + message.valid());
      }
    }
    out.progress(tree.zxid);
    if (lags) {
      tree.fingerprint(out);
    }
    for (ToLeader message : toLeader) {
      out.text("\n to leader ").text(message.touched().toString());
      if (message.connection() != null && message.request() != null) {
        out.number(message.connection().client.index);
        out.text(message.connection().clientGone ? "gone " : "");
        Canonical.add(out, message.request());
      }
    }
    for (Connection connection : connections) {
      if (connection.clientGone) {
        out.text("\n gone ").number(connection.client.index);
        for (Request request : connection.toServer) {
          Canonical.add(out, request);
        }
      }
    }
    watches.fingerprint(out);
  }
}
