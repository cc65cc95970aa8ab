package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.HoldWord;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.cache.SessionLease;
import io.dmcl.lock.zookeeper.protocol.Look;
import io.dmcl.lock.zookeeper.runtime.FlightRecord.Outcome;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A lock handle: the fast path, and the way into the event loop for everything else.
 *
 * <p>The fast path is {@link HoldWord}, then the lease: in this order, so that a pause between the
 * two cannot let a caller in whose lease is over.
 */
final class LockHandle implements ClusterLock {
  private final Node node;
  private final LocalLock local;
  private final HoldWord word;

  LockHandle(Node node, LocalLock local) {
    this.node = node;
    this.local = local;
    this.word = local.word();
  }

  LocalLock local() {
    return local;
  }

  Node node() {
    return node;
  }

  // --- the bare calls

  @Override
  public Freshness readLock() throws InterruptedException {
    return tryFast(LockMode.SHARED) != null
        ? Freshness.UNCHANGED
        : acquireSlowly(LockMode.SHARED, true, null).told();
  }

  @Override
  public Freshness writeLock() throws InterruptedException {
    return tryFast(LockMode.EXCLUSIVE) != null
        ? Freshness.UNCHANGED
        : acquireSlowly(LockMode.EXCLUSIVE, true, null).told();
  }

  @Override
  public void unlock() {
    boolean exclusive = word.exclusiveHolds() > 0;
    if (exclusive && word.sharedHolds() > 0) {
      throw new IllegalStateException(
          "lock " + name() + " has holds of both modes: say which with unlock(mode)");
    }
    unlock(exclusive ? LockMode.EXCLUSIVE : LockMode.SHARED);
  }

  @Override
  public void unlock(LockMode mode) {
    checkMode(mode);
    Grant grant = local.fastGrant(); // when the hold has left there may be another, or none
    boolean news = !word.isOpen() && grant != null && grant.freshness() != Freshness.UNCHANGED;
    if (news) {
      if (Futures.join(node.leave(() -> exitWithNews(mode)))) {
        throw lostException();
      }
      return;
    }
    long left = word.exit(mode);
    if (HoldWord.isSlow(left)) {
      boolean over = grant == null || !grant.lease().isValid(node.nanoTime());
      node.loop().gather(local::unlocked);
      if (HoldWord.isLost(left) || over) {
        throw lostException();
      }
    }
  }

  /** Leaving and taking the news in are one step; see {@link GrantHold}. */
  private boolean exitWithNews(LockMode mode) {
    Grant grant = local.fastGrant();
    boolean over = grant == null || !grant.lease().isValid(node.nanoTime());
    long left = word.exit(mode);
    local.unlocked();
    return HoldWord.isLost(left) || over;
  }

  // --- holds

  @Override
  public Hold acquire(LockMode mode) throws InterruptedException {
    Hold hold = tryFastHold(mode);
    return hold != null ? hold : acquireSlowly(mode, true, null).hold(this);
  }

  @Override
  public @Nullable Hold tryAcquire(LockMode mode) throws InterruptedException {
    Hold hold = tryFastHold(mode);
    if (hold != null) {
      return hold;
    }
    WaitingCaller caller = acquireSlowly(mode, false, null);
    return caller.grant == null ? null : caller.hold(this);
  }

  @Override
  public @Nullable Hold tryAcquire(LockMode mode, Duration timeout) throws InterruptedException {
    Call.checkTimeout(timeout);
    Hold hold = tryFastHold(mode);
    if (hold != null) {
      return hold;
    }
    WaitingCaller caller = acquireSlowly(mode, true, Call.deadline(timeout));
    return caller.grant == null ? null : caller.hold(this);
  }

  @Override
  public CompletableFuture<Hold> acquireAsync(LockMode mode) {
    Hold hold = tryFastHold(mode);
    if (hold != null) {
      return CompletableFuture.completedFuture(hold);
    }
    AsyncCaller caller = new AsyncCaller(this, mode);
    if (local.isClosed() || node.isClosed()) {
      caller.future().completeExceptionally(closedException());
    } else {
      node.record().follow(caller.future(), name(), mode, 1, held -> held);
      node.loop().run(() -> local.acquire(caller));
    }
    return node.promises().add(caller.future());
  }

  /** The fast path; null if it is closed. */
  private @Nullable Grant tryFast(LockMode mode) {
    boolean entered = mode == LockMode.SHARED ? word.tryEnterShared() : word.tryEnterExclusive();
    if (!entered) {
      return null;
    }
    Grant grant = local.fastGrant();
    if (grant != null && word.isOpen() && grant.lease().isValid(node.nanoTime())) {
      return grant;
    }
    exit(mode); // if the lease is over, the event loop will find out
    return null;
  }

  private @Nullable Hold tryFastHold(LockMode mode) {
    checkMode(mode);
    Grant grant = tryFast(mode);
    return grant == null ? null : new GrantHold(this, grant, mode, Freshness.UNCHANGED);
  }

  private void exit(LockMode mode) {
    if (HoldWord.isSlow(word.exit(mode))) {
      node.loop().run(local::advance);
    }
  }

  private WaitingCaller acquireSlowly(LockMode mode, boolean patient, @Nullable Long deadlineNanos)
      throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    if (local.isClosed() || node.isClosed()) {
      throw closedException();
    }
    FlightEvents.Acquire event = FlightRecord.acquiring();
    WaitingCaller caller = new WaitingCaller(mode, patient);
    node.promises().add(caller);
    try {
      node.loop().run(() -> local.acquire(caller));
      if (node.isClosed()) {
        withdraw(caller, false);
      }
      if (!caller.call.await(deadlineNanos)) {
        withdraw(caller, true);
      }
    } catch (InterruptedException e) {
      withdraw(caller, false);
      giveBack(caller);
      node.record().acquired(event, name(), mode, Outcome.INTERRUPTED, null);
      throw e;
    } finally {
      node.promises().remove(caller);
    }
    if (caller.failure != null) {
      node.record().notAcquired(event, name(), mode, caller.failure);
      throw Futures.rethrown(caller.failure);
    } else if (caller.grant != null) {
      node.record().acquired(event, name(), mode, Outcome.GRANTED, caller.told());
    } else {
      Outcome outcome = patient ? Outcome.TIMED_OUT : Outcome.BUSY;
      node.record().acquired(event, name(), mode, outcome, null);
    }
    return caller;
  }

  /** Asks to be let go, and waits for the answer, which may be that the hold has just come. */
  private void withdraw(WaitingCaller caller, boolean timedOut) {
    node.loop()
        .run(
            () -> {
              if (local.withdraw(caller)) {
                if (timedOut) {
                  caller.failure = node.whyUnreachable("lock " + name());
                }
                caller.call.decide();
              }
            });
    if (node.hasFailed()) {
      caller.call.decide();
    }
    caller.call.await();
  }

  /** The hold came just as its caller gave up: it has not been told the news. */
  private void giveBack(WaitingCaller caller) {
    Grant grant = caller.grant;
    if (grant != null) {
      giveBack(grant, caller.mode());
    }
  }

  void giveBack(Grant grant, LockMode mode) {
    node.loop().run(() -> local.giveBack(grant, mode));
  }

  // --- the rest

  @Override
  public LockName name() {
    return local.name();
  }

  @Override
  public Lockspace lockspace() {
    return node.lockspace();
  }

  @Override
  public LockOptions options() {
    return local.options();
  }

  @Override
  public Freshness monitor() throws InterruptedException {
    return Futures.await(monitorAsync());
  }

  @Override
  public CompletableFuture<Freshness> monitorAsync() {
    return node.outside(node.call(this::readVersion).thenCompose(future -> future));
  }

  private CompletableFuture<Freshness> readVersion() {
    checkNotFreed();
    Grant grant = local.fastGrant();
    return grant != null
        ? CompletableFuture.completedFuture(grant.freshness())
        : node.side().withSession(this::readVersion);
  }

  private CompletableFuture<Freshness> readVersion(Lane lane) {
    checkNotFreed();
    SessionLease lease = lane.lease();
    return node.side()
        .readNow(Look.reads(local.paths(), true))
        .thenCompose(
            replies -> {
              Look look = Look.of(replies);
              if (look.version() == null) {
                return node.side().makeLock(local).thenCompose(made -> readVersion());
              }
              return CompletableFuture.completedFuture(local.monitored(look, lease));
            });
  }

  @Override
  public void forget() {
    Futures.join(
        node.ask(
            () -> {
              local.forget();
              return true;
            }));
  }

  @Override
  public CompletableFuture<Void> drop() {
    return node.outside(
        node.call(
                () -> {
                  local.drop();
                  return local.departures();
                })
            .thenCompose(future -> future));
  }

  @Override
  public LockStats stats() {
    return Futures.join(node.ask(local::stats));
  }

  @Override
  public void free() {
    try {
      Futures.await(freeAsync());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the release goes on by itself
    }
  }

  @Override
  public CompletableFuture<Void> freeAsync() {
    if (local.isClosed() || node.isClosed()) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> result = new CompletableFuture<>();
    node.loop()
        .run(
            () -> {
              try {
                CompletableFuture<Void> rest = node.free(local);
                rest.whenComplete((value, error) -> Futures.relay(result, null, error));
              } catch (RuntimeException e) {
                result.completeExceptionally(e);
              }
            });
    return node.outside(result);
  }

  void checkNotFreed() {
    if (local.isClosed() && !node.isClosed()) {
      throw closedException();
    }
  }

  private LockspaceClosedException closedException() {
    return node.isClosed()
        ? node.closedException()
        : new LockspaceClosedException("the handle of lock " + name() + " was freed");
  }

  LockLostException lostException() {
    return new LockLostException(
        "lock "
            + name()
            + " was lost before it was unlocked: the lease ran out or the session ended, and"
            + " another node may have had it since");
  }

  /** In the event loop it would be too late to refuse it: that would fail the lockspace. */
  static void checkMode(LockMode mode) {
    Objects.requireNonNull(mode, "the mode must not be null");
  }

  @Override
  public String toString() {
    return "lock " + name() + " of lockspace " + lockspace().name();
  }
}
