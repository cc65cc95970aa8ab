package io.dmcl.lock.zookeeper.sim;

import static java.util.Objects.requireNonNull;

import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Does actions on an ensemble and writes down everything that its sessions are told. */
abstract class Player {
  static final int SLOTS = 3;

  /** Something that a session was told: texts, and transaction ids as Longs. */
  record Line(boolean event, List<Object> tokens) {
    void render(Fingerprint out) {
      for (Object token : tokens) {
        if (token instanceof Long zxid) {
          out.zxid(zxid);
        } else {
          out.text(token.toString());
        }
      }
      out.text("\n");
    }
  }

  /** A session and what it is told. */
  final class Slot implements Coordinator.Listener {
    final Coordinator coordinator;
    private final List<Line> lines = new ArrayList<>();
    private final CountDownLatch opened = new CountDownLatch(1);
    final Semaphore gone = new Semaphore(0);
    final Semaphore back = new Semaphore(0);
    private volatile @Nullable Session session;

    /** It has set watches, so events can come. */
    private boolean watches;

    Slot(Coordinator coordinator) {
      this.coordinator = coordinator;
      coordinator.start(this);
    }

    Session session() {
      return requireNonNull(session, "no session");
    }

    synchronized void add(boolean event, List<Object> tokens) {
      lines.add(new Line(event, tokens));
    }

    private synchronized void forgetConnections() {
      lines.removeIf(line -> line.tokens().get(0).toString().endsWith("connected"));
    }

    private synchronized List<Line> taken() {
      List<Line> taken = List.copyOf(lines);
      lines.clear();
      return taken;
    }

    @Override
    public void opened(Session session) {
      this.session = session;
      opened.countDown();
    }

    @Override
    public void disconnected(Session session) {
      add(false, List.of("disconnected"));
      gone.release();
    }

    @Override
    public void reconnected(Session session) {
      add(false, List.of("reconnected"));
      back.release();
    }

    @Override
    public void ended(Session session) {
      if (session == this.session) {
        add(false, List.of("ended"));
      }
    }

    @Override
    public void closing(Session session) {}

    @Override
    public void watchFired(Session session, String path, Coordinator.WatchKind kind) {
      if (path.equals(root) || path.startsWith(root + "/")) {
        add(true, List.of("fired " + kind + " " + path));
      }
    }

    @Override
    public void unavailable(String reason) {
      add(false, List.of("unavailable"));
    }
  }

  private final @Nullable Slot[] slots = new @Nullable Slot[SLOTS];
  private volatile String root = "/";
  private @Nullable Slot away;

  /** A new client. */
  abstract Coordinator client();

  /** Closes a client; its session ends before anything that is done later. */
  abstract void close(Slot slot);

  /** The slot's connection breaks, and it gets no other. */
  abstract void disconnect(Slot slot);

  /** Returns when the slot's connection has broken, and it has another. */
  abstract void reconnect(Slot slot);

  /** A slot is without a connection until {@link #bringBack}. */
  void takeAway(int slot) {
    away = slot(slot);
    disconnect(slot(slot));
  }

  /** Returns when the slot's connection has broken, and it has another. */
  void bringBack(int slot) {
    away = null;
    reconnect(slot(slot));
    slot(slot).forgetConnections();
  }

  /** Sets the counter that names a znode's sequential children. */
  abstract void setCounter(String path, int creates);

  /** Returns when the latch is down, or cannot come down any more. */
  abstract void await(CountDownLatch latch);

  /** Returns when these sessions were told all events of what was done. */
  abstract void flush(List<Slot> open);

  /** From now on only what concerns this subtree is told. */
  void root(String path) {
    root = path;
    open().forEach(slot -> slot.watches = false);
  }

  Slot slot(int index) {
    Slot slot = slots[index];
    if (slot == null) {
      slot = new Slot(client());
      slots[index] = slot;
      await(slot.opened);
    }
    return slot;
  }

  /** Does an action and returns what all sessions were told. */
  List<Line> play(Action action) {
    List<Line> told = new ArrayList<>();
    if (action instanceof Action.Close close) {
      Slot slot = slot(close.slot());
      slots[close.slot()] = null;
      close(slot);
    } else if (action instanceof Action.Batch batch) {
      Slot slot = slot(batch.slot());
      CountDownLatch answered = new CountDownLatch(batch.ops().size());
      batch.ops().forEach(op -> send(slot, op, answered));
      await(answered);
    }
    if (action instanceof Action.Batch batch && batch.ops().get(0) instanceof Action.Unwatch) {
      flush(List.of(slot(batch.slot())));
    } else if (mayFire(action)) {
      List<Slot> others = open();
      others.removeIf(slot -> !slot.watches || slot == away);
      if (action instanceof Action.Batch batch) {
        others.remove(slots[batch.slot()]);
      }
      flush(others);
    }
    for (int i = 0; i < SLOTS; i++) {
      Slot slot = slots[i];
      List<Line> lines = slot == null ? List.of() : inOrder(slot.taken());
      if (!lines.isEmpty()) {
        told.add(new Line(false, List.of("slot " + i)));
        told.addAll(lines);
      }
    }
    return told;
  }

  /** Closes all clients. */
  void closeClients() {
    open().forEach(this::close);
  }

  private static boolean mayFire(Action action) {
    return !(action instanceof Action.Batch batch)
        || batch.ops().stream().anyMatch(op -> op instanceof Action.Transact);
  }

  private List<Slot> open() {
    List<Slot> open = new ArrayList<>();
    for (Slot slot : slots) {
      if (slot != null) {
        open.add(slot);
      }
    }
    return open;
  }

  /** Events between the same two replies have no order: a session's end fires them in any. */
  private static List<Line> inOrder(List<Line> lines) {
    List<Line> sorted = new ArrayList<>(lines);
    int from = 0;
    for (int i = 0; i <= sorted.size(); i++) {
      if (i == sorted.size() || !sorted.get(i).event()) {
        sorted.subList(from, i).sort(Comparator.comparing(line -> line.tokens().toString()));
        from = i + 1;
      }
    }
    return Collections.unmodifiableList(sorted);
  }

  private static void send(Slot slot, Action.Op op, CountDownLatch answered) {
    Session session = slot.session();
    if (op instanceof Action.Transact transact) {
      session.transact(transact.writes(), told(slot, answered, Player::tokens));
    } else if (op instanceof Action.Read read) {
      session.read(read.reads(), told(slot, answered, Player::tokens));
    } else if (op instanceof Action.Watch watch) {
      slot.watches = true;
      session.watch(watch.read(), told(slot, answered, reply -> tokens(List.of(reply))));
    } else if (op instanceof Action.Unwatch unwatch) {
      session.unwatch(unwatch.read());
      answered.countDown();
    }
  }

  private static <T> Consumer<T> told(
      Slot slot, CountDownLatch answered, java.util.function.Function<T, List<Object>> tokens) {
    return reply -> {
      slot.add(false, tokens.apply(reply));
      answered.countDown();
    };
  }

  private static List<Object> tokens(Reply.Transaction reply) {
    List<Object> tokens = new ArrayList<>();
    tokens.add("written " + reply.code());
    for (Reply.Written written : reply.results()) {
      tokens.add(" | " + written.code());
      if (written.createdPath() != null) {
        tokens.add(" " + written.createdPath());
      }
      add(tokens, written.stat());
    }
    return tokens;
  }

  private static List<Object> tokens(List<Reply.Read> reads) {
    List<Object> tokens = new ArrayList<>();
    tokens.add("read");
    for (Reply.Read read : reads) {
      tokens.add(" | " + Recorder.text(read));
      add(tokens, read.stat());
    }
    return tokens;
  }

  private static void add(List<Object> tokens, @Nullable ZnodeStat stat) {
    if (stat != null) {
      tokens.add(" czxid");
      tokens.add(stat.czxid());
      tokens.add(" mzxid");
      tokens.add(stat.mzxid());
      tokens.add(" pzxid");
      tokens.add(stat.pzxid());
      tokens.add(
          " cversion "
              + stat.cversion()
              + " version "
              + stat.version()
              + " children "
              + stat.numChildren());
    }
  }

  /** The paths that the lines say were created. */
  static List<String> created(List<Line> lines) {
    TreeSet<String> paths = new TreeSet<>();
    for (Line line : lines) {
      for (Object token : line.tokens()) {
        if (token instanceof String text && text.startsWith(" /")) {
          paths.add(text.substring(1));
        }
      }
    }
    return List.copyOf(paths);
  }
}
