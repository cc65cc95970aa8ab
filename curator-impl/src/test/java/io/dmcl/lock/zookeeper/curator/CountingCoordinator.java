package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Counts what is sent through another coordinator, over all of its sessions. */
public final class CountingCoordinator implements Coordinator {
  private final Coordinator target;

  /** Transactions sent. */
  public final AtomicLong transactions = new AtomicLong();

  /** Members of transactions sent. */
  public final AtomicLong writes = new AtomicLong();

  /** Multi-reads sent. */
  public final AtomicLong multiReads = new AtomicLong();

  /** Reads with a watch sent. */
  public final AtomicLong watches = new AtomicLong();

  /** Removals of watches asked for. */
  public final AtomicLong unwatches = new AtomicLong();

  /** Around {@code target}. */
  public CountingCoordinator(Coordinator target) {
    this.target = target;
  }

  /** All requests. */
  public long requests() {
    return transactions.get() + multiReads.get() + watches.get() + unwatches.get();
  }

  @Override
  public void start(Listener listener) {
    target.start(new CountedListener(listener));
  }

  @Override
  public void close() {
    target.close();
  }

  private final class CountedListener implements Listener {
    private final Listener listener;
    private final Map<Session, Session> counted = new IdentityHashMap<>();

    CountedListener(Listener listener) {
      this.listener = listener;
    }

    private synchronized Session counted(Session session) {
      return Objects.requireNonNull(counted.computeIfAbsent(session, CountedSession::new));
    }

    @Override
    public void opened(Session session) {
      listener.opened(counted(session));
    }

    @Override
    public void disconnected(Session session) {
      listener.disconnected(counted(session));
    }

    @Override
    public void reconnected(Session session) {
      listener.reconnected(counted(session));
    }

    @Override
    public void ended(Session session) {
      listener.ended(counted(session));
    }

    @Override
    public void closing(Session session) {
      listener.closing(counted(session));
    }

    @Override
    public void watchFired(Session session, String path, WatchKind kind) {
      listener.watchFired(counted(session), path, kind);
    }

    @Override
    public void unavailable(String reason) {
      listener.unavailable(reason);
    }
  }

  private final class CountedSession implements Session {
    private final Session session;

    CountedSession(Session session) {
      this.session = session;
    }

    @Override
    public long id() {
      return session.id();
    }

    @Override
    public long timeoutNanos() {
      return session.timeoutNanos();
    }

    @Override
    public long askedForNanos() {
      return session.askedForNanos();
    }

    @Override
    public void transact(List<WriteOp> ops, Consumer<Reply.Transaction> callback) {
      transactions.incrementAndGet();
      writes.addAndGet(ops.size());
      session.transact(ops, callback);
    }

    @Override
    public void read(List<ReadOp> reads, Consumer<List<Reply.Read>> callback) {
      multiReads.incrementAndGet();
      session.read(reads, callback);
    }

    @Override
    public void watch(ReadOp read, Consumer<Reply.Read> callback) {
      watches.incrementAndGet();
      session.watch(read, callback);
    }

    @Override
    public void unwatch(ReadOp read) {
      unwatches.incrementAndGet();
      session.unwatch(read);
    }
  }
}
