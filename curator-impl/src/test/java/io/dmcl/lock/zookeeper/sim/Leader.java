package io.dmcl.lock.zookeeper.sim;

import static java.util.Objects.requireNonNull;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the leader knows: the latest tree, the log, and the sessions. It decides about every write,
 * in one order, and about the end of every session.
 */
final class Leader {
  static final long EPOCH = 1L << 32;

  /** A session as the leader knows it. */
  static final class Tracked {
    final long id;
    final long timeoutNanos;
    long expiresAtNanos;

    /** The server by which it writes; null until the first time under this leader. */
    @Nullable Server owner;

    Tracked(long id, long timeoutNanos) {
      this.id = id;
      this.timeoutNanos = timeoutNanos;
    }
  }

  final Tree tree;
  final List<Txn> log = new ArrayList<>();
  final Map<Long, Tracked> sessions = new TreeMap<>();

  /** The server that it runs on. */
  int index;

  private final Settings settings;
  private final Consumer<Txn> committed;
  private long zxid = EPOCH;
  private long lastSession = 0x1000;

  Leader(Settings settings, Consumer<Txn> committed) {
    this.settings = settings;
    this.committed = committed;
    tree = new Tree(settings.mutations());
  }

  /** Another server leads: it gives every session its full time again. */
  void elected(int server, long nowNanos) {
    index = server;
    zxid = (zxid / EPOCH + 1) * EPOCH;
    for (Tracked session : sessions.values()) {
      session.owner = null;
      extend(session, nowNanos);
    }
  }

  /** A server has heard of the session. Returns whether it lives. */
  boolean touch(long id, long nowNanos) {
    Tracked session = sessions.get(id);
    if (session == null) {
      return false;
    }
    extend(session, nowNanos);
    return true;
  }

  private void extend(Tracked session, long nowNanos) {
    long tick = settings.tickNanos();
    long until = ((nowNanos + session.timeoutNanos) / tick + 1) * tick;
    session.expiresAtNanos = settings.has(Mutation.EXPIRES_EARLY) ? until - 2 * tick : until;
  }

  /** A client asks, by a server, to go on with a session. Returns whether it may. */
  boolean revalidate(long id, Server server, long nowNanos) {
    Tracked session = sessions.get(id);
    if (session == null) {
      return settings.has(Mutation.ENDED_SESSION_RETURNS);
    }
    if (!settings.has(Mutation.RECONNECT_DOES_NOT_TOUCH)) {
      extend(session, nowNanos);
    }
    session.owner = server;
    return true;
  }

  /** When the next session ends if nothing is heard; {@link Long#MAX_VALUE} if there is none. */
  long nextExpiryNanos() {
    long next = Long.MAX_VALUE;
    for (Tracked session : sessions.values()) {
      next = Math.min(next, session.expiresAtNanos);
    }
    return next;
  }

  /** Ends the sessions whose time is over. */
  void expire(long nowNanos) {
    for (Tracked session : List.copyOf(sessions.values())) {
      if (session.expiresAtNanos <= nowNanos) {
        end(session.id, null, null);
      }
    }
  }

  /** A request that a server has passed on. */
  void handle(Server server, Connection connection, Request request, long nowNanos) {
    if (request instanceof Request.Connect connect) {
      long id = ++lastSession;
      Tracked session = new Tracked(id, connect.timeoutNanos());
      session.owner = server;
      sessions.put(id, session);
      extend(session, nowNanos);
      commit(
          new Txn(
              ++zxid, Txn.Kind.OPEN_SESSION, id, List.of(), connection, request, empty(Code.OK)));
      return;
    }
    if (connection.clientGone && settings.has(Mutation.BROKEN_CONNECTION_UNDOES)) {
      return;
    }
    Tracked session = sessions.get(connection.session);
    Code refusal = refusal(session, server);
    if (refusal != Code.OK) {
      commit(
          new Txn(
              ++zxid,
              Txn.Kind.WRITE,
              connection.session,
              List.of(),
              connection,
              request,
              empty(refusal)));
      return;
    }
    if (session != null && settings.has(Mutation.FORWARDED_WRITE_TOUCHES)) {
      extend(session, nowNanos);
    }
    if (request instanceof Request.Write write) {
      write(connection, write);
    } else {
      end(connection.session, connection, request);
    }
  }

  private Code refusal(@Nullable Tracked session, Server server) {
    if (session == null) {
      return settings.has(Mutation.ENDED_SESSION_WRITES) ? Code.OK : Code.SESSION_ENDED;
    }
    if (session.owner == null) {
      session.owner = server;
    }
    // The session has moved: this is from a connection that its client has left.
    return session.owner == server || settings.has(Mutation.MOVED_SESSION_WRITES)
        ? Code.OK
        : Code.REFUSED;
  }

  private static Reply.Transaction empty(Code code) {
    return Reply.Transaction.failed(code);
  }

  private void commit(Txn txn) {
    tree.zxid = txn.zxid();
    log.add(txn);
    committed.accept(txn);
  }

  /** Ends a session: its ephemeral znodes go in one transaction. */
  void end(long id, @Nullable Connection connection, @Nullable Request request) {
    sessions.remove(id);
    long txn = ++zxid;
    List<Change> changes = new ArrayList<>();
    if (!settings.has(Mutation.EPHEMERALS_STAY)) {
      for (String path : tree.ephemeralsOf(id, settings.has(Mutation.EPHEMERALS_GO_WITH_ANY))) {
        Change change = new Change.Deleted(path);
        tree.apply(change, txn);
        changes.add(change);
      }
    }
    commit(new Txn(txn, Txn.Kind.CLOSE_SESSION, id, changes, connection, request, empty(Code.OK)));
  }

  private void write(Connection connection, Request.Write request) {
    long first = ++zxid;
    List<WriteOp> writes = request.writes();
    List<Change> changes = new ArrayList<>(writes.size());
    List<Tree.Saved> saved = new ArrayList<>(writes.size());
    List<Reply.Written> results = new ArrayList<>(writes.size());
    Code code = Code.OK;
    for (WriteOp op : writes) {
      String path = pathOf(op);
      Code result = check(op, path);
      if (result != Code.OK) {
        code = result;
        break;
      }
      saved.add(tree.save(path));
      Change change = change(op, path, connection.session);
      tree.apply(
          change, first + (settings.has(Mutation.MULTI_ZXID_PER_MEMBER) ? changes.size() : 0));
      changes.add(change);
      results.add(written(op, path));
    }
    if (code == Code.OK) {
      for (Change change : changes) {
        if (change instanceof Change.Created created && created.parentCreates() < 0) {
          tree.settleCounter(created.path());
        }
      }
      if (settings.has(Mutation.MULTI_ZXID_PER_MEMBER)) {
        zxid += changes.size();
      }
    } else {
      results = rollBack(changes, saved, results, code, writes.size());
    }
    commit(
        new Txn(
            first,
            Txn.Kind.WRITE,
            connection.session,
            changes,
            connection,
            request,
            new Reply.Transaction(code, results)));
  }

  private List<Reply.Written> rollBack(
      List<Change> changes,
      List<Tree.Saved> saved,
      List<Reply.Written> done,
      Code code,
      int members) {
    if (!settings.has(Mutation.MULTI_IN_PART)) {
      for (int i = saved.size() - 1; i >= 0; i--) {
        tree.restore(saved.get(i));
      }
      changes.clear();
    }
    List<Reply.Written> results = new ArrayList<>(members);
    for (int i = 0; i < members; i++) {
      if (i < done.size() && settings.has(Mutation.MULTI_CLAIMS_PART)) {
        results.add(done.get(i));
      } else {
        results.add(new Reply.Written(i == done.size() ? code : Code.ROLLED_BACK, null, null));
      }
    }
    return results;
  }

  /** The path with the number that a sequential create gets. */
  private String pathOf(WriteOp op) {
    if (op instanceof WriteOp.Create create && create.kind() == WriteOp.Kind.EPHEMERAL_SEQUENTIAL) {
      Znode parent = tree.get(Tree.parentOf(op.path()));
      if (parent != null) {
        int number = parent.sequence;
        return op.path()
            + (settings.has(Mutation.SEQUENCE_UNPADDED)
                ? Integer.toString(number)
                : padded(number));
      }
    }
    return op.path();
  }

  private static String padded(int number) {
    String digits = Integer.toString(number);
    return number < 0
        ? String.format(Locale.ROOT, "%010d", number)
        : "0".repeat(10 - digits.length()) + digits;
  }

  private Code check(WriteOp op, String path) {
    Znode node = tree.get(path);
    if (op instanceof WriteOp.Create) {
      Znode parent = tree.get(Tree.parentOf(path));
      if (parent == null) {
        return settings.has(Mutation.CREATE_WITHOUT_PARENT) ? Code.OK : Code.NO_NODE;
      }
      if (node != null && !settings.has(Mutation.CREATE_REPLACES)) {
        return Code.NODE_EXISTS;
      }
      return parent.owner == 0 || settings.has(Mutation.EPHEMERAL_PARENTS) ? Code.OK : Code.REFUSED;
    }
    if (op instanceof WriteOp.SetData) {
      return node != null || settings.has(Mutation.SET_OF_NOTHING) ? Code.OK : Code.NO_NODE;
    }
    if (node == null) {
      return settings.has(Mutation.DELETE_OF_NOTHING) ? Code.OK : Code.NO_NODE;
    }
    return node.children.isEmpty() || settings.has(Mutation.DELETE_WITH_CHILDREN)
        ? Code.OK
        : Code.NOT_EMPTY;
  }

  private Change change(WriteOp op, String path, long session) {
    if (op instanceof WriteOp.Create create) {
      Znode parent = tree.get(Tree.parentOf(path));
      boolean counts =
          create.kind() == WriteOp.Kind.EPHEMERAL_SEQUENTIAL
              || !settings.has(Mutation.SEQUENCE_IGNORES_PLAIN_CREATES);
      int creates = parent == null ? 0 : parent.sequence + (counts ? 1 : 0);
      long owner = create.kind() == WriteOp.Kind.PERSISTENT ? 0 : session;
      return new Change.Created(path, create.data(), owner, creates);
    }
    if (op instanceof WriteOp.SetData set) {
      return new Change.Set(path, set.data());
    }
    return new Change.Deleted(path);
  }

  private Reply.Written written(WriteOp op, String path) {
    if (op instanceof WriteOp.Create) {
      return new Reply.Written(Code.OK, path, null);
    }
    Znode node = tree.get(path);
    if (op instanceof WriteOp.SetData && node != null) {
      return new Reply.Written(Code.OK, null, node.stat(settings.mutations()));
    }
    return new Reply.Written(Code.OK, null, null);
  }

  void fingerprint(Fingerprint out, long nowNanos, boolean timed) {
    tree.fingerprint(out);
    for (Tracked session : sessions.values()) {
      out.text("session ").number(session.id);
      out.number(session.owner == null ? -1 : requireNonNull(session.owner).index);
      if (timed) {
        out.number(session.expiresAtNanos - nowNanos);
      }
    }
  }
}
