package io.dmcl.lock.zookeeper.curator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator.WatchKind;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.curator.framework.api.CuratorClosedException;
import org.apache.zookeeper.ClientCnxn;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One ZooKeeper session, which is one handle that Curator manages, as one node sees it.
 *
 * <p><b>Epochs.</b> CONNECTED → DISCONNECTED: ZooKeeper's event, or the first reply that says that
 * the connection was lost, whichever is first (the event can be swallowed, see {@link
 * HandleWatch}). All requests outstanding at that moment are answered CONNECTION_LOSS before {@code
 * disconnected} is told, also those that were called too late to be on the lost connection: they
 * will be executed on the next one, ahead of everything that is called later, and what ZooKeeper
 * answers to them is not told. DISCONNECTED → CONNECTED: ZooKeeper's event; one that comes while
 * CONNECTED means that a disconnection went by unseen. Any → ENDED: ZooKeeper's event, or {@link
 * #end}. What is called while not CONNECTED is not sent.
 */
final class CuratorSession implements Session, HandleWatch.Subscriber {
  private static final Logger log = LoggerFactory.getLogger(CuratorSession.class);

  /** Who has opened this session. */
  interface Owner {
    /** Whether Curator still manages the handle. Does not block. */
    boolean manages(CuratorSession session);

    /** The session has ended, or has to be: the owner is to look soon. Does not block. */
    void look();

    /** For what must not run where it is known: on a thread that holds ZooKeeper's own locks. */
    Executor elsewhere();
  }

  private enum Phase {
    CONNECTED,
    DISCONNECTED,
    ENDED
  }

  private static final Runnable NOTHING = () -> {};

  private final Owner owner;
  private final Outlet outlet;
  private final ClientView view;
  private final HandleWatch handle;
  private final long instanceIndex;
  private final long id;
  private final long timeoutNanos;
  private final long askedForNanos;
  private final AtomicBoolean closing = new AtomicBoolean();

  @GuardedBy("outlet.lock")
  private Phase phase = Phase.CONNECTED;

  @GuardedBy("outlet.lock")
  private final Deque<Request<?>> outstanding = new ArrayDeque<>();

  CuratorSession(
      Owner owner,
      Outlet outlet,
      ClientView view,
      HandleWatch handle,
      long instanceIndex,
      long askedForNanos) {
    this.owner = owner;
    this.outlet = outlet;
    this.view = view;
    this.handle = handle;
    this.instanceIndex = instanceIndex;
    this.id = handle.zooKeeper().getSessionId();
    this.timeoutNanos = TimeUnit.MILLISECONDS.toNanos(handle.zooKeeper().getSessionTimeout());
    this.askedForNanos = askedForNanos;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public long timeoutNanos() {
    return timeoutNanos;
  }

  @Override
  public long askedForNanos() {
    return askedForNanos;
  }

  /** Which of the handles that Curator has made so far it is. */
  long instanceIndex() {
    return instanceIndex;
  }

  HandleWatch handle() {
    return handle;
  }

  /** Whether the handle can still be used and is in the same session. */
  boolean handleIsAlive() {
    return !handle.isDead() && handle.zooKeeper().getSessionId() == id;
  }

  @Override
  public void transact(List<WriteOp> writes, Consumer<Reply.Transaction> callback) {
    Request<Reply.Transaction> request =
        new Request<>(callback, Reply.Transaction::failed, NOTHING);
    prepareAndSend(
        request,
        () -> view.writeOps(writes),
        (zooKeeper, ops) ->
            zooKeeper.multi(
                ops,
                (rc, path, context, results) ->
                    replied(request, rc, () -> Replies.transaction(writes, rc, results)),
                null));
  }

  @Override
  public void read(List<ReadOp> reads, Consumer<List<Reply.Read>> callback) {
    Request<List<Reply.Read>> request =
        new Request<>(callback, code -> Replies.failedReads(reads.size(), code), NOTHING);
    prepareAndSend(
        request,
        () -> view.readOps(reads),
        (zooKeeper, ops) ->
            zooKeeper.multi(
                ops,
                (rc, path, context, results) ->
                    replied(request, rc, () -> Replies.reads(reads.size(), rc, results)),
                null));
  }

  @Override
  public void watch(ReadOp read, Consumer<Reply.Read> callback) {
    String path = view.handlePath(read.path());
    WatchKind kind = HandleWatch.kindOf(read);
    Request<Reply.Read> request =
        new Request<>(callback, Reply.Read::failed, () -> handle.answered(this, path, kind, false));
    send(
        request,
        () ->
            handle.watch(
                this,
                path,
                read,
                (rc, p, context, data, stat) ->
                    watchReplied(request, path, kind, rc, () -> Replies.data(rc, data, stat)),
                (rc, p, context, children, stat) ->
                    watchReplied(
                        request, path, kind, rc, () -> Replies.children(rc, children, stat))));
  }

  @Override
  public void unwatch(ReadOp read) {
    outlet.lock.lock();
    try {
      if (phase != Phase.ENDED) {
        handle.unwatch(this, view.handlePath(read.path()), HandleWatch.kindOf(read));
      }
    } finally {
      outlet.lock.unlock();
    }
  }

  @Override
  public String toString() {
    return "session 0x" + Long.toHexString(id);
  }

  private interface Submission {
    void submit(ZooKeeper zooKeeper, List<Op> ops);
  }

  /** The preparation calls the user's ACL provider, so it is done outside of the lock. */
  private <T> void prepareAndSend(
      Request<T> request, Supplier<List<Op>> preparation, Submission submission) {
    List<Op> ops;
    try {
      ops = preparation.get();
    } catch (CuratorClosedException e) {
      notSent(request, Code.SESSION_ENDED);
      return;
    } catch (RuntimeException e) {
      refuse(request, e);
      return;
    }
    send(request, () -> submission.submit(handle.zooKeeper(), ops));
  }

  private void send(Request<?> request, Runnable submission) {
    boolean managed = true;
    outlet.lock.lock();
    try {
      if (outlet.isDetached()) {
        return;
      }
      managed = phase != Phase.CONNECTED || owner.manages(this);
      if (!managed || phase == Phase.ENDED) {
        request.answer(Code.SESSION_ENDED);
      } else if (phase == Phase.DISCONNECTED) {
        request.answer(Code.CONNECTION_LOSS);
      } else {
        outstanding.add(request);
        submission.run();
      }
    } catch (RuntimeException e) {
      refuse(request, e);
    } finally {
      outlet.lock.unlock();
    }
    if (!managed) {
      owner.look();
    }
  }

  private void refuse(Request<?> request, RuntimeException cause) {
    log.error("{}: a request could not be sent", this, cause);
    notSent(request, Code.REFUSED);
  }

  private void notSent(Request<?> request, Code code) {
    outlet.lock.lock();
    try {
      if (!outlet.isDetached() && !request.isAnswered()) {
        outstanding.remove(request);
        request.fail(code);
      }
    } finally {
      outlet.lock.unlock();
    }
  }

  private <T> void replied(Request<T> request, int rc, Supplier<T> reply) {
    replied(request, rc, reply, NOTHING, NOTHING);
  }

  /**
   * A callback of ZooKeeper.
   *
   * @param first is run before the callback, if the request still waits for its reply
   * @param tooLate is run if it does not
   */
  private <T> void replied(
      Request<T> request, int rc, Supplier<T> reply, Runnable first, Runnable tooLate) {
    if (!ClientCnxn.isInEventThread()) {
      // The handle is dead. This thread may hold ZooKeeper's locks, and must not wait for ours.
      owner.elsewhere().execute(() -> repliedHere(request, rc, reply, first, tooLate));
    } else {
      repliedHere(request, rc, reply, first, tooLate);
    }
  }

  private <T> void repliedHere(
      Request<T> request, int rc, Supplier<T> reply, Runnable first, Runnable tooLate) {
    outlet.lock.lock();
    try {
      if (request.isAnswered() || outlet.isDetached()) {
        tooLate.run();
      } else if (rc == KeeperException.Code.CONNECTIONLOSS.intValue()) {
        disconnect();
      } else {
        outstanding.remove(request);
        first.run();
        request.reply(reply.get());
      }
    } finally {
      outlet.lock.unlock();
    }
  }

  private void watchReplied(
      Request<Reply.Read> request,
      String path,
      WatchKind kind,
      int rc,
      Supplier<Reply.Read> reply) {
    boolean ok = rc == KeeperException.Code.OK.intValue();
    replied(
        request,
        rc,
        reply,
        () -> handle.answered(this, path, kind, ok),
        ok ? () -> handle.answeredTooLate(path, kind) : NOTHING);
  }

  @Override
  public void stateChanged(KeeperState state) {
    switch (state) {
      case SyncConnected -> connected();
      case Disconnected, ConnectedReadOnly -> {
        outlet.lock.lock();
        try {
          disconnect();
        } finally {
          outlet.lock.unlock();
        }
      }
      case AuthFailed -> {
        // With a broken SASL configuration ZooKeeper says this and goes on without.
        if (handle.isDead()) {
          end();
        }
      }
      case Expired, Closed -> end();
      default -> {
        // SaslAuthenticated: follows SyncConnected; requests have waited for it.
      }
    }
  }

  @Override
  public void fired(String handlePath, WatchKind kind) {
    String path = view.nodePath(handlePath);
    outlet.lock.lock();
    try {
      if (phase != Phase.ENDED) {
        outlet.tell(listener -> listener.watchFired(this, path, kind));
      }
    } finally {
      outlet.lock.unlock();
    }
  }

  private void connected() {
    outlet.lock.lock();
    try {
      disconnect();
      if (phase == Phase.DISCONNECTED) {
        phase = Phase.CONNECTED;
        outlet.tell(listener -> listener.reconnected(this));
      }
    } finally {
      outlet.lock.unlock();
    }
  }

  @GuardedBy("outlet.lock")
  private void disconnect() {
    if (phase == Phase.CONNECTED) {
      phase = Phase.DISCONNECTED;
      failOutstanding(Code.CONNECTION_LOSS);
      outlet.tell(listener -> listener.disconnected(this));
    }
  }

  /**
   * Ends the session for us: on return {@code closing} and {@code ended} have been told. The first
   * is told whatever the cause, because it takes effect at once.
   */
  void end() {
    // Whoever comes second waits until the first has told it.
    synchronized (closing) {
      if (!closing.getAndSet(true)) {
        outlet.tellAtOnce(listener -> listener.closing(this));
      }
    }
    outlet.lock.lock();
    try {
      if (phase == Phase.ENDED) {
        return;
      }
      phase = Phase.ENDED;
      failOutstanding(Code.SESSION_ENDED);
      outlet.tell(listener -> listener.ended(this));
    } finally {
      outlet.lock.unlock();
    }
    handle.unsubscribe(this);
    handle.release();
    owner.look();
  }

  boolean isEnded() {
    outlet.lock.lock();
    try {
      return phase == Phase.ENDED;
    } finally {
      outlet.lock.unlock();
    }
  }

  @GuardedBy("outlet.lock")
  private void failOutstanding(Code code) {
    Request<?> request = outstanding.poll();
    while (request != null) {
      if (!outlet.isDetached()) {
        request.fail(code);
      }
      request = outstanding.poll();
    }
  }
}
