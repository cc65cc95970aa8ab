package io.dmcl.lock.contract;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.DemoteHook;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceDump.LocalEntry;
import io.dmcl.lock.contract.InMemoryCluster.Request;
import io.dmcl.lock.contract.InMemoryCluster.Resource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A handle of {@link InMemoryCluster}. All fields are guarded by the cluster's mutex; private
 * methods expect the caller to have it.
 */
final class InMemoryLock implements ClusterLock {
  final InMemoryLockspace node;
  private final LockName name;
  private final LockOptions options;

  /** Callers that wait for a hold, in order. */
  private final Deque<InMemoryWaiter> waiters = new ArrayDeque<>();

  /** The holds that are out and not lost. */
  private final List<InMemoryHold> holds = new ArrayList<>();

  /** Holds that began with a bare call and were not unlocked; lost ones too. */
  private final Deque<InMemoryHold> bareHolds = new ArrayDeque<>();

  /** The request of all {@link #waiters}, in the queue but not granted, if there is one. */
  private @Nullable Request request;

  private @Nullable InMemoryGrant grant;

  /** The exclusive request of a {@link #tryUpgrade} that waits. */
  private @Nullable Request upgrade;

  private int lostHolds;
  private boolean hookRuns;
  private long hookSince;
  private boolean dropped;

  /** Set when the handle is to be freed; done when it is. */
  private @Nullable CompletableFuture<Void> freeing;

  private final List<CompletableFuture<Void>> drops = new ArrayList<>();

  private final InMemoryMemory memory = new InMemoryMemory();

  private long hits;
  private long misses;
  private long grants;
  private long recalls;
  private long reloadsAvoided;
  private long waitNanos;
  private long grantNanos;

  InMemoryLock(InMemoryLockspace node, LockName name, LockOptions options) {
    this.node = node;
    this.name = name;
    this.options = options;
  }

  // ---- acquire and unlock

  @Override
  public Freshness readLock() throws InterruptedException {
    return Objects.requireNonNull(await(LockMode.SHARED, true, Long.MAX_VALUE)).freshness();
  }

  @Override
  public Freshness writeLock() throws InterruptedException {
    return Objects.requireNonNull(await(LockMode.EXCLUSIVE, true, Long.MAX_VALUE)).freshness();
  }

  @Override
  public void unlock() {
    node.guarded(
        () -> {
          if (bareHolds.stream().map(hold -> hold.mode).distinct().count() > 1) {
            throw new IllegalStateException(
                "lock " + name + " is held in both modes: say which one to unlock");
          }
          unlockBare(bareHolds.peek());
          return null;
        });
  }

  @Override
  public void unlock(LockMode mode) {
    Objects.requireNonNull(mode, "the mode must not be null");
    node.guarded(
        () -> {
          unlockBare(bareHolds.stream().filter(hold -> hold.mode == mode).findFirst().orElse(null));
          return null;
        });
  }

  private void unlockBare(@Nullable InMemoryHold hold) {
    if (hold == null) {
      throw new IllegalMonitorStateException("lock " + name + " is not held by a bare call");
    }
    unlock(hold);
  }

  @Override
  public Hold acquire(LockMode mode) throws InterruptedException {
    return Objects.requireNonNull(await(mode, false, Long.MAX_VALUE));
  }

  @Override
  public @Nullable Hold tryAcquire(LockMode mode) throws InterruptedException {
    return await(mode, false, 0);
  }

  @Override
  public @Nullable Hold tryAcquire(LockMode mode, Duration timeout) throws InterruptedException {
    return await(mode, false, InMemoryLockspace.toNanos(timeout));
  }

  @Override
  public CompletableFuture<Hold> acquireAsync(LockMode mode) {
    Objects.requireNonNull(mode, "the mode must not be null");
    return node.guarded(
        () -> {
          CompletableFuture<Hold> future = new CompletableFuture<>();
          try {
            checkOpen();
          } catch (LockspaceClosedException e) {
            future.completeExceptionally(e);
            return future;
          }
          InMemoryWaiter waiter = new InMemoryWaiter(mode, false, grant, future);
          waiters.add(waiter);
          node.settle(name);
          future.whenComplete(
              (hold, error) -> {
                if (future.isCancelled()) {
                  node.run(() -> withdraw(waiter));
                }
              });
          return future;
        });
  }

  private @Nullable InMemoryHold await(LockMode mode, boolean bare, long timeoutNanos)
      throws InterruptedException {
    Objects.requireNonNull(mode, "the mode must not be null");
    node.cluster.mutex.lockInterruptibly();
    try {
      checkOpen();
      InMemoryWaiter waiter = new InMemoryWaiter(mode, bare, grant, null);
      waiters.add(waiter);
      node.settle(name);
      long leftNanos = timeoutNanos;
      try {
        while (!waiter.done() && leftNanos > 0) {
          leftNanos = node.cluster.changed.awaitNanos(leftNanos);
        }
      } catch (InterruptedException e) {
        if (!waiter.done()) {
          withdraw(waiter);
          throw e;
        }
        Thread.currentThread().interrupt();
      }
      if (waiter.failure != null) {
        throw waiter.failure;
      }
      if (waiter.hold == null) {
        withdraw(waiter);
      }
      return waiter.hold;
    } finally {
      node.cluster.mutex.unlock();
    }
  }

  private void withdraw(InMemoryWaiter waiter) {
    if (waiters.remove(waiter)) {
      node.settle(name);
    }
  }

  void checkOpen() {
    node.checkOpen();
    if (freeing != null) {
      throw new LockspaceClosedException("the handle of lock " + name + " was freed");
    }
  }

  void unlock(InMemoryHold hold) {
    if (hold.ended) {
      throw new IllegalStateException("this hold of " + name + " was unlocked already");
    }
    hold.ended = true;
    bareHolds.remove(hold);
    if (hold.isLost()) {
      lostHolds--;
      node.settle(name);
      hold.checkNotLost();
    }
    holds.remove(hold);
    hold.grant.acknowledge(hold.told);
    hold.grant.usedExclusive |= hold.mode == LockMode.EXCLUSIVE;
    node.settle(name);
  }

  /** Takes a hold back that nobody has seen: its caller cancelled. It counts as never given out. */
  void takeBack(InMemoryHold hold) {
    hold.ended = true;
    if (hold.isLost()) {
      lostHolds--;
    }
    holds.remove(hold);
    node.settle(name);
  }

  // ---- the steps

  /**
   * Does what can be done now.
   *
   * @return whether anything was
   */
  boolean step() {
    boolean moved = false;
    Request asked = request;
    if (grant == null && !hookRuns && asked != null && resource().grants(asked)) {
      request = null;
      receive(asked);
      moved = true;
    }
    while (serveFirst()) {
      moved = true;
    }
    if (upgrade == null) {
      moved |= giveUpIfDue();
    }
    if (request != null && waiters.isEmpty()) {
      withdrawRequest();
      moved = true;
    }
    InMemoryWaiter first = waiters.peek();
    if (grant == null && !hookRuns && request == null && lostHolds == 0 && first != null) {
      request = enqueue(first.mode, null);
      moved = true;
    }
    if (grant == null && !hookRuns) {
      dropped = false;
      drops.forEach(node::complete);
      drops.clear();
      if (freeing != null && node.locks.remove(name, this)) {
        node.retire(stats());
        node.complete(freeing);
      }
    }
    return moved;
  }

  Request enqueue(LockMode mode, @Nullable Request upgraded) {
    long token = node.cluster.nextTransaction();
    Request added = new Request(this, node.requestId(token), mode, token, upgraded);
    resource().queue.add(added);
    return added;
  }

  private void withdrawRequest() {
    resource().queue.remove(request);
    request = null;
  }

  private InMemoryGrant receive(Request granted) {
    InMemoryGrant received = new InMemoryGrant(granted, resource(), memory);
    grant = received;
    grants++;
    if (received.found == Freshness.UNCHANGED) {
      reloadsAvoided++;
    }
    return received;
  }

  private boolean serveFirst() {
    InMemoryWaiter first = waiters.peek();
    InMemoryGrant current = grant;
    if (first == null
        || current == null
        || !admits(current, first.mode)
        || (current.used && isRecalled(current))) {
      return false;
    }
    waiters.remove();
    InMemoryHold hold = giveOut(current, first.mode, first.bare);
    if (first.grantAtArrival == current) {
      hits++;
    } else {
      misses++;
      waitNanos += System.nanoTime() - first.since;
    }
    first.hold = hold;
    CompletableFuture<Hold> future = first.future;
    if (future != null) {
      node.cluster.executor.execute(
          () -> {
            if (!future.complete(hold)) {
              node.run(() -> takeBack(hold));
            }
          });
    }
    return true;
  }

  private InMemoryHold giveOut(InMemoryGrant from, LockMode mode, boolean bare) {
    from.used = true;
    InMemoryHold hold = new InMemoryHold(this, from, mode, bare);
    holds.add(hold);
    if (bare) {
      bareHolds.add(hold);
    }
    return hold;
  }

  /** Whether the grant, and the semaphore if there is one, allow a further hold. */
  private boolean admits(InMemoryGrant current, LockMode mode) {
    if (hookRuns || lostHolds > 0 || !current.mode().covers(mode)) {
      return false;
    }
    return !options.has(LockProperty.USE_SEMAPHORE)
        || holds.isEmpty()
        || (mode == LockMode.SHARED
            && upgrade == null
            && holds.stream().allMatch(hold -> hold.mode == LockMode.SHARED));
  }

  private boolean isRecalled(InMemoryGrant current) {
    boolean recalled = false;
    for (Request other : resource().queue) {
      if (other != current.request
          && other != upgrade
          && other.mode.conflictsWith(current.mode())) {
        recalled = true;
        if (other.lock.node != node && !current.recallCounted) {
          current.recallCounted = true;
          recalls++;
        }
      }
    }
    return recalled || node.wantedBySet(this);
  }

  private boolean giveUpIfDue() {
    InMemoryGrant current = grant;
    if (current == null || hookRuns) {
      return false;
    }
    if (holds.stream().anyMatch(hold -> hold.mode == LockMode.EXCLUSIVE)) {
      return false;
    }
    InMemoryWaiter first = waiters.peek();
    boolean tooWeak = first != null && !current.mode().covers(first.mode);
    boolean wanted = isRecalled(current);
    boolean ending = dropped || freeing != null || node.isClosing();
    boolean kept = options.caches(current.mode());
    if (kept && !tooWeak && !wanted && !ending) {
      return false;
    }
    boolean onlyReadersWait =
        wanted
            && !node.wantedBySet(this)
            && resource().queue.stream()
                .allMatch(r -> r == current.request || r.mode == LockMode.SHARED);
    // Readers elsewhere need not wait for readers here, whether these have been kept or not.
    boolean weaken =
        current.mode() == LockMode.EXCLUSIVE
            && onlyReadersWait
            && (!holds.isEmpty() || (options.caches(LockMode.SHARED) && !tooWeak && !ending));
    if (!holds.isEmpty() && !weaken) {
      return false;
    }
    LockMode to = weaken ? LockMode.SHARED : null;
    DemoteHook hook = options.demoteHook();
    if (hook != null && kept) {
      hookRuns = true;
      hookSince = System.nanoTime();
      Thread thread = InMemoryCluster.daemon(() -> runHook(hook, current, to), "demote " + name);
      thread.start();
    } else {
      demote(current, to);
    }
    return true;
  }

  private void runHook(DemoteHook hook, InMemoryGrant current, @Nullable LockMode to) {
    Throwable failure = null;
    try {
      hook.demote(new InMemoryDemotion(this, current, to));
    } catch (Throwable e) {
      failure = e;
    }
    Throwable thrown = failure;
    node.run(
        () -> {
          hookRuns = false;
          if (thrown != null) {
            node.tellAll(listener -> listener.hookFailed(this, thrown));
          }
          if (grant == current && thrown != null) {
            resource().abandon(current.request);
            end(current);
          } else if (grant == current) {
            demote(current, to);
          }
          node.settle(name);
        });
  }

  /** Weakens the grant to SHARED in its place, or releases it. */
  private void demote(InMemoryGrant current, @Nullable LockMode to) {
    if (current.mode() == LockMode.EXCLUSIVE && current.usedExclusive) {
      publish(current);
    }
    if (to == null) {
      resource().queue.remove(current.request);
      end(current);
    } else {
      current.request.mode = to;
      current.recallCounted = false;
    }
  }

  private void end(InMemoryGrant current) {
    grantNanos += System.nanoTime() - current.since;
    grant = null;
  }

  /** What an exclusive release makes known. */
  private void publish(InMemoryGrant current) {
    Resource resource = resource();
    resource.version = node.cluster.nextTransaction();
    resource.value = current.value.clone();
    if (current.recovered) {
      resource.deadIntents.removeAll(current.dead);
    }
    current.usedExclusive = false;
    current.version = resource.version;
    if (current.acknowledged) {
      memory.remember(resource.created, resource.version);
    }
    node.tellMonitors(name, resource.version);
  }

  // ---- conversion

  void downgrade(InMemoryHold hold) {
    hold.checkUsable();
    if (hold.mode == LockMode.SHARED) {
      return;
    }
    InMemoryGrant current = hold.grant;
    hold.mode = LockMode.SHARED;
    current.usedExclusive = true;
    if (holds.stream().allMatch(other -> other.mode == LockMode.SHARED)) {
      demote(current, LockMode.SHARED);
    }
    node.settle(name);
  }

  boolean tryUpgrade(InMemoryHold hold, Duration timeout) throws InterruptedException {
    node.cluster.mutex.lockInterruptibly();
    try {
      hold.checkUsable();
      if (hold.mode == LockMode.EXCLUSIVE) {
        return true;
      }
      // With an exclusive grant there is nothing to ask for; only local readers may be in the way.
      if (upgrade != null
          || (hold.grant.mode() == LockMode.SHARED && resource().hasExclusiveRequest())) {
        return false;
      }
      Request asked =
          hold.grant.mode() == LockMode.SHARED
              ? enqueue(LockMode.EXCLUSIVE, hold.grant.request)
              : hold.grant.request;
      upgrade = asked;
      try {
        node.settle(name);
        long leftNanos = InMemoryLockspace.toNanos(timeout);
        while (!canUpgrade(hold, asked) && leftNanos > 0) {
          leftNanos = node.cluster.changed.awaitNanos(leftNanos);
          hold.checkUsable();
        }
        if (!canUpgrade(hold, asked)) {
          return false;
        }
        upgradeTo(hold, asked);
        return true;
      } finally {
        upgrade = null;
        if (hold.grant.request != asked) {
          resource().queue.remove(asked);
        }
        node.settle(name);
      }
    } finally {
      node.cluster.mutex.unlock();
    }
  }

  private boolean canUpgrade(InMemoryHold hold, Request asked) {
    boolean alone =
        holds.size() == 1
            || (!options.has(LockProperty.USE_SEMAPHORE)
                && holds.stream().noneMatch(other -> other != hold && other.mode != hold.mode));
    return alone && resource().grants(asked);
  }

  private void upgradeTo(InMemoryHold hold, Request asked) {
    InMemoryGrant old = hold.grant;
    if (asked != old.request) {
      resource().queue.remove(old.request);
      end(old);
      InMemoryGrant received = receive(asked);
      received.used = true;
      holds.forEach(other -> other.grant = received);
      hold.told = received.news();
      hold.version = received.version;
    }
    hold.mode = LockMode.EXCLUSIVE;
  }

  // ---- sets

  /** Whether a set could have this lock from what is cached. */
  boolean isReadyFor(LockMode mode) {
    InMemoryGrant current = grant;
    return current != null && waiters.isEmpty() && admits(current, mode) && !isRecalled(current);
  }

  /** Whether a set's own request can become the grant. */
  boolean isReadyFor(Request asked) {
    return grant == null && !hookRuns && lostHolds == 0 && resource().grants(asked);
  }

  InMemoryHold takeCached(LockMode mode) {
    hits++;
    return giveOut(Objects.requireNonNull(grant), mode, false);
  }

  InMemoryHold take(Request asked, long since) {
    misses++;
    waitNanos += System.nanoTime() - since;
    return giveOut(receive(asked), asked.mode, false);
  }

  // ---- memory

  @Override
  public Freshness monitor() {
    return node.guarded(
        () -> {
          checkOpen();
          if (grant != null) {
            return grant.news();
          }
          Resource resource = resource();
          Freshness found = memory.compare(resource);
          memory.remember(resource.created, resource.version);
          return found;
        });
  }

  @Override
  public CompletableFuture<Freshness> monitorAsync() {
    try {
      return CompletableFuture.completedFuture(monitor());
    } catch (LockException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public void forget() {
    node.run(
        () -> {
          checkOpen();
          memory.forget();
          if (grant != null) {
            grant.forget();
          }
        });
  }

  // ---- the end

  @Override
  public CompletableFuture<Void> drop() {
    return node.guarded(
        () -> {
          CompletableFuture<Void> done = new CompletableFuture<>();
          if (!holds.isEmpty() || grant == null) {
            done.complete(null);
          } else {
            dropped = true;
            drops.add(done);
            node.settle(name);
          }
          return done;
        });
  }

  @Override
  public void free() {
    CompletableFuture<Void> freed = node.guarded(this::startToFree);
    freed.join();
  }

  @Override
  public CompletableFuture<Void> freeAsync() {
    try {
      return node.guarded(this::startToFree).copy();
    } catch (IllegalStateException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private CompletableFuture<Void> startToFree() {
    if (node.isClosed()) {
      return CompletableFuture.completedFuture(null);
    }
    if (freeing == null) {
      if (!holds.isEmpty() || lostHolds > 0 || !waiters.isEmpty() || node.wantedBySet(this)) {
        throw new IllegalStateException("lock " + name + " is held or waited for");
      }
      freeing = new CompletableFuture<>();
      node.settle(name);
    }
    return freeing;
  }

  /** The lockspace closes: nobody waits any longer, and what is held now is lost. */
  void shutDown() {
    LockException closed = node.closed();
    for (InMemoryWaiter waiter : waiters) {
      waiter.failure = closed;
      if (waiter.future != null) {
        node.fail(waiter.future, closed);
      }
    }
    waiters.clear();
    InMemoryGrant current = grant;
    if (current != null && holds.stream().anyMatch(hold -> hold.mode == LockMode.EXCLUSIVE)) {
      resource().abandon(current.request);
      end(current);
    }
    loseHolds();
  }

  /** The session is over. What was exclusive leaves a dead intent. */
  void loseGrant(boolean deadForEver) {
    Resource resource = resource();
    for (Request gone : new HashSet<>(resource.queue)) {
      if (gone.lock == this) {
        boolean owned = grant != null && grant.request == gone;
        if (owned || deadForEver) {
          resource.abandon(gone);
        } else {
          resource.queue.remove(gone);
        }
      }
    }
    if (grant != null) {
      end(grant);
    }
    request = null;
    upgrade = null;
    memory.forget();
    loseHolds();
  }

  private void loseHolds() {
    for (InMemoryHold hold : holds) {
      hold.lose();
      lostHolds++;
    }
    holds.clear();
  }

  boolean isIdle() {
    return grant == null && !hookRuns;
  }

  // ---- what it looks like

  private Resource resource() {
    return node.resource(name);
  }

  /** Whether this request owns the lock. */
  boolean owns(Request asked) {
    return grant != null && grant.request == asked;
  }

  LocalEntry describe() {
    int exclusive = (int) holds.stream().filter(hold -> hold.mode == LockMode.EXCLUSIVE).count();
    String state =
        hookRuns
            ? "demoting"
            : lostHolds > 0
                ? "lost"
                : grant != null ? "granted" : request != null ? "requested" : "free";
    return new LocalEntry(
        state,
        grant == null ? null : grant.mode(),
        holds.size() - exclusive,
        exclusive,
        waiters.size() + node.setsThatWant(this),
        hookRuns ? System.nanoTime() - hookSince : 0,
        stats());
  }

  @Override
  public LockStats stats() {
    return node.guarded(
        () -> new LockStats(hits, misses, grants, recalls, reloadsAvoided, waitNanos, grantNanos));
  }

  @Override
  public LockName name() {
    return name;
  }

  @Override
  public Lockspace lockspace() {
    return node;
  }

  @Override
  public LockOptions options() {
    return options;
  }

  @Override
  public String toString() {
    return "lock " + name + " of " + node.nodeId();
  }
}
