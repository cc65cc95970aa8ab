package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.DemoteHook;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.zookeeper.cache.AcquireAll;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.cache.LockObserver;
import io.dmcl.lock.zookeeper.cache.Placement;
import io.dmcl.lock.zookeeper.cache.SessionLease;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.Unit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A node: one opened lockspace, from its start to its end. Owns the locks and the lanes, and tells
 * each what it has to know of the other. All of it in the event loop, except what says otherwise.
 */
final class Node implements LocalLock.Host, AcquireAll.Host, Lane.Host {
  private static final long HOOK_OVERDUE_NANOS = 1_000_000_000L;

  private final NodeConfig config;
  private final Layout layout;
  private final FlightRecord record;
  private final Callbacks callbacks;
  private final LongSupplier random;
  private final String nodeId;
  private final byte[] nodeData;
  private final Loop loop;
  private final Consumer<Runnable> leaving; // made once: the fast path allocates nothing
  private final List<Lane> lanes = new ArrayList<>();

  private final Handles locks = new Handles();
  private final IdleGrants idle;
  private final Room room;
  private final Map<LocalLock, MonitorWatch> monitors = new LinkedHashMap<>();
  private final HoldListeners holdListeners;
  private final SideRequests side = new SideRequests(this);
  private final Orphans orphans = new Orphans(side);
  private final Promises promises;

  private String unavailableReason = "no connection to the coordination service yet";

  private final CopyOnWriteArrayList<LockspaceListener> listeners = new CopyOnWriteArrayList<>();
  private @Nullable Lockspace face;
  private volatile boolean closed;
  private boolean ended;

  /** Makes the event loop. */
  interface LoopFactory {
    /**
     * A loop.
     *
     * @param afterTasks to be run after each batch of tasks
     * @param onFailure told what a task threw
     */
    Loop loop(Runnable afterTasks, Consumer<Throwable> onFailure);
  }

  Node(
      NodeConfig config,
      Callbacks callbacks,
      LongSupplier random,
      String nodeId,
      byte[] nodeData,
      LoopFactory loops) {
    this.config = config;
    this.callbacks = callbacks;
    this.random = random;
    this.nodeId = nodeId;
    this.nodeData = nodeData;
    this.loop = loops.loop(this::flush, this::failed);
    this.leaving = loop::gather;
    this.layout = new Layout(config.root(), config.lockspace());
    this.record = new FlightRecord(config.lockspace(), nodeId);
    this.promises = new Promises(config.lockspace());
    this.holdListeners = new HoldListeners(callbacks.listeners());
    this.idle = new IdleGrants(loop, config, locks, this::isClosed);
    this.room = new Room(loop, config, lanes, locks, idle);
  }

  void start(Lockspace lockspace, List<Coordinator> coordinators) {
    face = lockspace;
    for (Coordinator coordinator : coordinators) {
      lanes.add(new Lane(this, loop, coordinator, config, layout, record));
    }
    for (Lane lane : lanes) {
      lane.start();
    }
    loop.run(idle::scheduleSweep);
  }

  // --- any thread

  Loop loop() {
    return loop;
  }

  /** How the end of a hold is told to the loop, by whoever does not wait for its release. */
  Consumer<Runnable> leaving() {
    return leaving;
  }

  Callbacks callbacks() {
    return callbacks;
  }

  Layout layout() {
    return layout;
  }

  /** What is read and written beside the queues; event loop only. */
  SideRequests side() {
    return side;
  }

  FlightRecord record() {
    return record;
  }

  String nodeId() {
    return nodeId;
  }

  boolean hasFailed() {
    return promises.haveFailed();
  }

  boolean isClosed() {
    return closed;
  }

  void addListener(LockspaceListener listener) {
    listeners.add(listener);
  }

  /** Runs in the loop, unless the lockspace is closed, and completes there with the result. */
  <T> CompletableFuture<T> call(Supplier<T> task) {
    return ask(
        () -> {
          checkOpen();
          return task.get();
        });
  }

  /** As {@link #call}, closed or not. */
  <T> CompletableFuture<T> ask(Supplier<T> task) {
    return in(loop::run, task);
  }

  /** As {@link #ask}, for the end of a hold, whose release waits for what is asked for next. */
  <T> CompletableFuture<T> leave(Supplier<T> task) {
    return in(leaving, task);
  }

  private <T> CompletableFuture<T> in(Consumer<Runnable> how, Supplier<T> task) {
    CompletableFuture<T> result = new CompletableFuture<>();
    how.accept(
        () -> {
          try {
            result.complete(task.get());
          } catch (RuntimeException e) {
            result.completeExceptionally(e);
          }
        });
    return promises.add(result);
  }

  /** A future that is completed on a thread that may block when {@code source} is. */
  <T> CompletableFuture<T> outside(CompletableFuture<T> source) {
    CompletableFuture<T> result = promises.add(new CompletableFuture<>());
    source.whenComplete(
        (value, error) ->
            callbacks
                .hooks()
                .execute(
                    () -> {
                      if (error != null) {
                        result.completeExceptionally(error);
                      } else {
                        result.complete(value);
                      }
                    }));
    return result;
  }

  /** What callers wait for. */
  Promises promises() {
    return promises;
  }

  LockspaceClosedException closedException() {
    return promises.closedException();
  }

  // --- the event loop

  void checkOpen() {
    if (closed) {
      throw closedException();
    }
  }

  /** After each batch of events: sends what they came to. */
  void flush() {
    for (Lane lane : lanes) {
      lane.flush();
    }
  }

  LockHandle allocate(LockName name, LockOptions options) {
    checkOpen();
    if (locks.of(name) != null) {
      throw new IllegalStateException(
          "lockspace "
              + config.lockspace()
              + " has a handle of lock "
              + name
              + " already: share it, or free it first");
    }
    LocalLock local = new LocalLock(this, name, layout.lock(name), options);
    LockHandle handle = new LockHandle(this, local);
    locks.add(handle);
    return handle;
  }

  @Nullable LockHandle handle(LockName name) {
    return locks.of(name);
  }

  /** Ends a handle; completes when the lock is at rest. */
  CompletableFuture<Void> free(LocalLock lock) {
    if (locks.of(lock) == null) {
      return CompletableFuture.completedFuture(null);
    }
    if (lock.isInUse()) {
      throw new IllegalStateException(
          "lock " + lock.name() + " is held or waited for: unlock it first");
    }
    lock.close(false);
    return lock.atRest().thenRun(() -> forgetLock(lock));
  }

  private void forgetLock(LocalLock lock) {
    if (locks.remove(lock)) {
      room.forget(lock);
      MonitorWatch monitor = monitors.remove(lock);
      if (monitor != null) {
        monitor.stop();
      }
    }
  }

  LockStats stats() {
    return locks.stats();
  }

  /** Begins to close: completes when nothing of ours is in any queue. */
  CompletableFuture<Void> close() {
    if (closed) {
      return CompletableFuture.completedFuture(null);
    }
    closed = true;
    List<CompletableFuture<Void>> rests = new ArrayList<>();
    for (LocalLock lock : locks.locals()) {
      lock.close(true);
      rests.add(lock.atRest());
    }
    side.close();
    return CompletableFuture.allOf(rests.toArray(CompletableFuture<?>[]::new));
  }

  /** After {@link #close}: removes the node's znodes; completes when that was tried. */
  CompletableFuture<Void> deleteNodes() {
    List<CompletableFuture<Void>> deletions = new ArrayList<>();
    for (Lane lane : lanes) {
      CompletableFuture<Void> deletion = new CompletableFuture<>();
      lane.deleteNode(() -> deletion.complete(null));
      deletions.add(deletion);
    }
    return CompletableFuture.allOf(deletions.toArray(CompletableFuture<?>[]::new));
  }

  /** Any thread: ends the clients. */
  void closeClients() {
    for (Lane lane : lanes) {
      lane.closeClient();
    }
  }

  /** Last of all: whoever still waits for an answer is told that there will be none. */
  CompletableFuture<Void> end() {
    ended = true;
    for (Lane lane : lanes) {
      lane.end();
    }
    return CompletableFuture.completedFuture(null);
  }

  /** Any thread, as the last thing in the event loop: a promise cannot be kept any more. */
  void failed(Throwable cause) {
    RuntimeException error =
        cause instanceof RuntimeException runtime ? runtime : new IllegalStateException(cause);
    promises.fail(error);
    closed = true;
    for (Lane lane : lanes) {
      SessionLease lease = lane.lease();
      if (lease != null) {
        lease.end();
      }
    }
    locks.locals().forEach(lock -> lock.word().fail());
    promises.breakAll();
    tell(
        listener ->
            listener.failed(
                lockspace(),
                error instanceof LockException lockError
                    ? lockError
                    : new LockException("the lockspace has failed: " + error, error)));
    closeClients();
  }

  // --- LocalLock.Host

  @Override
  public LockObserver observer() {
    return record;
  }

  @Override
  public long nanoTime() {
    return loop.nanoTime();
  }

  @Override
  public @Nullable Placement place(LocalLock lock, LockMode mode, @Nullable Placement upgradeFrom) {
    return room.place(lock, mode, upgradeFrom);
  }

  @Override
  public @Nullable List<Placement> placeAll(
      AcquireAll set, List<LocalLock> members, List<LockMode> modes) {
    return room.placeAll(set, members, modes);
  }

  @Override
  public void vacated(LocalLock lock, Placement placement) {
    room.vacated(placement);
  }

  @Override
  public void wakeAt(LocalLock lock, long atNanos) {
    loop.schedule(atNanos, lock::advance);
  }

  @Override
  public void demote(LocalLock lock, Grant grant, @Nullable LockMode to) {
    DemoteHook hook = lock.options().demoteHook();
    if (hook == null) {
      throw new IllegalStateException("no hook");
    }
    LockHandle handle = locks.of(lock);
    if (handle == null) {
      throw new IllegalStateException("a demotion of a lock without a handle");
    }
    loop.schedule(loop.nanoTime() + HOOK_OVERDUE_NANOS, () -> checkOverdue(lock));
    callbacks.hooks().execute(new HookRun(handle, hook, grant, to));
  }

  private void checkOverdue(LocalLock lock) {
    long nanos = lock.demotingNanos();
    LockHandle handle = locks.of(lock);
    if (nanos >= HOOK_OVERDUE_NANOS && handle != null) {
      tell(listener -> listener.hookOverdue(handle, nanos));
    }
  }

  @Override
  public void lost(LocalLock lock, Grant grant) {
    holdListeners.lost(grant);
  }

  @Override
  public void releaseFailed(LocalLock lock, LockException cause) {
    LockHandle handle = locks.of(lock);
    if (handle != null) {
      tell(listener -> listener.releaseFailed(handle, cause));
    }
  }

  @Override
  public void orphaned(LocalLock lock, Request request) {
    orphans.add(lock.paths(), request);
    removeOrphans();
  }

  @Override
  public void watchVersion(LocalLock lock) {
    LockHandle handle = locks.of(lock);
    if (handle != null) {
      monitors.computeIfAbsent(lock, l -> new MonitorWatch(this, handle)).arm();
    }
  }

  // --- AcquireAll.Host

  @Override
  public void makeLocks(AcquireAll set, List<LocalLock> missing) {
    List<CompletableFuture<Void>> made = missing.stream().map(side::makeLock).toList();
    var unused =
        CompletableFuture.allOf(made.toArray(CompletableFuture<?>[]::new))
            .whenComplete((done, error) -> set.locksMade(asRuntime(error)));
  }

  @Override
  public void submit(Placement placement, Unit unit) {
    for (Lane lane : lanes) {
      if (lane.lease() == placement.lease()) {
        lane.submit(unit);
        return;
      }
    }
    unit.owner().ended(unit);
  }

  // --- Lane.Host

  @Override
  public void sessionOpened(Lane lane) {
    side.sessionOpened(lane);
    removeOrphans();
    monitors.values().forEach(MonitorWatch::resume);
    room.mayBe();
    tell(listener -> listener.sessionEstablished(lockspace()));
  }

  @Override
  public void leaseChanged(SessionLease lease) {
    for (LocalLock lock : locks.locals()) {
      Grant grant = lock.fastGrant();
      if (grant != null && grant.lease() == lease) {
        lock.advance();
      }
    }
    holdListeners.leaseChanged(lease);
  }

  @Override
  public void leaseOver(SessionLease lease) {
    for (LocalLock lock : locks.locals()) {
      lock.leaseOver(lease);
    }
  }

  @Override
  public void lost() {
    if (!ended) { // then it was closed
      tell(listener -> listener.sessionLost(lockspace()));
    }
  }

  @Override
  public void restored() {
    tell(listener -> listener.sessionEstablished(lockspace()));
  }

  @Override
  public void sessionEnded(Lane lane, SessionLease lease) {
    locks.locals().forEach(lock -> lock.sessionEnded(lease));
    unavailableReason = "the session has ended, and there is no new one yet";
    for (MonitorWatch monitor : monitors.values()) {
      monitor.sessionEnded(lane);
      monitor.resume();
    }
    room.mayBe();
  }

  @Override
  public void unavailable(String reason) {
    unavailableReason = reason;
  }

  @Override
  public void fail(RuntimeException cause) {
    throw cause; // the loop stops and calls failed
  }

  @Override
  public long random() {
    return random.getAsLong();
  }

  @Override
  public byte[] nodeData() {
    return nodeData;
  }

  // --- whether there is a session

  @Override
  public @Nullable String unavailableReason() {
    return anyLane() == null ? unavailableReason : null;
  }

  /** What to tell a caller who could not even ask in time; null if there is a session. */
  @Nullable CoordinatorUnavailableException whyUnreachable(String what) {
    return anyLane() != null
        ? null
        : new CoordinatorUnavailableException(
            what + " could not be requested in time: " + unavailableReason);
  }

  /** The first lane with a session; null if there is none. */
  @Nullable Lane anyLane() {
    for (Lane lane : lanes) {
      if (lane.hasSession()) {
        return lane;
      }
    }
    return null;
  }

  private void removeOrphans() {
    if (anyLane() != null && !closed) {
      orphans.remove();
    }
  }

  // --- listeners

  HoldListeners holdListeners() {
    return holdListeners;
  }

  void tell(Consumer<LockspaceListener> event) {
    for (LockspaceListener listener : listeners) {
      listen(() -> event.accept(listener));
    }
  }

  /** Runs a listener on the listeners' thread. */
  void listen(Runnable call) {
    callbacks.listeners().execute(call);
  }

  /** The lockspace that users see. */
  Lockspace lockspace() {
    Lockspace lockspace = face;
    if (lockspace == null) {
      throw new IllegalStateException("not started");
    }
    return lockspace;
  }

  private static @Nullable RuntimeException asRuntime(@Nullable Throwable error) {
    if (error == null) {
      return null;
    }
    Throwable cause = error.getCause() != null ? error.getCause() : error;
    return cause instanceof RuntimeException runtime
        ? runtime
        : new LockException(String.valueOf(cause.getMessage()), cause);
  }
}
