package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Queue;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Unit;
import io.dmcl.lock.zookeeper.protocol.WatchOwner;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One lock of one node, taken out of its node: the clock, the lease, the answers and the other
 * nodes are the test's. What was sent is done and answered when the test says so, and all goes
 * well.
 */
final class LockBench implements LocalLock.Host, Request.Wire {
  private static final String NONCE = RequestId.nonce(1);
  private static final String FOREIGN_NONCE = RequestId.nonce(2);
  private static final long LONG_AFTER_NANOS = 1_000_000_000L;
  private static final long LEASE_NANOS = 1L << 60;

  final LockPaths paths;
  final LocalLock lock;

  /** What the node has lost. */
  final List<Grant> lost = new ArrayList<>();

  /** The grants that the demote hook runs for. */
  final List<Grant> demoting = new ArrayList<>();

  /** Why releases did not take place. */
  final List<LockException> failed = new ArrayList<>();

  /** Requests whose intents are left behind. */
  final List<Request> orphans = new ArrayList<>();

  /** All requests that were made. */
  final List<Placement> placed = new ArrayList<>();

  /** What was sent and has not been done. */
  final Deque<Unit> sent = new ArrayDeque<>();

  /** What another thread does whenever the lock asks for the time or sends something. */
  Runnable meanwhile = () -> {};

  private final List<Watch> watches = new ArrayList<>();
  private final Deque<Runnable> events = new ArrayDeque<>();
  private final List<String> children = new ArrayList<>();
  private final List<String> intents = new ArrayList<>();
  private byte[] versionData = new byte[0];
  private long versionZxid = 1;
  private long zxid = 1;
  private int sequence;
  private long foreigners;
  private long versionMade = 1;
  private long requestsMade;
  private volatile long nowNanos = LONG_AFTER_NANOS;
  private volatile SessionLease lease = newLease();

  private record Watch(WatchOwner owner, ReadOp read) {}

  /** A caller; what it was told. */
  static final class Caller extends Waiter {
    @Nullable Grant grant;
    Freshness told = Freshness.UNKNOWN;
    boolean busy;
    @Nullable RuntimeException failure;

    Caller(LockMode mode) {
      super(mode, true, null);
    }

    boolean holds() {
      return grant != null;
    }

    @Override
    protected void granted(Grant of, Freshness news) {
      grant = of;
      told = news;
    }

    @Override
    protected void busy() {
      busy = true;
    }

    @Override
    protected void failed(RuntimeException cause) {
      failure = cause;
    }
  }

  LockBench(LockOptions options) {
    LockName name = LockName.of(1);
    paths = new Layout("/r", "s").lock(name);
    lock = new LocalLock(this, name, paths, options);
    lock.setLockExists(true);
  }

  private static SessionLease newLease() {
    SessionLease lease = new SessionLease(0);
    lease.extendTo(LEASE_NANOS);
    return lease;
  }

  // --- callers, as the event loop sees them

  Caller acquire(LockMode mode) {
    Caller caller = new Caller(mode);
    lock.acquire(caller);
    return caller;
  }

  void unlock(Caller caller) {
    long unused = lock.word().exit(caller.mode());
    lock.unlocked(Objects.requireNonNull(caller.grant), caller.told);
  }

  // --- time, lease, other nodes

  /** Time passes; nobody is woken. */
  void pass(long nanos) {
    nowNanos += nanos;
  }

  SessionLease lease() {
    return lease;
  }

  /** The lease goes on, or begins again, in the same session. */
  void extendLease() {
    lease.extendTo(LEASE_NANOS);
  }

  /** The lease is over, which the event loop finds out; the next one begins. */
  void endLease() {
    SessionLease old = lease;
    old.end();
    lock.leaseOver(old);
    lease = newLease();
  }

  /** Another node's request comes. */
  Entry foreign(LockMode mode) {
    Entry entry = new Entry(mode, RequestId.of(FOREIGN_NONCE, foreigners++), nextSequence());
    zxid++;
    if (mode == LockMode.EXCLUSIVE) {
      intents.add(entry.id().text());
      changed(new ReadOp.Children(paths.version()));
    }
    children.add(entry.name());
    changed(new ReadOp.Children(paths.lock()));
    return entry;
  }

  /** The coordinator's counter: it sticks at its end. */
  private int nextSequence() {
    return sequence == Integer.MAX_VALUE ? sequence : sequence++;
  }

  /** The next entry has this place. */
  void setSequence(int next) {
    sequence = next;
  }

  /** An entry goes, with its intent: a cancel by its owner. */
  void cancel(Entry entry) {
    vanish(entry);
    if (intents.remove(entry.id().text())) {
      changed(new ReadOp.Children(paths.version()));
    }
  }

  /** An entry goes and leaves its intent. */
  void vanish(Entry entry) {
    zxid++;
    if (children.remove(entry.name())) {
      changed(new ReadOp.Data(paths.entry(entry)));
      changed(new ReadOp.Children(paths.lock()));
    }
  }

  /** The queue as it is now. */
  Queue queue() {
    return Queue.of(children);
  }

  /** Whether the queue has an entry for the grant that allows the mode. */
  boolean owns(Grant grant, LockMode mode) {
    Entry entry = queue().find(grant.request().id());
    return entry != null && entry.mode().covers(mode) && queue().blockerOf(entry, null) == null;
  }

  // --- answers

  /** Does and answers everything, with what follows from it. */
  void answer() {
    while (!events.isEmpty() || !sent.isEmpty()) {
      if (events.isEmpty()) {
        answerOne();
      } else {
        events.remove().run();
      }
    }
  }

  /** Tells of what has happened, and answers watches. */
  void tell() {
    while (!events.isEmpty()) {
      events.remove().run();
    }
  }

  /** Does and answers the unit that was sent first. */
  void answerOne() {
    Unit unit = sent.remove();
    for (int i = 0; i < unit.writes().size(); i++) {
      if (unit.writes().get(i) instanceof WriteOp.Delete delete && !isThere(delete.path())) {
        unit.owner().refused(unit, i, Code.NO_NODE);
        return;
      }
    }
    if (!unit.writes().isEmpty()) {
      zxid++;
      unit.owner().written(unit, unit.writes().stream().map(this::write).toList(), zxid);
    }
    if (!unit.reads().isEmpty()) {
      unit.owner().read(unit, unit.reads().stream().map(this::read).toList());
    }
  }

  private boolean isThere(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return path.equals(paths.lock())
        || path.equals(paths.version())
        || children.contains(name)
        || intents.contains(name);
  }

  private Reply.Written write(WriteOp write) {
    String parent = write.path().substring(0, write.path().lastIndexOf('/'));
    String name = write.path().substring(parent.length() + 1);
    List<String> siblings = parent.equals(paths.lock()) ? children : intents;
    String created = null;
    if (write.path().equals(paths.lock()) || write.path().equals(paths.version())) {
      writeLock(write);
    } else if (write instanceof WriteOp.Create create) {
      boolean sequential = create.kind() == WriteOp.Kind.EPHEMERAL_SEQUENTIAL;
      String made = sequential ? name + String.format("%010d", nextSequence()) : name;
      siblings.add(made);
      created = parent + '/' + made;
      changed(new ReadOp.Children(parent));
    } else if (write instanceof WriteOp.Delete) {
      siblings.remove(name);
      changed(new ReadOp.Data(write.path()));
      changed(new ReadOp.Children(parent));
    }
    return new Reply.Written(Code.OK, created, null);
  }

  /** The lock is made anew, or its version bumped. */
  private void writeLock(WriteOp write) {
    if (write instanceof WriteOp.SetData set) {
      versionData = set.data();
      versionZxid = zxid;
    } else if (write instanceof WriteOp.Create create) {
      if (write.path().equals(paths.lock())) {
        sequence = 0;
      } else {
        versionData = create.data();
        versionZxid = zxid;
        versionMade = zxid;
      }
    }
  }

  private Reply.Read read(ReadOp read) {
    if (read instanceof ReadOp.Children) {
      return Reply.Read.ofChildren(read.path().equals(paths.lock()) ? children : intents, null);
    } else if (read.path().equals(paths.version())) {
      return Reply.Read.ofData(
          versionData, new ZnodeStat(versionMade, versionZxid, zxid, 0, 0, intents.size()));
    }
    return isThere(read.path())
        ? Reply.Read.ofData(new byte[0], new ZnodeStat(zxid, zxid, zxid, 0, 0, 0))
        : Reply.Read.failed(Code.NO_NODE);
  }

  private void changed(ReadOp read) {
    for (Watch watch : List.copyOf(watches)) {
      if (watch.read().equals(read)) {
        watches.remove(watch);
        events.add(() -> watch.owner().watchFired(read));
      }
    }
  }

  // --- Request.Wire

  @Override
  public void submit(Unit unit) {
    meanwhile.run();
    sent.add(unit);
  }

  @Override
  public void watch(WatchOwner owner, ReadOp read) {
    watches.removeIf(watch -> watch.read().equals(read));
    events.add(
        () -> {
          Reply.Read reply = read(read);
          if (reply.code() == Code.OK) {
            watches.add(new Watch(owner, read));
          }
          owner.watchSet(read, reply);
        });
  }

  @Override
  public void unwatch(WatchOwner owner, ReadOp read) {
    watches.removeIf(watch -> watch.owner() == owner && watch.read().equals(read));
  }

  // --- LocalLock.Host

  @Override
  public long nanoTime() {
    meanwhile.run();
    return nowNanos;
  }

  @Override
  public @Nullable Placement place(LocalLock of, LockMode mode, @Nullable Placement upgradeFrom) {
    RequestId id = RequestId.of(NONCE, requestsMade++);
    Entry shared = upgradeFrom == null ? null : upgradeFrom.entry();
    Placement request = new Placement(lease, this, of, paths, id, mode, true, shared);
    placed.add(request);
    return request;
  }

  @Override
  public void vacated(LocalLock of, Placement placement) {}

  @Override
  public void wakeAt(LocalLock of, long atNanos) {}

  @Override
  public void demote(LocalLock of, Grant grant, @Nullable LockMode to) {
    demoting.add(grant);
  }

  @Override
  public void lost(LocalLock of, Grant grant) {
    lost.add(grant);
  }

  @Override
  public void releaseFailed(LocalLock of, LockException cause) {
    failed.add(cause);
  }

  @Override
  public void orphaned(LocalLock of, Request request) {
    orphans.add(request);
  }

  @Override
  public void watchVersion(LocalLock of) {}

  @Override
  public String unavailableReason() {
    return "there is no session";
  }
}
