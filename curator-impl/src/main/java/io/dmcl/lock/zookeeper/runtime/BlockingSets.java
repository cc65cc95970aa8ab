package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The calls for a set of locks that wait, over the one that does not. */
abstract class BlockingSets implements Lockspace {
  @Override
  public HoldSet acquireAll(Map<ClusterLock, LockMode> locks) throws InterruptedException {
    HoldSet holds = acquireAll(locks, null);
    if (holds == null) {
      throw new IllegalStateException("given up without a limit");
    }
    return holds;
  }

  @Override
  public @Nullable HoldSet tryAcquireAll(Map<ClusterLock, LockMode> locks, Duration timeout)
      throws InterruptedException {
    HoldSet holds = acquireAll(locks, Call.deadline(timeout));
    RuntimeException unavailable = holds == null ? whyUnreachable(locks) : null;
    if (unavailable != null) {
      throw unavailable;
    }
    return holds;
  }

  /** Why these locks could not even be asked for; null if they could. */
  abstract @Nullable RuntimeException whyUnreachable(Map<ClusterLock, LockMode> locks);

  private @Nullable HoldSet acquireAll(
      Map<ClusterLock, LockMode> locks, @Nullable Long deadlineNanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    return await(acquireAllAsync(locks), deadlineNanos);
  }

  /**
   * Waits for a set of locks. One that comes just as its caller gives up is the caller's if its
   * time was over; if it was interrupted the set goes back with its news untold.
   *
   * @param deadlineNanos of {@code System.nanoTime()}; null for no limit
   * @return null if the time is over and the set is no longer asked for
   */
  static @Nullable HoldSet await(CompletableFuture<HoldSet> future, @Nullable Long deadlineNanos)
      throws InterruptedException {
    try {
      return deadlineNanos == null
          ? Futures.await(future)
          : future.get(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return future.cancel(false) ? null : Futures.await(future);
    } catch (InterruptedException e) {
      if (!future.cancel(false) && !future.isCompletedExceptionally()) {
        GrantHold.giveBack(future.join().holds());
      }
      throw e;
    } catch (ExecutionException e) {
      return Futures.await(future);
    }
  }
}
