package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.DemoteHook;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LimitExceededException;
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
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.Unit;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A node: one opened lockspace. Owns the locks and the lanes, gives requests their sessions, and
 * runs what users have hung on to locks. All of it in the event loop, except what says otherwise.
 */
final class Node implements LocalLock.Host, AcquireAll.Host, Lane.Host {
  private static final long HOOK_OVERDUE_NANOS = 1_000_000_000L;
  private static final long SWEEP_NANOS = 1_000_000_000L;

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

  private final Map<LockName, LockHandle> locks = new HashMap<>();
  private final Set<LocalLock> wantRoom = new LinkedHashSet<>();
  private final Set<AcquireAll> setsWantRoom = new LinkedHashSet<>();
  private boolean makingRoom;
  private final Map<LocalLock, MonitorWatch> monitors = new LinkedHashMap<>();
  private final Map<Grant, List<HoldWatch>> holdListeners = new LinkedHashMap<>();
  private final Orphans orphans = new Orphans(this);
  private final List<WantsSession<?>> waitingForSession = new ArrayList<>();

  /** What callers wait for, of any thread: if the event loop fails, nobody else completes it. */
  private final Set<CompletableFuture<?>> promised = ConcurrentHashMap.newKeySet();

  private final Set<LockHandle.WaitingCaller> callers = ConcurrentHashMap.newKeySet();

  private LockStats freed = LockStats.NONE;
  private String unavailableReason = "no connection to the coordination service yet";

  private final CopyOnWriteArrayList<LockspaceListener> listeners = new CopyOnWriteArrayList<>();
  private @Nullable Lockspace face;
  private volatile @Nullable RuntimeException failure;
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

  /** A hold with a listener, and what it was told last. */
  private static final class HoldWatch {
    final GrantHold hold;
    final io.dmcl.lock.HoldListener listener;
    HoldState told = HoldState.HELD;

    HoldWatch(GrantHold hold, io.dmcl.lock.HoldListener listener) {
      this.hold = hold;
      this.listener = listener;
    }
  }

  /** What is to be done when there is a session, and who waits for it. */
  private record WantsSession<T>(
      Function<Lane, CompletableFuture<T>> task, CompletableFuture<T> result) {
    void run(Lane lane) {
      try {
        task.apply(lane).whenComplete((value, error) -> LockHandle.relay(result, value, error));
      } catch (RuntimeException e) {
        result.completeExceptionally(e);
      }
    }
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
  }

  void start(Lockspace lockspace, List<Coordinator> coordinators) {
    face = lockspace;
    for (Coordinator coordinator : coordinators) {
      lanes.add(new Lane(this, loop, coordinator, config, layout, record));
    }
    for (Lane lane : lanes) {
      lane.start();
    }
    loop.run(this::scheduleSweep);
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

  FlightRecord record() {
    return record;
  }

  String nodeId() {
    return nodeId;
  }

  boolean hasFailed() {
    return failure != null;
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
    return promised(result);
  }

  /** A future that is completed on a thread that may block when {@code source} is. */
  <T> CompletableFuture<T> outside(CompletableFuture<T> source) {
    CompletableFuture<T> result = promised(new CompletableFuture<>());
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

  /** If the lockspace fails this caller is told, until {@link #waitsNoMore}. */
  void waits(LockHandle.WaitingCaller caller) {
    callers.add(caller);
  }

  void waitsNoMore(LockHandle.WaitingCaller caller) {
    callers.remove(caller);
  }

  /** A future that fails if the lockspace does. */
  <F extends CompletableFuture<?>> F promised(F future) {
    if (future.isDone()) {
      return future;
    }
    promised.add(future);
    var unused = future.whenComplete((value, error) -> promised.remove(future));
    if (failure != null) {
      future.completeExceptionally(closedException());
    }
    return future;
  }

  private void breakPromises() {
    promised.forEach(future -> future.completeExceptionally(closedException()));
  }

  LockspaceClosedException closedException() {
    RuntimeException cause = failure;
    return cause == null
        ? new LockspaceClosedException("lockspace " + config.lockspace() + " is closed")
        : new LockspaceClosedException(
            "lockspace " + config.lockspace() + " has failed: " + cause.getMessage(), cause);
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
    if (locks.containsKey(name)) {
      throw new IllegalStateException(
          "lockspace "
              + config.lockspace()
              + " has a handle of lock "
              + name
              + " already: share it, or free it first");
    }
    LocalLock local = new LocalLock(this, name, layout.lock(name), options);
    LockHandle handle = new LockHandle(this, local);
    locks.put(name, handle);
    return handle;
  }

  @Nullable LockHandle handle(LockName name) {
    return locks.get(name);
  }

  /** Null if it was freed. */
  private @Nullable LockHandle handle(LocalLock lock) {
    LockHandle handle = locks.get(lock.name());
    return handle != null && handle.local() == lock ? handle : null;
  }

  /** As they are now. */
  private List<LocalLock> locals() {
    return locks.values().stream().map(LockHandle::local).toList();
  }

  /** Ends a handle; completes when the lock is at rest. */
  CompletableFuture<Void> free(LocalLock lock) {
    if (handle(lock) == null) {
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
    if (handle(lock) != null) {
      locks.remove(lock.name());
      freed = freed.plus(lock.stats());
      wantRoom.remove(lock);
      MonitorWatch monitor = monitors.remove(lock);
      if (monitor != null) {
        monitor.stop();
      }
    }
  }

  LockStats stats() {
    LockStats sum = freed;
    for (LocalLock lock : locals()) {
      sum = sum.plus(lock.stats());
    }
    return sum;
  }

  /** Begins to close: completes when nothing of ours is in any queue. */
  CompletableFuture<Void> close() {
    if (closed) {
      return CompletableFuture.completedFuture(null);
    }
    closed = true;
    List<CompletableFuture<Void>> rests = new ArrayList<>();
    for (LocalLock lock : locals()) {
      lock.close(true);
      rests.add(lock.atRest());
    }
    dismissWaiting();
    return CompletableFuture.allOf(rests.toArray(CompletableFuture<?>[]::new));
  }

  private void dismissWaiting() {
    List<WantsSession<?>> waiting = List.copyOf(waitingForSession);
    waitingForSession.clear();
    waiting.forEach(one -> one.result().completeExceptionally(closedException()));
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
    failure = error;
    closed = true;
    for (Lane lane : lanes) {
      SessionLease lease = lane.lease();
      if (lease != null) {
        lease.end();
      }
    }
    for (LockHandle handle : List.copyOf(locks.values())) {
      handle.local().word().fail();
    }
    callers.forEach(caller -> caller.failed(closedException()));
    breakPromises();
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
    for (Lane lane : lanes) {
      SessionLease lease = lane.lease();
      if (lease == null || (upgradeFrom != null && upgradeFrom.lease() != lease)) {
        continue;
      }
      Placement placement =
          new Placement(
              lease,
              lane,
              lock,
              lock.paths(),
              lane.nextId(),
              mode,
              lock.lockExists(),
              upgradeFrom == null ? null : upgradeFrom.entry());
      if (lane.hasRoom(placement.entryBytes() + lane.pathOverhead())) {
        lane.add(placement);
        return placement;
      }
    }
    if (upgradeFrom == null) {
      wantRoom.add(lock);
      wantRoom();
    }
    return null;
  }

  @Override
  public @Nullable List<Placement> placeAll(
      AcquireAll set, List<LocalLock> members, List<LockMode> modes) {
    int bytes = 0;
    for (LocalLock member : members) {
      bytes += member.paths().lock().length() + 48;
    }
    for (Lane lane : lanes) {
      SessionLease lease = lane.lease();
      if (lease == null || !lane.hasRoom(bytes + members.size() * lane.pathOverhead())) {
        continue;
      }
      List<Placement> placements = new ArrayList<>();
      for (int i = 0; i < members.size(); i++) {
        LocalLock member = members.get(i);
        Placement placement =
            new Placement(
                lease, lane, member, member.paths(), lane.nextId(), modes.get(i), true, null);
        lane.add(placement);
        placements.add(placement);
      }
      return placements;
    }
    setsWantRoom.add(set);
    wantRoom();
    return null;
  }

  @Override
  public void vacated(LocalLock lock, Placement placement) {
    for (Lane lane : lanes) {
      if (lane.lease() == placement.lease()) {
        lane.remove(placement);
      }
    }
    if (!wantRoom.isEmpty() || !setsWantRoom.isEmpty()) {
      loop.execute(this::roomMayBe);
    }
  }

  private void roomMayBe() {
    List<LocalLock> wanting = List.copyOf(wantRoom);
    wantRoom.clear();
    for (LocalLock lock : wanting) {
      lock.advance();
    }
    List<AcquireAll> sets = List.copyOf(setsWantRoom);
    setsWantRoom.clear();
    for (AcquireAll set : sets) {
      set.roomMayBe();
    }
  }

  /** Sees to it that there will be room, once for all that want some just now. */
  private void wantRoom() {
    if (!makingRoom) {
      makingRoom = true;
      loop.execute(this::makeRoom);
    }
  }

  /**
   * Gives back the least recently used idle grants; says so if there is nothing to give, and no
   * further session to come either.
   */
  private void makeRoom() {
    makingRoom = false;
    int wanted = wantRoom.size() + setsWantRoom.size();
    if (wanted == 0 || lanes.stream().noneMatch(Lane::hasSession)) {
      return; // room comes with a session
    }
    List<LocalLock> idle = locals().stream().filter(LocalLock::isCached).toList();
    if (!idle.isEmpty()) {
      reclaim(idle, Math.max(wanted, idle.size() / 16));
    } else if (lanes.stream().allMatch(Lane::hasSession)
        && locals().stream().noneMatch(LocalLock::isLeaving)) {
      refuseRoom();
    }
  }

  private void refuseRoom() {
    LimitExceededException error =
        new LimitExceededException(
            "this node's "
                + lanes.size()
                + " session(s) carry as many requests as they may ("
                + config.maxSessionBytes()
                + " bytes of paths each), and none is idle: open the lockspace with more"
                + " sessions, or hold fewer locks at once");
    List<LocalLock> wanting = List.copyOf(wantRoom);
    wantRoom.clear();
    wanting.forEach(lock -> lock.fail(error));
    List<AcquireAll> sets = List.copyOf(setsWantRoom);
    setsWantRoom.clear();
    sets.forEach(set -> set.fail(error));
  }

  private void reclaim(List<LocalLock> idle, int count) {
    long now = loop.nanoTime();
    Map<LocalLock, Long> idleNanos = new HashMap<>();
    idle.forEach(lock -> idleNanos.put(lock, now - lock.idleSince(now)));
    List<LocalLock> oldestFirst = new ArrayList<>(idle);
    oldestFirst.sort(Comparator.comparing(idleNanos::get, Comparator.reverseOrder()));
    for (LocalLock lock : oldestFirst.subList(0, Math.min(count, oldestFirst.size()))) {
      lock.drop();
    }
  }

  private void scheduleSweep() {
    loop.schedule(loop.nanoTime() + SWEEP_NANOS, this::sweep);
  }

  /** Gives back grants that were idle for too long, or are too many. */
  private void sweep() {
    if (closed) {
      return;
    }
    long now = loop.nanoTime();
    List<LocalLock> idle = new ArrayList<>();
    List<LocalLock> drops = new ArrayList<>();
    for (LocalLock lock : locals()) {
      boolean tooLong = now - lock.idleSince(now) >= config.idleNanos();
      if (lock.isCached() && tooLong && config.idleNanos() > 0) {
        drops.add(lock);
      } else if (lock.isCached()) {
        idle.add(lock);
      }
    }
    drops.forEach(LocalLock::drop);
    if (idle.size() > config.maxCachedGrants()) {
      reclaim(idle, idle.size() - config.maxCachedGrants());
    }
    scheduleSweep();
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
    LockHandle handle = handle(lock);
    if (handle == null) {
      throw new IllegalStateException("a demotion of a lock without a handle");
    }
    loop.schedule(loop.nanoTime() + HOOK_OVERDUE_NANOS, () -> checkOverdue(lock));
    callbacks
        .hooks()
        .execute(
            () -> {
              Throwable error = null;
              GrantDemotion demotion = new GrantDemotion(handle, grant, to);
              FlightEvents.DemoteHook event = FlightRecord.demoting();
              try {
                hook.demote(demotion);
              } catch (Throwable e) { // whatever it is, what was dirty has not been written
                error = e;
                if (e instanceof InterruptedException) {
                  Thread.currentThread().interrupt();
                }
              }
              demotion.end();
              record.demoted(event, lock.name(), demotion.from(), to, error);
              Throwable outcome = error;
              if (outcome != null) {
                tell(listener -> listener.hookFailed(handle, outcome));
              }
              loop.run(() -> lock.hookDone(grant, outcome));
            });
  }

  private void checkOverdue(LocalLock lock) {
    long nanos = lock.demotingNanos();
    LockHandle handle = handle(lock);
    if (nanos >= HOOK_OVERDUE_NANOS && handle != null) {
      tell(listener -> listener.hookOverdue(handle, nanos));
    }
  }

  @Override
  public void lost(LocalLock lock, Grant grant) {
    tellHolds(grant, HoldState.LOST);
    holdListeners.remove(grant);
  }

  @Override
  public void releaseFailed(LocalLock lock, LockException cause) {
    LockHandle handle = handle(lock);
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
    LockHandle handle = handle(lock);
    if (handle != null) {
      monitors.computeIfAbsent(lock, l -> new MonitorWatch(this, handle)).arm();
    }
  }

  // --- AcquireAll.Host

  @Override
  public void makeLocks(AcquireAll set, List<LocalLock> missing) {
    List<CompletableFuture<Void>> made = missing.stream().map(this::makeLock).toList();
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
    List<WantsSession<?>> waiting = List.copyOf(waitingForSession);
    waitingForSession.clear();
    waiting.forEach(one -> one.run(lane));
    removeOrphans();
    monitors.values().forEach(MonitorWatch::resume);
    roomMayBe();
    tell(listener -> listener.sessionEstablished(lockspace()));
  }

  @Override
  public void leaseChanged(Lane lane, SessionLease lease) {
    for (LocalLock lock : locals()) {
      Grant grant = lock.fastGrant();
      if (grant != null && grant.lease() == lease) {
        lock.advance();
      }
    }
    HoldState state = lease.isConnected() ? HoldState.HELD : HoldState.JEOPARDY;
    for (Grant grant : List.copyOf(holdListeners.keySet())) {
      if (grant.lease() == lease) {
        tellHolds(grant, state);
      }
    }
  }

  @Override
  public void leaseOver(Lane lane, SessionLease lease) {
    for (LocalLock lock : locals()) {
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
    locals().forEach(lock -> lock.sessionEnded(lease));
    unavailableReason = "the session has ended, and there is no new one yet";
    for (MonitorWatch monitor : monitors.values()) {
      monitor.sessionEnded(lane);
      monitor.resume();
    }
    roomMayBe();
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

  // --- what is read and written beside the queues

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

  /** Does now what needs a session, or when there is one; fails if that will not be. */
  <T> CompletableFuture<T> withSession(Function<Lane, CompletableFuture<T>> task) {
    WantsSession<T> wanted = new WantsSession<>(task, promised(new CompletableFuture<>()));
    Lane lane = anyLane();
    if (lane != null) {
      wanted.run(lane);
    } else if (closed) {
      wanted.result().completeExceptionally(closedException());
    } else {
      waitingForSession.add(wanted);
    }
    return wanted.result();
  }

  /** An atomic multi-read. */
  CompletableFuture<List<Reply.Read>> read(List<ReadOp> reads) {
    return withSession(
        lane -> {
          CompletableFuture<List<Reply.Read>> result = new CompletableFuture<>();
          lane.submit(Unit.reading(new SideUnit(result, null), reads));
          return result;
        });
  }

  /** A multi-read behind a write, so that it does not show an older state than there was before. */
  CompletableFuture<List<Reply.Read>> readNow(List<ReadOp> reads) {
    return withSession(
        lane -> {
          CompletableFuture<List<Reply.Read>> result = new CompletableFuture<>();
          WriteOp write = new WriteOp.SetData(layout.node(lane.nonce()), nodeData);
          lane.submit(new Unit(List.of(write), reads, false, new SideUnit(result, null)));
          return result;
        });
  }

  /** Writes that may be repeated; completes with OK or the code of the first that was refused. */
  CompletableFuture<Code> write(List<WriteOp> writes) {
    return withSession(
        lane -> {
          CompletableFuture<Code> result = new CompletableFuture<>();
          lane.submit(Unit.writing(new SideUnit(null, result), writes));
          return result;
        });
  }

  /** Makes a lock's znodes if they are not there. */
  CompletableFuture<Void> makeLock(LocalLock lock) {
    return write(lock.paths().creates())
        .thenCompose(
            code -> // a lock that is there may lack its version, if somebody has deleted that by
                // hand
                code == Code.NODE_EXISTS
                    ? write(List.of(lock.paths().createsVersion()))
                    : CompletableFuture.completedFuture(code))
        .thenCompose(
            code -> {
              if (code != Code.OK && code != Code.NODE_EXISTS) {
                throw new CoordinatorUnavailableException(
                    "lock " + lock.name() + " cannot be made: " + code);
              }
              lock.setLockExists(true);
              return CompletableFuture.completedFuture(null);
            });
  }

  private void removeOrphans() {
    if (anyLane() != null && !closed) {
      orphans.remove();
    }
  }

  // --- listeners

  /** Of a hold that is over, the listener is told that at most, and not kept. */
  void watchHold(GrantHold hold, Grant grant, io.dmcl.lock.HoldListener listener) {
    HoldWatch watch = new HoldWatch(hold, listener);
    HoldState now = hold.state();
    if (now == HoldState.HELD || now == HoldState.JEOPARDY) {
      holdListeners.computeIfAbsent(grant, g -> new ArrayList<>()).add(watch);
    }
    if (now == HoldState.JEOPARDY || now == HoldState.LOST) {
      tellHold(watch, now);
    }
  }

  void unwatchHold(GrantHold hold, Grant grant) {
    List<HoldWatch> watches = holdListeners.get(grant);
    if (watches != null) {
      watches.removeIf(watch -> watch.hold == hold);
      if (watches.isEmpty()) {
        holdListeners.remove(grant);
      }
    }
  }

  private void tellHolds(Grant grant, HoldState state) {
    for (HoldWatch watch : holdListeners.getOrDefault(grant, List.of())) {
      tellHold(watch, state);
    }
  }

  private void tellHold(HoldWatch watch, HoldState state) {
    if (watch.told != state && watch.told != HoldState.LOST) {
      watch.told = state;
      listen(() -> watch.listener.stateChanged(watch.hold, state));
    }
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

  /** A unit beside the queues: idempotent, so that it is simply repeated when in doubt. */
  private final class SideUnit implements Unit.Owner {
    private final @Nullable CompletableFuture<List<Reply.Read>> read;
    private final @Nullable CompletableFuture<Code> written;

    SideUnit(
        @Nullable CompletableFuture<List<Reply.Read>> read,
        @Nullable CompletableFuture<Code> written) {
      this.read = read;
      this.written = written;
    }

    @Override
    public void written(Unit unit, List<Reply.Written> results, long zxid) {
      end(Code.OK);
    }

    @Override
    public void refused(Unit unit, int index, Code code) {
      end(code);
      if (read != null) {
        fail("the coordination service refuses to be written: " + code);
      }
    }

    @Override
    public void settled(Unit unit) {
      Lane lane = anyLane();
      if (lane == null) {
        ended(unit);
      } else {
        lane.submit(unit);
      }
    }

    @Override
    public void read(Unit unit, List<Reply.Read> replies) {
      if (read != null) {
        read.complete(replies);
      }
    }

    @Override
    public void readRefused(Unit unit, Code code) {
      fail("the coordination service refuses to be read: " + code);
    }

    @Override
    public void ended(Unit unit) {
      fail("the session ended");
    }

    private void end(Code code) {
      if (written != null) {
        written.complete(code);
      }
    }

    private void fail(String message) {
      LockException error =
          closed ? closedException() : new CoordinatorUnavailableException(message);
      if (written != null) {
        written.completeExceptionally(error);
      }
      if (read != null) {
        read.completeExceptionally(error);
      }
    }
  }

  LockPaths paths(LockName name) {
    return layout.lock(name);
  }
}
