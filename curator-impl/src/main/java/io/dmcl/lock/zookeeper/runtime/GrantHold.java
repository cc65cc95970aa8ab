package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldListener;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.HoldWord;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.cache.Upgrade;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A hold on a grant. Small: it is all that a cached acquire allocates. */
final class GrantHold implements Hold {
  private static final byte OPEN = 0;
  private static final byte UNLOCKED = 1;
  private static final byte UNLOCKED_LOST = 2;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(GrantHold.class, "state", byte.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final LockHandle handle;
  private volatile Grant grant;
  private volatile LockMode mode;
  private volatile Freshness freshness;

  @SuppressWarnings("UnusedVariable") // through STATE
  private volatile byte state = OPEN;

  private volatile boolean watched;

  GrantHold(LockHandle handle, Grant grant, LockMode mode, Freshness freshness) {
    this.handle = handle;
    this.grant = grant;
    this.mode = mode;
    this.freshness = freshness;
  }

  @Override
  public ClusterLock lock() {
    return handle;
  }

  @Override
  public LockMode mode() {
    return mode;
  }

  @Override
  public Freshness freshness() {
    return freshness;
  }

  @Override
  public long version() {
    return grant.version();
  }

  @Override
  public byte[] value() {
    return grant.value();
  }

  @Override
  public void setValue(byte[] value) {
    checkOpen();
    checkExclusive("the value can only be set");
    grant.setValue(value);
  }

  @Override
  public long token() {
    return grant.token();
  }

  @Override
  public HoldState state() {
    if (state == UNLOCKED) {
      return HoldState.RELEASED;
    } else if (state == UNLOCKED_LOST
        || word().isLost()
        || !grant.lease().isValid(handle.node().nanoTime())) {
      return HoldState.LOST;
    }
    return grant.lease().isConnected() ? HoldState.HELD : HoldState.JEOPARDY;
  }

  @Override
  public void addListener(HoldListener listener) {
    Objects.requireNonNull(listener, "the listener must not be null");
    watched = true;
    handle.node().loop().run(() -> handle.node().holdListeners().add(this, grant, listener));
  }

  @Override
  public void ensureHeld() {
    HoldState now = state();
    if (now == HoldState.RELEASED) {
      throw unlockedAlready();
    } else if (now == HoldState.LOST) {
      throw handle.lostException();
    }
  }

  @Override
  public long leaseRemainingNanos() {
    return state != OPEN || word().isLost()
        ? 0
        : grant.lease().remainingNanos(handle.node().nanoTime());
  }

  @Override
  public void markRecovered() {
    checkOpen();
    checkExclusive("only then the resource can be declared recovered");
    grant.markRecovered();
  }

  @Override
  public void downgrade() {
    ensureHeld();
    if (mode == LockMode.SHARED) {
      return;
    }
    Grant of = grant;
    boolean done = Futures.join(handle.node().call(() -> local().downgrade(of)));
    if (!done) {
      throw handle.lostException();
    }
    mode = LockMode.SHARED;
  }

  @Override
  public boolean tryUpgrade(Duration timeout) throws InterruptedException {
    Call.checkTimeout(timeout);
    ensureHeld();
    if (mode == LockMode.EXCLUSIVE) {
      return true;
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    UpgradeCall upgrade = new UpgradeCall();
    Long deadline = Call.deadline(timeout);
    askForUpgrade(upgrade);
    boolean interrupted = false;
    try {
      if (!upgrade.call.await(deadline)) {
        withdraw(upgrade);
      }
    } catch (InterruptedException e) {
      withdraw(upgrade);
      interrupted = true;
    }
    if (upgrade.lost) {
      throw handle.lostException();
    }
    Grant to = upgrade.grant;
    if (to != null) {
      upgradedTo(to, upgrade.told);
    }
    if (interrupted && to == null) {
      throw new InterruptedException();
    } else if (interrupted) {
      Thread.currentThread().interrupt(); // it came first
    }
    return to != null;
  }

  void askForUpgrade(Upgrade upgrade) {
    Grant of = grant;
    handle.node().loop().run(() -> local().upgrade(of, upgrade));
  }

  void upgradedTo(Grant to, Freshness told) {
    grant = to;
    freshness = told;
    mode = LockMode.EXCLUSIVE;
  }

  private void withdraw(UpgradeCall upgrade) {
    handle
        .node()
        .loop()
        .run(
            () -> {
              if (local().withdrawUpgrade(upgrade)) {
                upgrade.call.decide();
              }
            });
    if (handle.node().hasFailed()) {
      upgrade.lost();
    }
    upgrade.call.await();
  }

  @Override
  public void unlock() {
    if (end(handle.node().leaving()) == Ended.LOST) {
      throw handle.lostException();
    }
  }

  @Override
  public CompletableFuture<Void> unlockAsync() {
    CompletableFuture<CompletableFuture<Void>> sent = new CompletableFuture<>();
    switch (end(leaving -> leave(leaving, sent))) {
      case KEPT:
        return CompletableFuture.completedFuture(null);
      case LOST:
        return CompletableFuture.failedFuture(handle.lostException());
      case TOLD:
        break;
    }
    return handle.node().outside(sent.thenCompose(future -> future));
  }

  private void leave(Runnable leaving, CompletableFuture<CompletableFuture<Void>> sent) {
    loop()
        .run(
            () -> {
              leaving.run();
              sent.complete(local().departures());
            });
  }

  /** How a hold ended. */
  enum Ended {
    /** The grant is kept; nobody had to be told. */
    KEPT,
    /** The event loop has been told. */
    TOLD,
    /** The event loop has been told, and the hold had been lost. */
    LOST
  }

  /**
   * Ends it, if it is open.
   *
   * @param loop runs a task in the event loop
   * @throws IllegalStateException if it was unlocked before
   */
  Ended end(Consumer<Runnable> loop) {
    if (!STATE.compareAndSet(this, OPEN, UNLOCKED)) {
      throw unlockedAlready();
    }
    Grant of = grant;
    LockMode held = mode;
    Freshness told = freshness;
    // A hold that was told news leaves in the event loop, in one step with the news being taken in:
    // otherwise the grant could be given up in between, with the news untold.
    boolean news = told != Freshness.UNCHANGED;
    long left = news ? 0 : word().exit(held);
    if (!news && !HoldWord.isSlow(left)) {
      if (watched) {
        loop.accept(() -> handle.node().holdListeners().remove(this, of));
      }
      return Ended.KEPT;
    }
    boolean lost =
        (news ? word().isLost() : HoldWord.isLost(left))
            || !of.lease().isValid(handle.node().nanoTime());
    if (lost) {
      state = UNLOCKED_LOST;
    }
    loop.accept(
        () -> {
          if (news) {
            long unused = word().exit(held);
          }
          handle.node().holdListeners().remove(this, of);
          local().unlocked(of, told);
        });
    return lost ? Ended.LOST : Ended.TOLD;
  }

  /** Its caller will never see it: it goes with its news untold. */
  void giveBack() {
    if (STATE.compareAndSet(this, OPEN, UNLOCKED)) {
      handle.giveBack(grant, mode);
    }
  }

  /** Nobody will ever see these. */
  static void giveBack(List<Hold> holds) {
    holds.forEach(hold -> ((GrantHold) hold).giveBack());
  }

  @Override
  public void close() {
    if (isOpen()) {
      unlock();
    }
  }

  boolean isOpen() {
    return state == OPEN;
  }

  Loop loop() {
    return handle.node().loop();
  }

  LockLostException lostException() {
    return handle.lostException();
  }

  private LocalLock local() {
    return handle.local();
  }

  private HoldWord word() {
    return handle.local().word();
  }

  private void checkOpen() {
    if (state != OPEN) {
      throw unlockedAlready();
    }
  }

  private void checkExclusive(String what) {
    if (mode != LockMode.EXCLUSIVE) {
      throw new IllegalStateException(
          what + " under EXCLUSIVE, this hold of lock " + handle.name() + " is " + mode);
    }
  }

  private IllegalStateException unlockedAlready() {
    return new IllegalStateException(
        "this hold of lock " + handle.name() + " was unlocked already");
  }

  @Override
  public String toString() {
    return mode + " hold of " + handle + " (" + state() + ")";
  }

  /** A thread that waits for its upgrade. */
  private static final class UpgradeCall extends Upgrade {
    final Call call = new Call();
    @Nullable Grant grant;
    Freshness told = Freshness.UNKNOWN;
    boolean lost;

    @Override
    protected void upgraded(Grant of, Freshness news) {
      grant = of;
      told = news;
      call.decide();
    }

    @Override
    protected void refused() {
      call.decide();
    }

    @Override
    protected void lost() {
      lost = true;
      call.decide();
    }
  }
}
