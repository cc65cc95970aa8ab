package io.dmcl.lock.zookeeper;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.NodeAccess;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A coordinator that passes everything on, counts it, and can hold back what comes in, or whoever
 * sends.
 *
 * <p>A transaction of nothing but the node's own bump is a <em>renewal</em> of the lease. Those
 * come when they come, and are counted apart.
 */
final class CountingCoordinator implements Coordinator {
  private final Coordinator to;

  // Also keeps what comes in one after the other.
  private final Object monitor = new Object();

  @GuardedBy("monitor")
  private final Deque<Runnable> heldBack = new ArrayDeque<>();

  @GuardedBy("monitor")
  private boolean holding;

  @GuardedBy("monitor")
  private final List<String> trace = new ArrayList<>();

  @GuardedBy("monitor")
  private final List<List<WriteOp>> transactions = new ArrayList<>();

  @GuardedBy("monitor")
  private final NavigableMap<Long, Boolean> renewalByZxid = new TreeMap<>();

  @GuardedBy("monitor")
  private int requests;

  @GuardedBy("monitor")
  private int renewals;

  @GuardedBy("monitor")
  private long sent;

  @GuardedBy("monitor")
  private int unanswered;

  @GuardedBy("monitor")
  private int fired;

  @GuardedBy("monitor")
  private @Nullable Counting session;

  private volatile Runnable beforeTransact = () -> {};

  CountingCoordinator(Coordinator to) {
    this.to = to;
  }

  // --- what was counted

  /** Forgets what was sent and answered so far, but not what is on its way. */
  void clear() {
    synchronized (monitor) {
      trace.clear();
      transactions.clear();
      renewalByZxid.clear();
      requests = 0;
      renewals = 0;
      fired = 0;
    }
  }

  /** Whether everything that was sent is answered. Something may follow from an answer. */
  boolean isSettled() {
    synchronized (monitor) {
      return unanswered == 0;
    }
  }

  /**
   * Whether everything that was sent is answered, and nothing follows from the answers.
   *
   * @param lock any lock of the node
   */
  boolean isAtRest(ClusterLock lock) {
    long before;
    synchronized (monitor) {
      if (unanswered > 0) {
        return false;
      }
      before = sent;
    }
    NodeAccess.flush(lock);
    synchronized (monitor) {
      return sent == before;
    }
  }

  /** How many requests were sent, renewals excepted. */
  int requests() {
    synchronized (monitor) {
      return requests;
    }
  }

  /** How many renewals were sent. */
  int renewals() {
    synchronized (monitor) {
      return renewals;
    }
  }

  /** How many renewals were committed between two others' transactions. */
  long renewalsBetween(long fromZxid, long toZxid) {
    synchronized (monitor) {
      return renewalByZxid.subMap(fromZxid, false, toZxid, false).values().stream()
          .filter(renewal -> renewal)
          .count();
    }
  }

  /** What was sent and answered, in order: {@code transact}, {@code read answered} and so on. */
  List<String> trace() {
    synchronized (monitor) {
      return List.copyOf(trace);
    }
  }

  /** The transactions that were sent, in order, renewals excepted. */
  List<List<WriteOp>> transactions() {
    synchronized (monitor) {
      return List.copyOf(transactions);
    }
  }

  /** How many watches have fired. */
  int fired() {
    synchronized (monitor) {
      return fired;
    }
  }

  /** ZooKeeper's id of the present session. */
  long sessionId() {
    synchronized (monitor) {
      return Objects.requireNonNull(session, "no session yet").id();
    }
  }

  // --- what goes out, and what comes in

  /** Runs this, where transactions are sent, before each. */
  void beforeTransact(Runnable task) {
    beforeTransact = task;
  }

  /** Holds back everything that comes in from now on. */
  void holdBack() {
    synchronized (monitor) {
      holding = true;
    }
  }

  /** Lets in what was held back, and what comes. */
  void letIn() {
    synchronized (monitor) {
      holding = false;
      while (!heldBack.isEmpty()) {
        heldBack.remove().run();
      }
    }
  }

  private void comesIn(Runnable event) {
    comesIn(event, false);
  }

  /**
   * The answer to a renewal is never held back: it was sent when nothing else was on its way, and
   * would only take the place of what is to be seen.
   */
  private void comesIn(Runnable event, boolean renewal) {
    synchronized (monitor) {
      if (holding && !renewal) {
        heldBack.add(event);
      } else {
        event.run();
      }
    }
  }

  // --- Coordinator

  @Override
  public void start(Listener listener) {
    to.start(new Inlet(listener));
  }

  @Override
  public void close() {
    to.close();
  }

  @Override
  public int pathOverhead() {
    return to.pathOverhead();
  }

  private final class Inlet implements Listener {
    private final Listener listener;

    Inlet(Listener listener) {
      this.listener = listener;
    }

    private Session of(Session theirs) {
      synchronized (monitor) {
        if (session == null || session.to != theirs) {
          session = new Counting(theirs);
        }
        return session;
      }
    }

    @Override
    public void opened(Session theirs) {
      comesIn(() -> listener.opened(of(theirs)));
    }

    @Override
    public void disconnected(Session theirs) {
      comesIn(() -> listener.disconnected(of(theirs)));
    }

    @Override
    public void reconnected(Session theirs) {
      comesIn(() -> listener.reconnected(of(theirs)));
    }

    @Override
    public void ended(Session theirs) {
      comesIn(() -> listener.ended(of(theirs)));
    }

    @Override
    public void closing(Session theirs) {
      listener.closing(of(theirs));
    }

    @Override
    public void watchFired(Session theirs, String path, WatchKind kind) {
      comesIn(
          () -> {
            synchronized (monitor) {
              fired++;
            }
            listener.watchFired(of(theirs), path, kind);
          });
    }

    @Override
    public void unavailable(String reason) {
      comesIn(() -> listener.unavailable(reason));
    }
  }

  private final class Counting implements Session {
    private final Session to;

    Counting(Session to) {
      this.to = to;
    }

    private <T> Consumer<T> sent(String what, boolean renewal, Consumer<T> callback) {
      synchronized (monitor) {
        unanswered++;
        sent++;
        if (renewal) {
          renewals++;
        } else {
          requests++;
          trace.add(what);
        }
      }
      return reply ->
          comesIn(
              () -> {
                synchronized (monitor) {
                  unanswered--;
                  if (!renewal) {
                    trace.add(what + " answered");
                  }
                }
                callback.accept(reply);
              },
              renewal);
    }

    @Override
    public long id() {
      return to.id();
    }

    @Override
    public long timeoutNanos() {
      return to.timeoutNanos();
    }

    @Override
    public long askedForNanos() {
      return to.askedForNanos();
    }

    @Override
    public void transact(List<WriteOp> writes, Consumer<Reply.Transaction> callback) {
      beforeTransact.run();
      boolean renewal = writes.size() == 1 && writes.get(0) instanceof WriteOp.SetData;
      synchronized (monitor) {
        if (!renewal) {
          transactions.add(List.copyOf(writes));
        }
      }
      to.transact(
          writes,
          sent(
              "transact",
              renewal,
              reply -> {
                int size = reply.results().size();
                ZnodeStat stat = size == 0 ? null : reply.results().get(size - 1).stat();
                if (stat != null) {
                  synchronized (monitor) {
                    renewalByZxid.put(stat.mzxid(), renewal);
                  }
                }
                callback.accept(reply);
              }));
    }

    @Override
    public void read(List<ReadOp> reads, Consumer<List<Reply.Read>> callback) {
      to.read(reads, sent("read", false, callback));
    }

    @Override
    public void watch(ReadOp read, Consumer<Reply.Read> callback) {
      to.watch(read, sent("watch", false, callback));
    }

    @Override
    public void unwatch(ReadOp read) {
      synchronized (monitor) {
        sent++;
        requests++;
        trace.add("unwatch");
      }
      to.unwatch(read);
    }
  }
}
