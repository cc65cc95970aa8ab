package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.zookeeper.cache.SessionLease;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.Pipeline;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Unit;
import io.dmcl.lock.zookeeper.protocol.WatchOwner;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.FlightRecord.SessionChange;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One of a node's sessions, one after the other on the same client: its connection, its lease, its
 * pipeline, and the requests that live on it.
 *
 * <p>A session goes through: opened, skeleton made, node's znode made, <em>ready</em>; then any
 * number of times disconnected, reconnected, settled (a bump was answered); then ended. Requests
 * may be given to it from the moment it is opened; they leave when it is ready.
 */
final class Lane implements Coordinator.Listener, Pipeline.Wire, Request.Wire, Bootstrap.Host {
  /** What a lane tells its node. All in the event loop. */
  interface Host {
    /** A session is there: requests may be placed on it. */
    void sessionOpened(Lane lane);

    /** The lease has begun, or there is a connection again. */
    void leaseChanged(SessionLease lease);

    /** The lease is over: everything granted under it is lost. */
    void leaseOver(SessionLease lease);

    /** All grants of the lane were lost: once, if the lease ran out and then the session ended. */
    void lost();

    /** After a loss the session lives on, and has a lease again. */
    void restored();

    /** The session has ended: all its requests have to be told. */
    void sessionEnded(Lane lane, SessionLease lease);

    /** The client has no session, and this is why. */
    void unavailable(String reason);

    /** This cannot go on: the lockspace is closed with this error. */
    void fail(RuntimeException cause);

    /** A random number, different each time. */
    long random();

    /** What a node's znode says. */
    byte[] nodeData();
  }

  private static final int MIN_TICKS = 4;

  private final Host host;
  private final Loop loop;
  private final Coordinator coordinator;
  private final NodeConfig config;
  private final Layout layout;
  private final FlightRecord record;

  private final LeaseKeeper leaseKeeper;
  private final WatchTable watches = new WatchTable();

  private @Nullable Session session;
  private @Nullable Pipeline pipeline;
  private @Nullable Bootstrap bootstrap;
  private String nonce = "";
  private long requestsMade;
  private boolean connected;
  private boolean ready;
  private boolean closing;
  private Pipeline.@Nullable Batch settling;
  private int entryBytes;
  private long renewalAtNanos;
  private boolean renewalScheduled;

  Lane(
      Host host,
      Loop loop,
      Coordinator coordinator,
      NodeConfig config,
      Layout layout,
      FlightRecord record) {
    this.host = host;
    this.loop = loop;
    this.coordinator = coordinator;
    this.config = config;
    this.layout = layout;
    this.record = record;
    this.leaseKeeper = new LeaseKeeper(host, loop, config, record);
  }

  void start() {
    coordinator.start(this);
  }

  void closeClient() {
    coordinator.close();
  }

  /** After {@link #closeClient}: nothing is answered any more. */
  void end() {
    Session on = session;
    if (on != null) {
      end(on);
    }
  }

  // --- for the node

  boolean hasSession() {
    return session != null;
  }

  /** Any thread. */
  @Nullable SessionLease lease() {
    return leaseKeeper.lease();
  }

  String nonce() {
    return nonce;
  }

  RequestId nextId() {
    return RequestId.of(nonce, requestsMade++);
  }

  /** Whether entries of so many bytes more may be placed. */
  boolean hasRoom(int bytes) {
    return session != null && entryBytes + bytes <= config.maxSessionBytes();
  }

  int pathOverhead() {
    return coordinator.pathOverhead();
  }

  /** A request has been placed. */
  void add(Request request) {
    entryBytes += request.entryBytes() + pathOverhead();
  }

  /** A request that was placed in this session has ended. */
  void remove(Request request) {
    entryBytes -= request.entryBytes() + pathOverhead();
  }

  void flush() {
    if (pipeline != null) {
      pipeline.flush();
    }
  }

  /** Deletes the node's own znode, for good: it has nothing any more. */
  void deleteNode(Runnable done) {
    Session on = session;
    closing = true; // or a bump that misses the znode would make it again
    if (on == null) {
      done.run();
    } else {
      on.transact(List.of(new WriteOp.Delete(layout.node(nonce))), reply -> loop.execute(done));
    }
  }

  // --- Request.Wire

  @Override
  public void submit(Unit unit) {
    if (pipeline == null) {
      unit.owner().ended(unit);
    } else {
      pipeline.submit(unit);
    }
  }

  @Override
  public void watch(WatchOwner owner, ReadOp read) {
    Session on = session;
    if (on == null) {
      return; // the owner is about to be told that the session has ended
    }
    watches.add(owner, read);
    if (!ready || !connected || settling != null) {
      watches.setLater(owner, read);
    } else {
      on.watch(read, reply -> loop.execute(() -> watchSet(on, owner, read, reply)));
    }
  }

  @Override
  public void unwatch(WatchOwner owner, ReadOp read) {
    Session on = session;
    if (on != null && watches.remove(owner, read)) {
      on.unwatch(read);
    }
  }

  private void watchSet(Session on, WatchOwner owner, ReadOp read, Reply.Read reply) {
    Pipeline pipe = pipeline;
    if (on != session || pipe == null) {
      return;
    }
    Reply.Read answer = reply;
    if (!reply.code().outcomeUnknown()) {
      pipe.watchAnswered(read);
    } else if (pipe.watchLost(read)) {
      answer = Reply.Read.failed(Code.UNREADABLE);
    } else {
      watches.setLater(owner, read); // when the connection is settled
      return;
    }
    if (answer.code() != Code.OK) {
      watches.notSet(owner, read);
    }
    owner.watchSet(read, answer);
  }

  // --- Pipeline.Wire

  @Override
  public void transact(Pipeline.Batch batch, List<WriteOp> writes) {
    Session on = session;
    if (on == null) {
      throw new IllegalStateException("a transaction without a session");
    }
    long sentNanos = loop.nanoTime();
    on.transact(writes, reply -> loop.execute(() -> transacted(on, batch, sentNanos, reply)));
  }

  @Override
  public void read(Pipeline.Batch batch, List<ReadOp> reads) {
    Session on = session;
    if (on == null) {
      throw new IllegalStateException("a read without a session");
    }
    on.read(
        reads,
        replies ->
            loop.execute(
                () -> {
                  if (on == session && pipeline != null) {
                    pipeline.wasRead(batch, replies);
                  }
                }));
  }

  @Override
  public void bumpMissed() {
    // Somebody deleted our znode by hand. It only has to be there; make it again.
    ready = false;
    begin();
  }

  private void transacted(
      Session on, Pipeline.Batch batch, long sentNanos, Reply.Transaction reply) {
    Pipeline pipe = pipeline;
    if (on != session || pipe == null) {
      return;
    }
    if (reply.code() == Code.OK) {
      leaseKeeper.answered(sentNanos);
    }
    if (on != session) {
      return;
    }
    boolean settled = batch == settling && reply.code() == Code.OK;
    if (batch == settling) {
      settling = null;
    }
    pipe.transacted(batch, reply);
    if (settled) {
      resume(pipe);
    } else if (reply.code() == Code.SESSION_ENDED) {
      end(on);
      return;
    }
    renew();
  }

  // --- the client's events

  @Override
  public void opened(Session opened) {
    loop.execute(() -> open(opened));
  }

  @Override
  public void disconnected(Session of) {
    loop.execute(
        () -> {
          if (of == session) {
            connected = false;
            settling = null;
            record.session(nonce, of, SessionChange.DISCONNECTED);
            if (pipeline != null) {
              pipeline.suspend();
            }
            leaseKeeper.disconnected();
          }
        });
  }

  @Override
  public void reconnected(Session of) {
    loop.execute(
        () -> {
          if (of != session || connected) {
            return;
          }
          connected = true;
          record.session(nonce, of, SessionChange.RECONNECTED);
          if (ready) {
            settle();
          } else {
            begin();
          }
        });
  }

  @Override
  public void ended(Session of) {
    loop.execute(() -> end(of));
  }

  @Override
  public void closing(Session of) {
    // At once, on this thread: when we return, the coordination service may give our locks away.
    leaseKeeper.closing(of);
    loop.execute(() -> end(of));
  }

  @Override
  public void watchFired(Session of, String path, Coordinator.WatchKind kind) {
    loop.execute(
        () -> {
          if (of == session) {
            ReadOp read =
                kind == Coordinator.WatchKind.CHILDREN
                    ? new ReadOp.Children(path)
                    : new ReadOp.Data(path);
            WatchOwner owner = watches.fired(read);
            if (owner != null) {
              owner.watchFired(read);
            }
          }
        });
  }

  @Override
  public void unavailable(String reason) {
    loop.execute(() -> host.unavailable(reason));
  }

  private void open(Session opened) {
    Session old = session;
    if (old != null) {
      end(old);
    }
    long timeoutNanos = opened.timeoutNanos();
    if (timeoutNanos < MIN_TICKS * config.tickNanos()) {
      host.fail(
          new CoordinatorUnavailableException(
              "the session timeout of "
                  + timeoutNanos / 1_000_000
                  + " ms is under four ticks of "
                  + config.tickNanos() / 1_000_000
                  + " ms: raise the session timeout, or lower the tick if the servers' tickTime is"
                  + " smaller"));
      return;
    }
    session = opened;
    nonce = RequestId.nonce(host.random());
    requestsMade = 0;
    connected = true;
    ready = false;
    settling = null;
    leaseKeeper.begin(opened, nonce);
    pipeline = new Pipeline(this, new WriteOp.SetData(layout.node(nonce), host.nodeData()));
    record.session(nonce, opened, SessionChange.OPENED);
    if (opened.askedForNanos() != Long.MIN_VALUE) {
      leaseKeeper.asked(opened.askedForNanos());
    }
    WriteOp ownNode =
        new WriteOp.Create(layout.node(nonce), host.nodeData(), WriteOp.Kind.EPHEMERAL);
    bootstrap = new Bootstrap(this, opened, loop, layout, config.spread(), ownNode);
    begin();
    host.sessionOpened(this);
  }

  private void end(Session of) {
    SessionLease shared = leaseKeeper.lease();
    Pipeline pipe = pipeline;
    if (of != session || shared == null || pipe == null) {
      return;
    }
    leaseKeeper.end();
    record.session(nonce, of, SessionChange.ENDED);
    session = null;
    pipeline = null;
    connected = false;
    ready = false;
    settling = null;
    if (bootstrap != null) {
      bootstrap.end();
      bootstrap = null;
    }
    watches.clear();
    leaseKeeper.leaseOver(shared);
    pipe.end();
    entryBytes = 0;
    host.sessionEnded(this, shared);
  }

  // --- getting ready, and settling after a lost connection

  private void begin() {
    if (bootstrap != null) {
      bootstrap.begin();
    }
  }

  @Override
  public boolean mayWrite() {
    return connected && !closing;
  }

  @Override
  public void ready() {
    ready = true;
    settle();
  }

  @Override
  public void fail(RuntimeException cause) {
    host.fail(cause);
  }

  private void settle() {
    if (pipeline != null) {
      settling = pipeline.sendBump();
    }
  }

  private void resume(Pipeline pipe) {
    pipe.resume();
    watches.takeUnset(this::watch);
    leaseKeeper.setConnected(true);
  }

  /** Sends a bump when the lease needs one and no other transaction is on its way. */
  private void renew() {
    Pipeline pipe = pipeline;
    if (pipe == null || !connected || !ready || settling != null || closing) {
      return;
    }
    long now = loop.nanoTime();
    long wait = leaseKeeper.nextWriteNanos(now);
    if (wait > 0) {
      if (!renewalScheduled || renewalAtNanos - (now + wait) > 0) {
        renewalScheduled = true;
        renewalAtNanos = now + wait;
        loop.schedule(
            renewalAtNanos,
            () -> {
              renewalScheduled = false;
              leaseKeeper.check();
              renew();
            });
      }
    } else if (!pipe.isTransacting()) {
      var unused = pipe.sendBump();
    }
  }
}
