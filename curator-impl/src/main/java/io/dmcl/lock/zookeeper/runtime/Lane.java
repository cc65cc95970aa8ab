package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.zookeeper.cache.SessionLease;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.Lease;
import io.dmcl.lock.zookeeper.protocol.Pipeline;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Unit;
import io.dmcl.lock.zookeeper.protocol.WatchOwner;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.FlightRecord.LeaseChange;
import io.dmcl.lock.zookeeper.runtime.FlightRecord.SessionChange;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of a node's sessions, one after the other on the same client: its connection, its lease, its
 * pipeline, and the requests that live on it.
 *
 * <p>A session goes through: opened, skeleton made, node's znode made, <em>ready</em>; then any
 * number of times disconnected, reconnected, settled (a bump was answered); then ended. Requests
 * may be given to it from the moment it is opened; they leave when it is ready.
 */
final class Lane implements Coordinator.Listener, Pipeline.Wire, Request.Wire {
  /** What a lane tells its node. All in the event loop. */
  interface Host {
    /** A session is there: requests may be placed on it. */
    void sessionOpened(Lane lane);

    /** The lease has begun, or there is a connection again. */
    void leaseChanged(Lane lane, SessionLease lease);

    /** The lease is over: everything granted under it is lost. */
    void leaseOver(Lane lane, SessionLease lease);

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

  private static final Logger log = LoggerFactory.getLogger(Lane.class);

  /** Reading both clocks takes longer only if the thread loses its processor meanwhile. */
  private static final long CLOCK_READING_NANOS = 5_000_000;

  private static final int MIN_TICKS = 4;
  private static final int MARGIN_DIVISOR = 20;

  private final Host host;
  private final Loop loop;
  private final Coordinator coordinator;
  private final NodeConfig config;
  private final Layout layout;
  private final FlightRecord record;

  private @Nullable Session session;
  private volatile @Nullable Session leasedSession;
  private volatile @Nullable SessionLease sessionLease;
  private @Nullable Pipeline pipeline;
  private Lease lease;
  private String nonce = "";
  private long requestsMade;
  private boolean connected;
  private boolean ready;
  private boolean closing;
  private Pipeline.@Nullable Batch settling;
  private final Deque<List<WriteOp>> bootstrap = new ArrayDeque<>();
  private int entryBytes;
  private final Map<ReadOp, WatchOwner> watches = new HashMap<>();
  private final Map<ReadOp, WatchOwner> unsetWatches = new LinkedHashMap<>();
  private long renewalAtNanos;
  private boolean renewalScheduled;
  private boolean lossTold; // and that all is well again was not
  private long leaseCheckAtNanos;
  private boolean leaseCheckScheduled;
  private long lastNanos;
  private long lastWallNanos;

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
    this.lease = new Lease(config.tickNanos(), 0);
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

  @Nullable SessionLease lease() {
    return sessionLease;
  }

  @Nullable Session session() {
    return session;
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

  int entryBytes() {
    return entryBytes;
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
    watches.put(read, owner);
    if (!ready || !connected || settling != null) {
      unsetWatches.put(read, owner);
    } else {
      on.watch(read, reply -> loop.execute(() -> watchSet(on, owner, read, reply)));
    }
  }

  @Override
  public void unwatch(WatchOwner owner, ReadOp read) {
    Session on = session;
    if (on != null && watches.remove(read, owner) && unsetWatches.remove(read) == null) {
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
      if (watches.get(read) == owner) {
        unsetWatches.put(read, owner); // not set; repeated when the connection is settled
      }
      return;
    }
    if (answer.code() != Code.OK) {
      watches.remove(read, owner);
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
    bootstrap();
  }

  private void transacted(
      Session on, Pipeline.Batch batch, long sentNanos, Reply.Transaction reply) {
    Pipeline pipe = pipeline;
    if (on != session || pipe == null) {
      return;
    }
    if (reply.code() == Code.OK) {
      answered(sentNanos);
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
            lease.disconnected();
            if (pipeline != null) {
              pipeline.suspend();
            }
            SessionLease shared = sessionLease;
            if (shared != null) {
              shared.setConnected(false);
              host.leaseChanged(this, shared);
            }
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
            bootstrap();
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
    SessionLease shared = sessionLease;
    if (of == leasedSession && shared != null) {
      shared.end();
    }
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
            WatchOwner owner = watches.remove(read);
            if (owner != null) {
              unsetWatches.remove(read);
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
    SessionLease shared = new SessionLease(loop.nanoTime());
    session = opened;
    sessionLease = shared;
    leasedSession = opened;
    nonce = RequestId.nonce(host.random());
    requestsMade = 0;
    connected = true;
    ready = false;
    lossTold = false;
    settling = null;
    lease = new Lease(config.tickNanos(), timeoutNanos - timeoutNanos / MARGIN_DIVISOR);
    pipeline = new Pipeline(this, new WriteOp.SetData(layout.node(nonce), host.nodeData()));
    lastNanos = loop.nanoTime();
    lastWallNanos = loop.wallNanos();
    record.session(nonce, opened, SessionChange.OPENED);
    if (opened.askedForNanos() != Long.MIN_VALUE) {
      lease.asked(opened.askedForNanos());
      extendLease();
    }
    bootstrap();
    host.sessionOpened(this);
  }

  private void end(Session of) {
    SessionLease shared = sessionLease;
    Pipeline pipe = pipeline;
    if (of != session || shared == null || pipe == null) {
      return;
    }
    shared.end();
    record.session(nonce, of, SessionChange.ENDED);
    session = null;
    sessionLease = null;
    pipeline = null;
    connected = false;
    ready = false;
    settling = null;
    bootstrap.clear();
    watches.clear();
    unsetWatches.clear();
    leaseOver(shared);
    pipe.end();
    entryBytes = 0;
    host.sessionEnded(this, shared);
  }

  // --- getting ready, and settling after a lost connection

  private void bootstrap() {
    bootstrap.clear();
    if (closing) {
      return;
    }
    bootstrap.add(
        List.of(new WriteOp.Create(layout.node(nonce), host.nodeData(), WriteOp.Kind.EPHEMERAL)));
    nextBootstrapStep();
  }

  private void nextBootstrapStep() {
    Session on = session;
    List<WriteOp> step = bootstrap.peek();
    if (on == null || step == null || !connected || closing) {
      return;
    }
    on.transact(
        step,
        reply ->
            loop.execute(
                () -> {
                  if (on == session && bootstrap.peek() == step) {
                    bootstrapped(step, reply);
                  }
                }));
  }

  private void bootstrapped(List<WriteOp> step, Reply.Transaction reply) {
    switch (reply.code()) {
      case OK:
        break;
      case NODE_EXISTS:
        if (step.size() > 1) {
          createMissing(step);
          return;
        }
        break;
      case NO_NODE:
        if (bootstrap.size() > 1) {
          host.fail(
              new CoordinatorUnavailableException(
                  "cannot create "
                      + step.get(0).path()
                      + ": its parent does not exist. The chroot of a connect string has to be"
                      + " there before, and nobody may delete what is below it"));
          return;
        }
        bootstrap.clear();
        bootstrap.addAll(layout.skeleton(config.spread().getBytes(StandardCharsets.UTF_8)));
        bootstrap.add(step);
        nextBootstrapStep();
        return;
      case CONNECTION_LOSS:
      case SESSION_ENDED:
        return; // begun anew by the next connection, or session
      default:
        host.fail(
            new CoordinatorUnavailableException(
                "cannot create " + step.get(0).path() + ": " + reply.code()));
        return;
    }
    bootstrap.remove();
    afterBootstrapStep();
  }

  /**
   * Some of the siblings are there, usually all, made by another node just now: makes the others. A
   * read behind our own transaction shows at least what made it fail.
   */
  private void createMissing(List<WriteOp> siblings) {
    Session on = session;
    if (on == null) {
      return;
    }
    String first = siblings.get(0).path();
    String parent = first.substring(0, first.lastIndexOf('/'));
    on.read(
        List.of(new ReadOp.Children(parent)),
        replies ->
            loop.execute(
                () -> {
                  Reply.Read reply = replies.get(0);
                  if (on != session
                      || bootstrap.peek() != siblings
                      || reply.code().outcomeUnknown()) {
                    return; // begun anew by the next connection, or session
                  } else if (reply.code() != Code.OK) {
                    host.fail(
                        new CoordinatorUnavailableException(
                            "cannot read " + parent + ": " + reply.code()));
                    return;
                  }
                  Set<String> there = Set.copyOf(reply.children());
                  List<WriteOp> missing =
                      siblings.stream()
                          .filter(op -> !there.contains(op.path().substring(parent.length() + 1)))
                          .toList();
                  bootstrap.remove();
                  if (!missing.isEmpty()) {
                    bootstrap.addFirst(missing);
                  }
                  afterBootstrapStep();
                }));
  }

  private void afterBootstrapStep() {
    if (!bootstrap.isEmpty()) {
      nextBootstrapStep();
    } else if (config.spread().isEmpty()) {
      getReady();
    } else {
      checkSpread();
    }
  }

  private void getReady() {
    ready = true;
    settle();
  }

  /** Nodes that disagree about the ensembles would look for the same lock in different places. */
  private void checkSpread() {
    Session on = session;
    if (on == null) {
      return;
    }
    on.read(
        List.of(new ReadOp.Data(layout.nodes())),
        replies ->
            loop.execute(
                () -> {
                  Reply.Read reply = replies.get(0);
                  if (on != session || reply.code().outcomeUnknown()) {
                    return; // begun anew by the next connection, or session
                  }
                  String found = new String(reply.data(), StandardCharsets.UTF_8);
                  if (reply.code() == Code.OK && found.equals(config.spread())) {
                    getReady();
                    return;
                  }
                  host.fail(
                      new CoordinatorUnavailableException(
                          "the lockspace is opened as "
                              + config.spread()
                              + ", but what is there says "
                              + (reply.code() == Code.OK ? '"' + found + '"' : reply.code())
                              + ": all nodes have to name the same ensembles. To change them, close"
                              + " the lockspace on all nodes and delete "
                              + layout.nodes()
                              + " on each ensemble"));
                }));
  }

  private void settle() {
    if (pipeline != null) {
      settling = pipeline.sendBump();
    }
  }

  private void resume(Pipeline pipe) {
    SessionLease shared = sessionLease;
    pipe.resume();
    Map<ReadOp, WatchOwner> again = new LinkedHashMap<>(unsetWatches);
    unsetWatches.clear();
    again.forEach(
        (read, owner) -> {
          if (watches.get(read) == owner) {
            watch(owner, read);
          }
        });
    if (shared != null) {
      shared.setConnected(true);
      host.leaseChanged(this, shared);
    }
  }

  // --- the lease

  private void answered(long sentNanos) {
    SessionLease shared = sessionLease;
    long now = loop.nanoTime();
    if (shared == null) {
      return;
    }
    checkLease();
    lease.answered(sentNanos, now);
    extendLease();
  }

  private void extendLease() {
    SessionLease shared = sessionLease;
    if (shared == null || !lease.hasBegun() || lease.endNanos() - loop.nanoTime() <= 0) {
      return;
    }
    boolean begins = !shared.hasBegun();
    if (begins || shared.endNanos() != lease.endNanos()) {
      long now = loop.nanoTime();
      record.lease(
          nonce,
          begins ? LeaseChange.BEGUN : LeaseChange.EXTENDED,
          shared.remainingNanos(now),
          lease.endNanos() - now);
    }
    shared.extendTo(lease.endNanos());
    scheduleLeaseCheck();
    if (begins) {
      host.leaseChanged(this, shared);
    }
    if (begins && lossTold) {
      lossTold = false;
      host.restored();
    }
  }

  private void scheduleLeaseCheck() {
    SessionLease shared = sessionLease;
    if (shared == null || (leaseCheckScheduled && leaseCheckAtNanos - loop.nanoTime() > 0)) {
      return;
    }
    leaseCheckScheduled = true;
    // Every tick, connected or not, so that a machine's suspension is soon found out.
    long left = shared.endNanos() - loop.nanoTime();
    leaseCheckAtNanos = loop.nanoTime() + Math.min(left, config.tickNanos());
    loop.schedule(
        leaseCheckAtNanos,
        () -> {
          leaseCheckScheduled = false;
          checkLease();
          SessionLease current = sessionLease;
          if (current != null && current.hasBegun()) {
            scheduleLeaseCheck();
          }
        });
  }

  /** Gives up what is under the lease if it is over, or if the machine was suspended. */
  private void checkLease() {
    SessionLease shared = sessionLease;
    if (shared == null) {
      return;
    }
    long before = loop.nanoTime();
    long wall = loop.wallNanos();
    long now = loop.nanoTime();
    if (now - before > CLOCK_READING_NANOS) {
      wall = lastWallNanos + (now - lastNanos); // this thread was off the processor in between
    }
    long slept = (wall - lastWallNanos) - (now - lastNanos);
    lastNanos = now;
    lastWallNanos = wall;
    Session on = session;
    boolean suspended =
        on != null && shared.hasBegun() && slept > on.timeoutNanos() / MARGIN_DIVISOR;
    if (suspended || shared.isOver(now)) {
      log.warn(
          "lockspace {}: the lease of session 0x{} is over{}; its grants are lost",
          config.lockspace(),
          on == null ? "?" : Long.toHexString(on.id()),
          suspended ? ", because the machine was suspended or its clock was set" : "");
      record.lease(nonce, LeaseChange.OVER, shared.remainingNanos(now), 0);
      shared.reset();
      lease =
          new Lease(
              config.tickNanos(),
              on == null ? 0 : on.timeoutNanos() - on.timeoutNanos() / MARGIN_DIVISOR);
      leaseOver(shared);
    }
  }

  private void leaseOver(SessionLease shared) {
    host.leaseOver(this, shared);
    if (!lossTold) {
      lossTold = true;
      host.lost();
    }
  }

  /** Sends a bump when the lease needs one and no other transaction is on its way. */
  private void renew() {
    Pipeline pipe = pipeline;
    if (pipe == null || !connected || !ready || settling != null || closing) {
      return;
    }
    long now = loop.nanoTime();
    long wait = lease.nextWriteNanos(now);
    if (wait > 0) {
      if (!renewalScheduled || renewalAtNanos - (now + wait) > 0) {
        renewalScheduled = true;
        renewalAtNanos = now + wait;
        loop.schedule(
            renewalAtNanos,
            () -> {
              renewalScheduled = false;
              checkLease();
              renew();
            });
      }
    } else if (!pipe.isTransacting()) {
      var unused = pipe.sendBump();
    }
  }
}
