package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.LimitExceededException;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.zookeeper.cache.Departures.Departure;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Look;
import io.dmcl.lock.zookeeper.protocol.Memory;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One lock as this node has it: the callers that wait, the grant and its holds, what is remembered,
 * and the decision what to do next.
 *
 * <p>Every event changes the facts and then calls {@link #advance}, which looks at all of them
 * anew: it serves who can be served, gives up what others need, asks for what is wanted, and opens
 * or closes the fast path. So no event has to know what the others were.
 *
 * <p>A node has at most one request in the queue that is not leaving (two while it upgrades). Those
 * that leave do not hold up their successor: the session keeps them in order.
 *
 * <p>Used by the event loop only, except {@link #word}, {@link #fastGrant} and {@link #isClosed}.
 */
public final class LocalLock implements Request.Listener {
  /** What a lock needs of its node. */
  public interface Host {
    /** The monotonic clock. */
    long nanoTime();

    /**
     * Makes a request on a session that has room.
     *
     * @return null if there is none now; {@link #advance} is called when there may be
     */
    @Nullable Placement place(LocalLock lock, LockMode mode, @Nullable Placement upgradeFrom);

    /** A placement's request has ended: its room is free. */
    void vacated(LocalLock lock, Placement placement);

    /** Calls {@link #advance} at that time, or earlier. */
    void wakeAt(LocalLock lock, long atNanos);

    /** Runs the demote hook and then calls {@link #hookDone}. */
    void demote(LocalLock lock, Grant grant, @Nullable LockMode to);

    /** The holds of the grant have been lost. */
    void lost(LocalLock lock, Grant grant);

    /** A release that had been returned from did not take place. */
    void releaseFailed(LocalLock lock, LockException cause);

    /** An exclusive request that was never granted is gone without its intent: deletes that. */
    void orphaned(LocalLock lock, Request request);

    /**
     * The lock is not granted and a version is remembered: tells the monitor listener of changes.
     */
    void watchVersion(LocalLock lock);

    /**
     * Why there is no session, and what to do, for callers who do not wait for one; null if there
     * is one.
     */
    @Nullable String unavailableReason();

    /** Told what happens. */
    default LockObserver observer() {
      return LockObserver.NONE;
    }
  }

  private static final long EXHAUSTED_RETRY_NANOS = 20_000_000;

  private static final LockStats HIT = new LockStats(1, 0, 0, 0, 0, 0, 0);
  private static final LockStats RECALLED = new LockStats(0, 0, 0, 1, 0, 0, 0);
  private static final LockStats RELOAD_AVOIDED = new LockStats(0, 0, 0, 0, 1, 0, 0);

  private final Host host;
  private final LockName name;
  private final LockPaths paths;
  private final LockOptions options;
  private final HoldWord word;

  // Nothing of their own while a lock is cached and idle: there may be very many.
  private LocalQueue queue = LocalQueue.EMPTY;
  private Departures departing = Departures.NONE;
  private Contention contention = Contention.NONE;

  private @Nullable Placement current;
  private volatile @Nullable Grant grant;
  private @Nullable Memory memory; // null while the grant knows: see Grant.isTaken
  private @Nullable LockMode recall;
  private boolean pinned;
  private boolean lockExists;
  private boolean exhausted;
  private @Nullable WakeUp wakeUp;
  private @Nullable Demotion demotion;
  private boolean dropWanted;
  private volatile boolean closed;
  private @Nullable CompletableFuture<Void> atRest;

  private @Nullable Upgrade upgrade;

  /** All but what the grant counts as long as it lasts, and the word. */
  private LockStats counted = LockStats.NONE;

  /** The lock will look again then, if nothing happens before. */
  private record WakeUp(long wakeAtNanos) {}

  /** A demote hook that runs, and what is left after it. */
  private record Demotion(@Nullable LockMode to, long sinceNanos, CompletableFuture<Void> ended) {}

  /** A lock that this node has not used yet. */
  public LocalLock(Host host, LockName name, LockPaths paths, LockOptions options) {
    this.host = host;
    this.name = name;
    this.paths = paths;
    this.options = options;
    word = new HoldWord(options.has(LockProperty.USE_SEMAPHORE));
  }

  // --- any thread

  /** The holds, and the fast path. */
  public HoldWord word() {
    return word;
  }

  /** The grant under a hold that was taken on the fast path. */
  public @Nullable Grant fastGrant() {
    return grant;
  }

  /** Whether the handle was freed, or its lockspace closed. */
  public boolean isClosed() {
    return closed;
  }

  // --- the event loop: what callers ask for

  /** The name. */
  public LockName name() {
    return name;
  }

  /** The znodes. */
  public LockPaths paths() {
    return paths;
  }

  /** The options. */
  public LockOptions options() {
    return options;
  }

  /** Takes a caller into the local queue. */
  public void acquire(Waiter waiter) {
    if (closed) {
      waiter.failed(closedException());
      return;
    }
    waiter.enqueued(host.nanoTime());
    queue = queue.with(waiter);
    if (grant == null || queue.size() > 1) {
      waiter.miss();
    }
    advance();
    dismissImpatient(false);
  }

  /** Withdraws a caller; false if it is not in the queue (any more). */
  public boolean withdraw(Waiter waiter) {
    boolean removed = queue.remove(waiter);
    if (removed) {
      advance();
    }
    return removed;
  }

  /**
   * A hold has left the word (through {@link HoldWord#exit}).
   *
   * @param told what the hold had been told
   */
  public void unlocked(Grant of, Freshness told) {
    // Whoever was told and then lost the hold may not have reloaded.
    if (of == grant && told != Freshness.UNCHANGED && of.lease().isValid(host.nanoTime())) {
      of.takeNews();
      memory = null;
    }
    advance();
  }

  /** As {@link #unlocked(Grant, Freshness)}, for the bare calls, where every hold is told. */
  public void unlocked() {
    Grant of = grant;
    if (of != null) {
      unlocked(of, of.freshness());
    } else {
      advance();
    }
  }

  /** A hold that its caller never saw leaves the word: no news was told, nothing was done. */
  public void giveBack(Grant of, LockMode held) {
    long unused = word.exit(held);
    if (of == grant && word.hits() == of.hitsBefore()) {
      of.unuse(held);
    }
    advance();
  }

  /**
   * Completes when every release that has been begun (with its demote hook) is durable; fails if
   * one failed.
   */
  public CompletableFuture<Void> departures() {
    return demotion == null
        ? departing.done()
        : demotion.ended().thenCompose(ended -> departing.done());
  }

  /**
   * Makes an exclusive hold of the grant a shared one.
   *
   * @return false if the hold's grant is not this lock's any more
   */
  public boolean downgrade(Grant of) {
    if (of != grant || demotion != null) {
      return false;
    }
    word.close(); // or a caller could become exclusive after the look at the holds
    if (!of.lease().isValid(host.nanoTime())) {
      advance();
      return false;
    }
    word.convert(LockMode.EXCLUSIVE);
    if (word.exclusiveHolds() == 0 && of.mode() == LockMode.EXCLUSIVE) {
      sendDowngrade(of);
    }
    advance();
    return true;
  }

  /** Makes a shared hold of the grant an exclusive one, if nobody else wants to be exclusive. */
  public void upgrade(Grant of, Upgrade caller) {
    if (of != grant || current == null) {
      caller.lost();
    } else if (upgrade != null || demotion != null || pinned) {
      caller.refused();
    } else {
      upgrade = caller;
      advance();
    }
  }

  /** Gives an upgrade up; false if it is done, or so far that it will be at once. */
  public boolean withdrawUpgrade(Upgrade caller) {
    if (upgrade != caller) {
      return false;
    }
    if (!caller.withdraw()) {
      return false;
    }
    endUpgrade();
    advance();
    return true;
  }

  /** Gives up the grant if it is cached. */
  public void drop() {
    if (isCached()) {
      dropWanted = true;
      advance();
    }
  }

  /** Forgets what is remembered. */
  public void forget() {
    memory = null;
    Grant of = grant;
    if (of != null) {
      of.forget();
      advance();
    }
  }

  /** Takes in what a read of the version showed, while the lock is not granted. */
  public Freshness monitored(Look look, @Nullable SessionLease lease) {
    Grant of = grant;
    if (of != null) {
      return of.freshness();
    }
    Freshness freshness = Memory.freshness(memory, look, lease);
    if (look.version() != null) {
      lockExists = true;
      memory = Memory.of(look.version(), lease);
      advance();
    }
    return freshness;
  }

  /** Whether the monitor listener is to be told of changes. */
  public boolean isMonitored() {
    return grant == null && current == null && memory != null && !closed;
  }

  /**
   * Whether this version, found while monitoring, is news.
   *
   * @param seen the version that was found before; null if none
   */
  public boolean isNews(Version version, @Nullable Long seen) {
    return isMonitored()
        && memory != null
        && !memory.knowsLastBump(version)
        && (seen == null || seen != version.mzxid());
  }

  /** The lock is known to have been made, or not. */
  public void setLockExists(boolean exists) {
    lockExists = exists;
  }

  /** Whether the lock is known to have been made. */
  public boolean lockExists() {
    return lockExists;
  }

  /** Whether anybody holds the lock here, or waits for it. */
  public boolean isInUse() {
    return word.isHeld() || !queue.isEmpty();
  }

  /** Whether nothing of this lock is in a queue any more, or about to be. */
  public boolean isAtRest() {
    return current == null && departing.isEmpty() && queue.isEmpty() && upgrading() == null;
  }

  /** After {@link #close}: completes when the lock is at rest. */
  public CompletableFuture<Void> atRest() {
    if (atRest == null) {
      atRest = new CompletableFuture<>();
      advance();
    }
    return atRest;
  }

  /** Whether there is a grant that nobody uses. */
  public boolean isCached() {
    return grant != null && !isInUse() && demotion == null;
  }

  /** Whether something of this lock is on its way out. */
  public boolean isLeaving() {
    return !departing.isEmpty() || demotion != null;
  }

  /** Since when, as far as the calls of this method show, the grant has been cached and unused. */
  public long idleSince(long nowNanos) {
    Grant of = grant;
    return of == null ? nowNanos : of.idleSince(nowNanos, word.hits(), isCached());
  }

  /**
   * No more callers; those that wait are told. A grant is released when its holds are gone; if
   * {@code byForce} at once, and an exclusive hold that is out is treated as dead.
   */
  public void close(boolean byForce) {
    word.close(); // or a caller could come in between the look and the end of the grant
    closed = true;
    dropWanted = true;
    queue.fail(this::closedException);
    if (byForce && grant != null && word.isHeld()) {
      loseGrant(LockObserver.End.LOST);
    }
    advance();
  }

  /** Every caller that waits is told that it cannot be. */
  public void fail(RuntimeException cause) {
    queue.fail(() -> cause);
    advance();
  }

  // --- the event loop: what happens

  @Override
  public void waiting(Request request, RequestId behind) {
    host.observer().waiting(this, request, behind);
    dismissImpatient(true);
  }

  @Override
  public void granted(Request request, Look look) {
    lockExists = true;
    exhausted = false;
    host.observer().waited(request, true);
    Upgrade caller = upgrade;
    if (caller != null && caller.isBy(request)) {
      upgraded(caller, look);
      advance();
      return;
    }
    Placement placement = current;
    if (placement == null || placement != request) {
      return; // it is leaving
    }
    Freshness freshness = Memory.freshness(memory, look, placement.lease());
    contention =
        contention.granted(freshness == Freshness.UNCHANGED && look.queue().isAlone(request.id()));
    grant = new Grant(placement, look, freshness, host.nanoTime(), word.hits());
    host.observer().granted(this, grant);
    if (freshness == Freshness.UNCHANGED) {
      counted = counted.plus(RELOAD_AVOIDED);
      memory = null;
    }
    advance();
    Grant kept = grant;
    if (kept != null && kept.request() == request && keeps(kept)) {
      request.arm();
    }
  }

  @Override
  public void recalled(Request request, LockMode wanted) {
    if (current == null || current != request || grant == null) {
      return;
    }
    if (recall == null) {
      counted = counted.plus(RECALLED);
      recall = wanted;
      host.observer().recalled(this, grant, wanted);
    } else if (wanted == LockMode.EXCLUSIVE) {
      recall = wanted;
    }
    advance();
  }

  @Override
  public void clear(Request request) {
    Grant of = grant;
    if (of != null && of.request() == request && (recall != null || !of.isWatched())) {
      endRecall(of, LockObserver.End.WITHDRAWN);
      of.watched();
      advance();
    }
  }

  @Override
  public void disarmed(Request request) {
    advance();
  }

  @Override
  public void downgraded(Request request, long zxid) {
    if (memory != null && zxid != 0) {
      memory = memory.committed(request.id(), zxid);
    }
    Grant of = grant;
    if (of != null && of.request() == request) {
      of.published(zxid);
      if (keeps(of)) {
        request.arm();
      }
    }
    advance();
  }

  @Override
  public void gone(Request request, Request.Ending ending) {
    lockExists |= request.lockExists();
    host.observer().waited(request, false);
    Departure departure = departing.remove(request);
    if (departure != null) {
      departing = departing.isEmpty() ? Departures.NONE : departing;
      host.vacated(this, departure.placement());
      remember(departure, ending);
      departure.end(this, host, ending);
    } else if (current != null && current == request) {
      currentGone(request, ending);
    } else if (upgrade != null && upgrade.isBy(request)) {
      upgradeGone(upgrade, ending);
    }
    advance();
    dismissImpatient(false);
  }

  /** The lease is over: what was granted under it is lost. */
  public void leaseOver(SessionLease lease) {
    if (current != null && current.lease() == lease && grant != null) {
      loseGrant(LockObserver.End.LOST);
      advance();
    }
  }

  /** The session with this lease has ended, and with it all requests there. */
  public void sessionEnded(SessionLease lease) {
    List<@Nullable Placement> placements = new ArrayList<>(departing.placements());
    placements.add(upgrading());
    placements.add(current);
    for (@Nullable Placement placement : placements) {
      if (placement != null && placement.lease() == lease) {
        placement.sessionEnded();
      }
    }
  }

  /** The demote hook has ended. */
  public void hookDone(Grant of, @Nullable Throwable error) {
    Demotion done = demotion;
    if (of != grant || done == null) {
      return; // lost meanwhile
    }
    demotion = null;
    if (error != null) {
      // As if we had died: what was dirty is not flushed. Shared holds may be out.
      loseGrant(LockObserver.End.ABANDONED);
    } else if (done.to() == LockMode.SHARED) {
      endRecall(of, LockObserver.End.DEMOTED);
      sendDowngrade(of);
    } else {
      giveUp(of);
    }
    done.ended().complete(null);
    advance();
  }

  // --- the event loop: what to do next

  /** Looks at everything and does what is to be done. Harmless at any time. */
  public void advance() {
    word.close();
    if (word.isLost() && !word.isHeld()) {
      word.clearLost();
    }
    if (!word.isLost()) { // whoever lost a hold has to unlock it first
      act();
    }
    if (queue.isEmpty()) {
      queue = LocalQueue.EMPTY;
    }
    if (atRest != null && isAtRest()) {
      atRest.complete(null);
    }
  }

  private void act() {
    long now = host.nanoTime();
    if (wakeUp != null && wakeUp.wakeAtNanos() - now <= 0) {
      wakeUp = null;
    }
    serve(now);
    decide(now);
    Grant of = grant;
    if (of != null && isFast(of, now)) {
      if (recall != null) {
        wake(of.grantedAtNanos() + contention.holdNanos()); // holds come and go unseen until then
      }
      word.open(of.mode() == LockMode.EXCLUSIVE && of.isUsedExclusively());
    }
    if (options.monitorListener() != null && isMonitored()) {
      host.watchVersion(this);
    }
  }

  private void serve(long now) {
    for (Waiter head = queue.head(); head != null; head = queue.head()) {
      AcquireAll set = head.set();
      if (set != null) {
        set.reachedHead(this);
        return;
      }
      Grant of = grant;
      if (of == null) {
        return;
      }
      if (!canJoin(of, head.mode(), now)) {
        if (of.mode().covers(head.mode()) && demotion == null && !pinned) {
          of.request().arm(); // perhaps nobody else waits, or not any more
        }
        return;
      }
      give(of, queue.removeHead());
    }
  }

  private boolean canJoin(Grant of, LockMode mode, long now) {
    return of.mode().covers(mode)
        && demotion == null
        && upgrade == null
        && !pinned
        && of.lease().isValid(now)
        && (!word.isSemaphore() || word.exclusiveHolds() == 0)
        && (!word.isSemaphore() || mode == LockMode.SHARED || word.sharedHolds() == 0)
        && standing(of, now).isOpenToJoin();
  }

  private Standing standing(Grant of, long now) {
    boolean inHoldTime = now - of.grantedAtNanos() < contention.holdNanos();
    return new Standing(of, recall, inHoldTime, keeps(of));
  }

  /** Gives a hold; the caller has left the queue. */
  void give(Grant of, Waiter waiter) {
    if (!word.enter(waiter.mode())) {
      waiter.failed(new LimitExceededException("too many holds of lock " + name));
      return;
    }
    of.use(waiter.mode());
    if (waiter.hasMissed()) {
      of.missed(host.nanoTime() - waiter.enqueuedAtNanos());
    } else {
      counted = counted.plus(HIT);
    }
    waiter.granted(of, of.freshness());
  }

  private void decide(long now) {
    Grant of = grant;
    if (of != null && demotion == null && !pinned) {
      if (upgrade != null) {
        decideUpgrade(of);
      } else if (word.exclusiveHolds() == 0) {
        decideDemotion(of, now);
      }
    }
    Waiter head = queue.singleHead();
    if (grant == null && current == null && head != null) {
      if (!exhausted || wakeUp == null) {
        request(exhausted ? LockMode.EXCLUSIVE : head.mode());
      }
    } else if (head == null && grant == null && current != null && !pinned) {
      Placement unwanted = current; // everybody who waited has given up
      current = null;
      depart(unwanted, false);
      unwanted.cancel();
    }
  }

  private void decideDemotion(Grant of, long now) {
    Waiter head = queue.singleHead();
    LockMode wanted = head == null ? null : head.mode();
    switch (standing(of, now).next(word.sharedHolds() == 0, wanted, isSharedOfUse())) {
      case STAY -> {}
      case WAIT -> wake(of.grantedAtNanos() + contention.holdNanos());
      case DEMOTE -> beginDemotion(of, LockMode.SHARED);
      case RELEASE -> beginDemotion(of, null);
    }
  }

  /** Whether a shared grant would be of use if only readers of other nodes wait. */
  private boolean isSharedOfUse() {
    Waiter head = queue.head();
    return !dropWanted
        && (word.sharedHolds() > 0
            || (head != null && head.mode() == LockMode.SHARED)
            || options.caches(LockMode.SHARED));
  }

  private void beginDemotion(Grant of, @Nullable LockMode to) {
    if (recall != null) {
      contention = contention.recalledAfter(uses(of));
    }
    if (options.demoteHook() != null && options.caches(of.mode()) && of.isUsed()) {
      demotion = new Demotion(to, host.nanoTime(), new CompletableFuture<>());
      host.demote(this, of, to);
    } else if (to == LockMode.SHARED) {
      endRecall(of, LockObserver.End.DEMOTED);
      sendDowngrade(of);
    } else {
      giveUp(of);
    }
  }

  private void wake(long atNanos) {
    if (wakeUp == null || atNanos - wakeUp.wakeAtNanos() < 0) {
      wakeUp = new WakeUp(atNanos);
      host.wakeAt(this, atNanos);
    }
  }

  private void decideUpgrade(Grant of) {
    Placement placement = current;
    Upgrade caller = upgrade;
    if (placement == null
        || caller == null
        || caller.placement() != null
        || placement.isDowngrading()) {
      return;
    }
    if (of.mode() == LockMode.EXCLUSIVE) {
      if (!word.isSemaphore() || (word.sharedHolds() == 1 && word.exclusiveHolds() == 0)) {
        upgrade = null;
        convertToExclusive(of, caller);
      } else if (caller.isWithdrawn()) {
        upgrade = null;
        caller.refused();
      } // otherwise the other holds of this node first
      return;
    }
    Placement upgrading = host.place(this, LockMode.EXCLUSIVE, placement);
    if (upgrading == null) {
      upgrade = null;
      caller.refused();
    } else {
      caller.requestedBy(upgrading);
      upgrading.enter(null);
    }
  }

  private @Nullable Placement upgrading() {
    return upgrade == null ? null : upgrade.placement();
  }

  /** Ends an upgrade that has not come to anything; returns whom to tell. */
  private @Nullable Upgrade endUpgrade() {
    Upgrade caller = upgrade;
    Placement placement = upgrading();
    upgrade = null;
    if (placement != null) {
      depart(placement, false);
      placement.cancel();
    }
    return caller;
  }

  private void upgraded(Upgrade caller, Look look) {
    Placement placement = Objects.requireNonNull(caller.placement());
    Placement shared = Objects.requireNonNull(current);
    Grant of = Objects.requireNonNull(grant);
    depart(shared, false);
    caller.placeTaken();
    current = placement;
    endRecall(of, LockObserver.End.UPGRADED);
    host.observer().ended(this, of, uses(of), LockObserver.End.UPGRADED);
    counted = counted.plus(of.stats(host.nanoTime()));
    of.upgraded(placement, look, host.nanoTime());
    host.observer().granted(this, of);
    shared.dropped();
    if (keeps(of)) {
      placement.arm();
    }
  }

  private void upgradeGone(Upgrade caller, Request.Ending ending) {
    Placement placement = Objects.requireNonNull(caller.placement());
    host.vacated(this, placement);
    upgrade = null;
    if (ending == Request.Ending.SESSION_ENDED || ending == Request.Ending.VANISHED) {
      host.orphaned(this, placement);
    }
    caller.refused();
  }

  private void convertToExclusive(Grant of, Upgrade caller) {
    word.convert(LockMode.SHARED);
    of.use(LockMode.EXCLUSIVE);
    caller.upgraded(of, of.freshness());
  }

  private void request(LockMode mode) {
    Placement placement = host.place(this, mode, null);
    if (placement != null) {
      current = placement;
      placement.enter(departing.last());
    }
  }

  /** A set of locks puts a request of this lock into its own unit. */
  void enterBy(Placement placement) {
    current = placement;
    pinned = true;
    placement.enterIn(departing.last());
  }

  /** A set of locks is complete, or has given up. */
  void unpin() {
    pinned = false;
  }

  /** Whether a set of locks may take this lock now: nothing is under way, nobody holds it. */
  boolean isQuiet() {
    return demotion == null
        && upgrade == null
        && !word.isHeld()
        && (current == null || grant != null);
  }

  /** A cached grant that covers the mode; null if there is none. */
  @Nullable Grant cachedFor(LockMode mode, long now) {
    Grant of = grant;
    return of != null && recall == null && of.mode().covers(mode) && of.lease().isValid(now)
        ? of
        : null;
  }

  /** Begins to give a cached grant back for a set that wants the lock anew (the hook first). */
  void giveUpFor() {
    Grant of = grant;
    if (of != null && demotion == null) {
      beginDemotion(of, null);
    }
  }

  boolean isHead(Waiter waiter) {
    return queue.head() == waiter;
  }

  Waiter removeHead() {
    return queue.removeHead();
  }

  /** Whether nothing of this lock is asked for or granted, except what is leaving. */
  boolean isVacant() {
    return current == null && grant == null;
  }

  /** A set of locks gives up: takes back its request, or the grant that nobody has used. */
  void leaveSet(Placement placement) {
    pinned = false;
    if (current == placement && grant != null) {
      giveUp(grant);
    } else if (current == placement) {
      current = null;
      depart(placement, false);
      placement.cancel();
    }
  }

  private boolean keeps(Grant of) {
    return options.caches(of.mode())
        && !contention.isEager()
        && !of.request().isLate()
        && !dropWanted
        && !closed;
  }

  private boolean isFast(Grant of, long now) {
    Standing standing = standing(of, now);
    return standing.isUndisturbed()
        && standing.kept()
        && of.freshness() == Freshness.UNCHANGED
        && queue.isEmpty()
        && demotion == null
        && upgrade == null
        && !pinned;
  }

  /** A release, or a cancel where nothing was done under the grant. */
  private void giveUp(Grant of) {
    Placement request = Objects.requireNonNull(current);
    Grant.Exit exit = of.exit(host.nanoTime());
    boolean abandons = exit == Grant.Exit.ABANDON;
    endGrant(of, abandons ? LockObserver.End.ABANDONED : LockObserver.End.RELEASED);
    CompletableFuture<Void> done = depart(request, exit.publishes());
    if (abandons) {
      memory = memory == null ? null : memory.broken();
    } else if (exit.publishes() && of.isTaken()) {
      memory = of.memory().released(request.id());
    }
    of.leave(exit);
    if (abandons) {
      var unused =
          done.completeExceptionally(
              new LockLostException("the lease of lock " + name + " is over"));
    }
  }

  private void sendDowngrade(Grant of) {
    if (of.lease().isValid(host.nanoTime())) {
      of.downgrade();
    } else {
      loseGrant(LockObserver.End.LOST); // whoever was told so may have stopped half way
    }
  }

  private void loseGrant(LockObserver.End how) {
    Grant of = Objects.requireNonNull(grant);
    Placement placement = Objects.requireNonNull(current);
    Upgrade caller = endUpgrade();
    Demotion hook = demotion;
    if (hook != null) {
      demotion = null; // what becomes of it does not matter any more
      hook.ended().complete(null);
    }
    AcquireAll set = pinnedSet();
    pinned = false;
    word.close(); // or a caller could come after the look at the holds, and not be told
    if (word.isHeld()) {
      word.markLost();
    }
    endGrant(of, how);
    memory = memory == null ? null : memory.broken();
    if (!placement.isGone()) {
      depart(placement, false);
      of.leave(of.exitLost());
    } else if (of.mode() == LockMode.EXCLUSIVE && !of.isUsedExclusively()) {
      host.orphaned(this, placement);
    }
    host.lost(this, of);
    if (caller != null) {
      caller.lost();
    }
    if (set != null) {
      set.memberGone(this);
    }
  }

  private void endGrant(Grant of, LockObserver.End how) {
    endRecall(of, how);
    host.observer().ended(this, of, uses(of), how);
    counted = counted.plus(of.stats(host.nanoTime()));
    memory = of.isTaken() ? of.memory() : memory;
    grant = null;
    current = null;
    dropWanted = closed;
  }

  private void endRecall(Grant of, LockObserver.End how) {
    if (recall != null) {
      recall = null;
      host.observer().recallEnded(of, how);
    }
  }

  private long uses(Grant of) {
    return of.slowUses() + word.hits() - of.hitsBefore();
  }

  private CompletableFuture<Void> depart(Placement placement, boolean published) {
    Departure departure = new Departure(placement, published, new CompletableFuture<>());
    departing = departing.with(departure);
    return departure.done();
  }

  private void remember(Departure departure, Request.Ending ending) {
    Grant of = grant;
    if (of != null && of.isTaken()) {
      of.remember(departure.remembered(of.memory(), ending));
    } else {
      memory = memory == null ? null : departure.remembered(memory, ending);
    }
  }

  private void currentGone(Request request, Request.Ending ending) {
    Placement placement = Objects.requireNonNull(current);
    if (grant != null) {
      loseGrant(LockObserver.End.LOST);
      host.vacated(this, placement);
      return;
    }
    AcquireAll set = pinnedSet();
    pinned = false;
    current = null;
    host.vacated(this, placement);
    switch (ending) {
      case SESSION_ENDED:
      case VANISHED:
        if (request.mode() == LockMode.EXCLUSIVE) {
          host.orphaned(this, request);
        }
        break;
      case EXHAUSTED:
        exhausted = true;
        wake(host.nanoTime() + EXHAUSTED_RETRY_NANOS);
        break;
      case FAILED:
        fail(
            new CoordinatorUnavailableException(
                "lock " + name + " cannot be requested: " + request.failure()));
        break;
      default:
        break;
    }
    if (set != null) {
      set.memberGone(this);
    }
  }

  /** The set whose request the current one is. */
  private @Nullable AcquireAll pinnedSet() {
    return pinned ? queue.headSet() : null;
  }

  /**
   * Tells impatient callers that somebody else has the lock.
   *
   * @param requestWaits whether that is known of other nodes; otherwise it is only said if a hold
   *     of this node, or an earlier caller, is in the way
   */
  private void dismissImpatient(boolean requestWaits) {
    boolean underWay = grant == null && !word.isLost();
    boolean unplaced = underWay && current == null;
    String unavailable = unplaced && !requestWaits ? host.unavailableReason() : null;
    boolean any =
        queue.dismissImpatient(
            requestWaits || !underWay || unplaced,
            waiter -> {
              if (unavailable != null) {
                waiter.failed(
                    new CoordinatorUnavailableException(
                        "lock " + name + " cannot be requested now: " + unavailable));
              } else {
                waiter.busy();
              }
            });
    if (any) {
      advance();
    }
  }

  private LockspaceClosedException closedException() {
    return new LockspaceClosedException(
        "the handle of lock " + name + " was freed or its lockspace closed");
  }

  // --- to be seen

  /** The counters. */
  public LockStats stats() {
    Grant of = grant;
    LockStats sum = counted.plus(new LockStats(word.hits(), 0, 0, 0, 0, 0, 0));
    return of == null ? sum : sum.plus(of.stats(of.grantedAtNanos()));
  }

  /** How many callers wait. */
  public int waiters() {
    return queue.size();
  }

  /** For how long a demote hook has been running; 0 if none is. */
  public long demotingNanos() {
    return demotion == null ? 0 : Math.max(1, host.nanoTime() - demotion.sinceNanos());
  }

  /** What is going on, for people; also the state for those who compare states. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(current == null ? "idle" : current.toString());
    if (recall != null) {
      text.append(", recalled for ").append(recall);
    }
    if (demotion != null) {
      text.append(", demoting to ").append(demotion.to() == null ? "nothing" : demotion.to());
    }
    if (upgrade != null) {
      text.append(", upgrading");
    }
    if (!departing.isEmpty()) {
      text.append(", ").append(departing.size()).append(" leaving");
    }
    return text.append(", ")
        .append(word)
        .append(", ")
        .append(queue.size())
        .append(" waiting")
        .toString();
  }
}
