package io.dmcl.lock.contract;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockModes;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.MonitorListener;
import io.dmcl.lock.contract.InMemoryCluster.Request;
import io.dmcl.lock.contract.InMemoryCluster.Resource;
import io.dmcl.lock.contract.InMemoryCluster.Space;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A node of {@link InMemoryCluster}; guarded by the cluster's mutex. */
final class InMemoryLockspace implements Lockspace {
  final InMemoryCluster cluster;
  final Map<LockName, InMemoryLock> locks = new LinkedHashMap<>();
  private final Space space;
  private final String nodeId;
  private final LockModes modes = new LockModes(this);
  private final List<LockspaceListener> listeners = new CopyOnWriteArrayList<>();
  private final ThreadPoolExecutor listenerThread;

  /** Sets that wait, in the order in which they came. */
  private final List<PendingSet> sets = new ArrayList<>();

  private LockStats retired = LockStats.NONE;
  private Instant since = Instant.now();
  private int session = 1;
  private boolean closing;
  private boolean closed;

  InMemoryLockspace(InMemoryCluster cluster, Space space, String nodeId) {
    this.cluster = cluster;
    this.space = space;
    this.nodeId = nodeId;
    listenerThread =
        new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> InMemoryCluster.daemon(task, "listeners of " + nodeId));
    listenerThread.allowCoreThreadTimeOut(true);
  }

  // ---- for the handles

  <T> T guarded(Supplier<T> action) {
    cluster.mutex.lock();
    try {
      return action.get();
    } finally {
      cluster.mutex.unlock();
    }
  }

  void run(Runnable action) {
    guarded(
        () -> {
          action.run();
          return Boolean.TRUE;
        });
  }

  void settle(LockName name) {
    cluster.settle(space, List.of(name));
  }

  Resource resource(LockName name) {
    return space.resources.computeIfAbsent(
        name, missing -> new Resource(cluster.nextTransaction()));
  }

  String sessionId() {
    return nodeId + "." + session;
  }

  String requestId(long number) {
    return sessionId() + "." + number;
  }

  boolean isClosing() {
    return closing;
  }

  boolean isClosed() {
    return closed;
  }

  LockspaceClosedException closed() {
    return new LockspaceClosedException("lockspace " + space.name + " was closed: open it again");
  }

  void checkOpen() {
    if (closing) {
      throw closed();
    }
  }

  void retire(LockStats stats) {
    retired = retired.plus(stats);
  }

  void complete(CompletableFuture<Void> future) {
    cluster.executor.execute(() -> future.complete(null));
  }

  void fail(CompletableFuture<?> future, LockException cause) {
    cluster.executor.execute(() -> future.completeExceptionally(cause));
  }

  /** Runs a listener's method on the listener thread. */
  void tell(Runnable notice) {
    listenerThread.execute(
        () -> {
          try {
            notice.run();
          } catch (RuntimeException e) {
            Thread thread = Thread.currentThread();
            thread.getThreadGroup().uncaughtException(thread, e);
          }
        });
  }

  void tellAll(Consumer<LockspaceListener> notice) {
    for (LockspaceListener listener : listeners) {
      tell(() -> notice.accept(listener));
    }
  }

  /** This node has modified the lock. */
  void tellMonitors(LockName name, long version) {
    for (InMemoryLockspace other : space.nodes) {
      InMemoryLock lock = other == this ? null : other.locks.get(name);
      MonitorListener listener = lock == null ? null : lock.options().monitorListener();
      if (lock != null && listener != null) {
        other.tell(() -> listener.modified(lock, version));
      }
    }
  }

  static long toNanos(Duration duration) {
    Objects.requireNonNull(duration, "the timeout must not be null");
    try {
      return duration.toNanos();
    } catch (ArithmeticException e) {
      return duration.isNegative() ? 0 : Long.MAX_VALUE;
    }
  }

  // ---- handles

  @Override
  public ClusterLock allocate(LockName name, LockOptions options) {
    Objects.requireNonNull(name, "the name must not be null");
    Objects.requireNonNull(options, "the options must not be null");
    return guarded(
        () -> {
          checkOpen();
          if (locks.containsKey(name)) {
            throw new IllegalStateException(
                "this lockspace has a handle of lock " + name + " already: share or free it");
          }
          InMemoryLock lock = new InMemoryLock(this, name, options);
          locks.put(name, lock);
          if (options.has(LockProperty.PREALLOC_DLM)) {
            resource(name);
          }
          return lock;
        });
  }

  @Override
  public LockModes modes() {
    return modes;
  }

  // ---- several locks at once

  @Override
  public HoldSet acquireAll(Map<ClusterLock, LockMode> wanted) throws InterruptedException {
    return Objects.requireNonNull(awaitAll(wanted, Long.MAX_VALUE));
  }

  @Override
  public @Nullable HoldSet tryAcquireAll(Map<ClusterLock, LockMode> wanted, Duration timeout)
      throws InterruptedException {
    return awaitAll(wanted, toNanos(timeout));
  }

  @Override
  public CompletableFuture<HoldSet> acquireAllAsync(Map<ClusterLock, LockMode> wanted) {
    Map<InMemoryLock, LockMode> members = members(wanted);
    return guarded(
        () -> {
          CompletableFuture<HoldSet> future = new CompletableFuture<>();
          if (closing) {
            future.completeExceptionally(closed());
            return future;
          }
          PendingSet set = begin(members, future);
          future.whenComplete(
              (holds, error) -> {
                if (future.isCancelled()) {
                  run(() -> withdraw(set));
                }
              });
          return future;
        });
  }

  private @Nullable HoldSet awaitAll(Map<ClusterLock, LockMode> wanted, long timeoutNanos)
      throws InterruptedException {
    Map<InMemoryLock, LockMode> members = members(wanted);
    cluster.mutex.lockInterruptibly();
    try {
      checkOpen();
      PendingSet set = begin(members, null);
      long leftNanos = timeoutNanos;
      try {
        while (set.pending() && leftNanos > 0) {
          leftNanos = cluster.changed.awaitNanos(leftNanos);
        }
      } catch (InterruptedException e) {
        if (set.pending()) {
          withdraw(set);
          throw e;
        }
        Thread.currentThread().interrupt();
      }
      if (set.failure != null) {
        throw set.failure;
      }
      if (set.holds == null) {
        withdraw(set);
      }
      return set.holds;
    } finally {
      cluster.mutex.unlock();
    }
  }

  private Map<InMemoryLock, LockMode> members(Map<ClusterLock, LockMode> wanted) {
    if (wanted.isEmpty()) {
      throw new IllegalArgumentException("a set of locks must not be empty");
    }
    Map<InMemoryLock, LockMode> members = new LinkedHashMap<>();
    wanted.forEach(
        (lock, mode) -> {
          Objects.requireNonNull(lock, "a lock must not be null");
          Objects.requireNonNull(mode, "the mode must not be null");
          if (!(lock instanceof InMemoryLock own) || own.node != this) {
            throw new IllegalArgumentException(lock + " is not a handle of this lockspace");
          }
          members.put(own, mode);
        });
    return members;
  }

  private PendingSet begin(
      Map<InMemoryLock, LockMode> members, @Nullable CompletableFuture<HoldSet> future) {
    members.keySet().forEach(InMemoryLock::checkOpen);
    PendingSet set = new PendingSet(members, future);
    if (members.entrySet().stream().allMatch(m -> m.getKey().isReadyFor(m.getValue()))) {
      Map<ClusterLock, InMemoryHold> holds = new LinkedHashMap<>();
      members.forEach((lock, mode) -> holds.put(lock, lock.takeCached(mode)));
      finish(set, holds);
    } else {
      sets.add(set);
      set.enqueue();
      cluster.settle(space, set.names());
    }
    return set;
  }

  /** Whether a set waits for this lock. */
  boolean wantedBySet(InMemoryLock lock) {
    return setsThatWant(lock) > 0;
  }

  /** How many sets wait for this lock. */
  int setsThatWant(InMemoryLock lock) {
    return (int) sets.stream().filter(set -> set.members.containsKey(lock)).count();
  }

  /**
   * Completes the sets that can be, of those that have this lock.
   *
   * @return the locks of the completed sets
   */
  Set<LockName> stepSets(LockName name) {
    Set<LockName> touched = new LinkedHashSet<>();
    for (PendingSet set : List.copyOf(sets)) {
      if (set.names().contains(name)
          && set.requests.entrySet().stream().allMatch(r -> r.getKey().isReadyFor(r.getValue()))) {
        sets.remove(set);
        Map<ClusterLock, InMemoryHold> holds = new LinkedHashMap<>();
        set.requests.forEach((lock, request) -> holds.put(lock, lock.take(request, set.since)));
        finish(set, holds);
        touched.addAll(set.names());
      }
    }
    return touched;
  }

  private void finish(PendingSet set, Map<ClusterLock, InMemoryHold> holds) {
    set.holds = new InMemoryHoldSet(holds);
    if (set.future != null) {
      cluster.executor.execute(
          () -> {
            if (!set.future.complete(set.holds)) {
              run(() -> holds.values().forEach(InMemoryHold::takeBack));
            }
          });
    }
  }

  private void withdraw(PendingSet set) {
    if (sets.remove(set)) {
      set.requests.forEach((lock, request) -> resource(lock.name()).queue.remove(request));
      cluster.settle(space, set.names());
    }
  }

  // ---- the coordinator's state

  @Override
  public boolean purge(LockName name) {
    return guarded(
        () -> {
          checkOpen();
          Resource resource = space.resources.get(name);
          boolean unused =
              resource == null || (resource.queue.isEmpty() && resource.deadIntents.isEmpty());
          if (unused) {
            space.resources.remove(name);
          }
          return unused;
        });
  }

  @Override
  public int purgeUnused() {
    return guarded(
        () -> {
          checkOpen();
          int before = space.resources.size();
          List.copyOf(space.resources.keySet()).forEach(this::purge);
          return before - space.resources.size();
        });
  }

  @Override
  public LockspaceDump dump() {
    return guarded(
        () -> {
          checkOpen();
          List<LockspaceDump.NodeEntry> nodes =
              space.nodes.stream().map(InMemoryLockspace::describe).toList();
          List<LockspaceDump.LockEntry> entries = new ArrayList<>();
          space.resources.forEach((name, resource) -> entries.add(describe(name, resource)));
          return new LockspaceDump(space.name, nodeId, Instant.now(), nodes, entries);
        });
  }

  private LockspaceDump.NodeEntry describe() {
    return new LockspaceDump.NodeEntry(
        sessionId(), nodeId, "localhost", ProcessHandle.current().pid(), since);
  }

  private LockspaceDump.LockEntry describe(LockName name, Resource resource) {
    InMemoryLock own = locks.get(name);
    return new LockspaceDump.LockEntry(
        name,
        resource.queue.stream()
            .map(
                request ->
                    new LockspaceDump.QueueEntry(
                        request.id,
                        request.mode,
                        request.token,
                        resource.grants(request),
                        use(resource, request),
                        request.lock.node.describe()))
            .toList(),
        resource.version,
        resource.value.clone(),
        List.copyOf(resource.deadIntents),
        own == null ? null : own.describe());
  }

  private LockspaceDump.Use use(Resource resource, Request request) {
    if (!resource.grants(request)) {
      return LockspaceDump.Use.WAITS;
    } else if (request.lock.node != this) {
      return LockspaceDump.Use.UNKNOWN;
    }
    return request.lock.describe().cached() ? LockspaceDump.Use.CACHED : LockspaceDump.Use.HELD;
  }

  @Override
  public LockStats stats() {
    return guarded(
        () -> {
          LockStats sum = retired;
          for (InMemoryLock lock : locks.values()) {
            sum = sum.plus(lock.stats());
          }
          return sum;
        });
  }

  // ---- the end

  /** The session ends without a clean release; with {@code forEver} so does the node. */
  void endSession(boolean forEver) {
    run(
        () -> {
          if (closed) {
            return;
          }
          closing |= forEver;
          Set<LockName> touched = new LinkedHashSet<>(locks.keySet());
          locks.values().forEach(lock -> lock.loseGrant(forEver));
          tellAll(listener -> listener.sessionLost(this));
          session++;
          since = Instant.now();
          if (forEver) {
            shutDown();
            finishClosing();
          } else {
            sets.forEach(PendingSet::enqueue);
            tellAll(listener -> listener.sessionEstablished(this));
          }
          cluster.settle(space, touched);
        });
  }

  private void shutDown() {
    for (PendingSet set : List.copyOf(sets)) {
      set.failure = closed();
      if (set.future != null) {
        fail(set.future, set.failure);
      }
      withdraw(set);
    }
    locks.values().forEach(InMemoryLock::shutDown);
  }

  private void finishClosing() {
    locks.values().forEach(lock -> retire(lock.stats()));
    locks.clear();
    space.nodes.remove(this);
    closed = true;
  }

  @Override
  public void close() {
    run(
        () -> {
          if (!closing) {
            closing = true;
            shutDown();
            cluster.settle(space, List.copyOf(locks.keySet()));
          }
          while (!closed && !locks.values().stream().allMatch(InMemoryLock::isIdle)) {
            cluster.changed.awaitUninterruptibly();
          }
          if (!closed) {
            finishClosing();
            cluster.changed.signalAll();
          }
        });
  }

  @Override
  public String name() {
    return space.name;
  }

  @Override
  public String nodeId() {
    return nodeId;
  }

  @Override
  public void addListener(LockspaceListener listener) {
    listeners.add(listener);
  }

  @Override
  public String toString() {
    return "lockspace " + space.name + " of " + nodeId;
  }

  /** A set that waits; one of its results is set once. */
  private static final class PendingSet {
    final Map<InMemoryLock, LockMode> members;
    final Map<InMemoryLock, Request> requests = new LinkedHashMap<>();
    final @Nullable CompletableFuture<HoldSet> future;
    final long since = System.nanoTime();
    @Nullable HoldSet holds;
    @Nullable LockException failure;

    PendingSet(Map<InMemoryLock, LockMode> members, @Nullable CompletableFuture<HoldSet> future) {
      this.members = members;
      this.future = future;
    }

    boolean pending() {
      return holds == null && failure == null;
    }

    void enqueue() {
      members.forEach((lock, mode) -> requests.put(lock, lock.enqueue(mode, null)));
    }

    Set<LockName> names() {
      Set<LockName> names = new LinkedHashSet<>();
      members.keySet().forEach(lock -> names.add(lock.name()));
      return names;
    }
  }

  private static final class InMemoryHoldSet implements HoldSet {
    private final Map<ClusterLock, InMemoryHold> holds;

    InMemoryHoldSet(Map<ClusterLock, InMemoryHold> holds) {
      this.holds = holds;
    }

    @Override
    public List<Hold> holds() {
      return List.copyOf(holds.values());
    }

    @Override
    public Hold of(ClusterLock lock) {
      Hold hold = holds.get(lock);
      if (hold == null) {
        throw new IllegalArgumentException(lock + " is not of this set");
      }
      return hold;
    }

    @Override
    public void close() {
      RuntimeException first = null;
      for (Hold hold : holds.values()) {
        try {
          hold.close();
        } catch (RuntimeException e) {
          if (first == null) {
            first = e;
          } else {
            first.addSuppressed(e);
          }
        }
      }
      if (first != null) {
        throw first;
      }
    }
  }
}
