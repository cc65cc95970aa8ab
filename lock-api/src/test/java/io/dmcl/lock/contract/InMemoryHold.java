package io.dmcl.lock.contract;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldListener;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A hold of {@link InMemoryLock}, which does the work; guarded by the cluster's mutex. */
final class InMemoryHold implements Hold {
  private static final long ENDLESS_LEASE_NANOS = Duration.ofDays(1).toNanos();

  private final InMemoryLock lock;
  private final List<HoldListener> listeners = new ArrayList<>();

  /** Whether it belongs to a bare call, and ends with one. */
  final boolean bare;

  InMemoryGrant grant;
  LockMode mode;
  Freshness told;
  long version;
  boolean ended;
  private boolean lost;

  InMemoryHold(InMemoryLock lock, InMemoryGrant grant, LockMode mode, boolean bare) {
    this.lock = lock;
    this.grant = grant;
    this.mode = mode;
    this.told = grant.news();
    this.version = grant.version;
    this.bare = bare;
  }

  void lose() {
    lost = true;
    listeners.forEach(this::tellLost);
  }

  boolean isLost() {
    return lost;
  }

  private void tellLost(HoldListener listener) {
    lock.node.tell(() -> listener.stateChanged(this, HoldState.LOST));
  }

  void checkUsable() {
    if (ended) {
      throw new IllegalStateException("this hold of " + lock.name() + " was unlocked");
    }
    checkNotLost();
  }

  void checkNotLost() {
    if (lost) {
      throw new LockLostException("lock " + lock.name() + " was lost: the session ended");
    }
  }

  void checkExclusive() {
    if (ended || mode != LockMode.EXCLUSIVE) {
      throw new IllegalStateException(
          "lock " + lock.name() + " is not held EXCLUSIVE by this hold");
    }
  }

  @Override
  public ClusterLock lock() {
    return lock;
  }

  @Override
  public LockMode mode() {
    return guarded(() -> mode);
  }

  @Override
  public Freshness freshness() {
    return guarded(() -> told);
  }

  @Override
  public long version() {
    return guarded(() -> version);
  }

  @Override
  public byte[] value() {
    return guarded(() -> grant.value.clone());
  }

  @Override
  public void setValue(byte[] value) {
    Objects.requireNonNull(value, "the value must not be null");
    guarded(
        () -> {
          checkExclusive();
          grant.setValue(value);
          return null;
        });
  }

  @Override
  public long token() {
    return guarded(() -> grant.request.token);
  }

  @Override
  public HoldState state() {
    return guarded(() -> lost ? HoldState.LOST : ended ? HoldState.RELEASED : HoldState.HELD);
  }

  @Override
  public void addListener(HoldListener listener) {
    guarded(
        () -> {
          listeners.add(listener);
          if (lost) {
            tellLost(listener);
          }
          return null;
        });
  }

  @Override
  public void ensureHeld() {
    guarded(
        () -> {
          checkUsable();
          return null;
        });
  }

  @Override
  public long leaseRemainingNanos() {
    return guarded(() -> lost ? 0 : ENDLESS_LEASE_NANOS);
  }

  @Override
  public void markRecovered() {
    guarded(
        () -> {
          checkExclusive();
          grant.recovered = true;
          return null;
        });
  }

  @Override
  public void downgrade() {
    guarded(
        () -> {
          lock.downgrade(this);
          return null;
        });
  }

  @Override
  public boolean tryUpgrade(Duration timeout) throws InterruptedException {
    Objects.requireNonNull(timeout, "the timeout must not be null");
    return lock.tryUpgrade(this, timeout);
  }

  @Override
  public void unlock() {
    guarded(
        () -> {
          lock.unlock(this);
          return null;
        });
  }

  @Override
  public CompletableFuture<Void> unlockAsync() {
    try {
      unlock();
      return CompletableFuture.completedFuture(null);
    } catch (LockLostException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public void close() {
    guarded(
        () -> {
          if (!ended) {
            lock.unlock(this);
          }
          return null;
        });
  }

  /** Its caller has gone without having seen it. */
  void takeBack() {
    lock.takeBack(this);
  }

  private <T> T guarded(Supplier<T> action) {
    return lock.node.guarded(action);
  }
}
