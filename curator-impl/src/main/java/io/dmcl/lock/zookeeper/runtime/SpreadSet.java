package io.dmcl.lock.zookeeper.runtime;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Several locks of several ensembles, acquired as one unit per ensemble, one after the other, in
 * the order of the ensembles' names.
 *
 * <p>No circle of such callers can come about: whoever waits on an ensemble waits for callers that
 * are before it there, or that have all they want there and wait on a later one. What is held when
 * it comes to nothing is given back with its news untold, as if it had never been.
 */
final class SpreadSet {
  /** What is acquired on one ensemble. */
  record Unit(NodeLockspace part, Map<ClusterLock, LockMode> locks) {
    CompletableFuture<HoldSet> acquire() {
      return part.acquireAllAsync(locks);
    }
  }

  private final Iterator<Unit> units;
  private final List<ClusterLock> order;
  private final CompletableFuture<HoldSet> future =
      new CompletableFuture<>() {
        @Override
        public boolean cancel(boolean mayInterruptIfRunning) {
          boolean cancelled = super.cancel(mayInterruptIfRunning);
          if (cancelled) {
            giveUp();
          }
          return cancelled;
        }
      };

  @GuardedBy("this")
  private final List<Hold> taken = new ArrayList<>();

  @GuardedBy("this")
  private @Nullable CompletableFuture<HoldSet> asked;

  @GuardedBy("this")
  private boolean over;

  /**
   * A set that has not started.
   *
   * @param units in the order in which they are to be acquired
   * @param order in which the holds are to be
   */
  SpreadSet(List<Unit> units, List<ClusterLock> order) {
    this.units = units.iterator();
    this.order = order;
  }

  CompletableFuture<HoldSet> start() {
    next();
    return future;
  }

  private void next() {
    if (!units.hasNext()) {
      complete();
      return;
    }
    CompletableFuture<HoldSet> unit;
    try {
      unit = units.next().acquire();
    } catch (RuntimeException e) { // a handle was freed meanwhile
      fail(e);
      return;
    }
    boolean unwanted;
    synchronized (this) {
      asked = unit;
      unwanted = over;
    }
    if (unwanted) {
      unit.cancel(false);
    }
    var unused = unit.whenComplete(this::answered);
  }

  private void answered(@Nullable HoldSet holds, @Nullable Throwable error) {
    if (holds == null) {
      Throwable cause = Objects.requireNonNull(error);
      fail(
          cause instanceof CompletionException && cause.getCause() != null
              ? cause.getCause()
              : cause);
      return;
    }
    boolean unwanted;
    synchronized (this) {
      unwanted = over;
      if (!unwanted) {
        taken.addAll(holds.holds());
      }
    }
    if (unwanted) {
      GrantHold.giveBack(holds.holds());
    } else {
      next();
    }
  }

  private void complete() {
    Map<ClusterLock, Hold> byLock = new HashMap<>();
    synchronized (this) {
      if (over) {
        return;
      }
      taken.forEach(hold -> byLock.put(hold.lock(), hold));
    }
    List<Hold> holds =
        order.stream().<Hold>map(lock -> Objects.requireNonNull(byLock.get(lock))).toList();
    future.complete(new GrantHoldSet(holds)); // if it is cancelled just now, all are given back
  }

  private void fail(Throwable cause) {
    giveUp();
    future.completeExceptionally(cause);
  }

  private void giveUp() {
    List<Hold> unwanted;
    CompletableFuture<HoldSet> pending;
    synchronized (this) {
      over = true;
      unwanted = List.copyOf(taken);
      taken.clear();
      pending = asked;
    }
    if (pending != null) {
      pending.cancel(false);
    }
    GrantHold.giveBack(unwanted);
  }
}
