package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LockspaceClosedException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What callers of any thread wait for, and the event loop completes. If the event loop fails nobody
 * else would: then all of it fails, and so does what is promised from then on.
 */
final class Promises {
  private final String lockspace;
  private final Set<CompletableFuture<?>> futures = ConcurrentHashMap.newKeySet();
  private final Set<WaitingCaller> callers = ConcurrentHashMap.newKeySet();
  private volatile @Nullable RuntimeException failure;

  Promises(String lockspace) {
    this.lockspace = lockspace;
  }

  /** A future that fails if the lockspace does. */
  <F extends CompletableFuture<?>> F add(F future) {
    if (future.isDone()) {
      return future;
    }
    futures.add(future);
    var unused = future.whenComplete((value, error) -> futures.remove(future));
    if (failure != null) {
      future.completeExceptionally(closedException());
    }
    return future;
  }

  /** If the lockspace fails this caller is told, until {@link #remove}. */
  void add(WaitingCaller caller) {
    callers.add(caller);
  }

  void remove(WaitingCaller caller) {
    callers.remove(caller);
  }

  /** From now on nothing can be kept; {@link #breakAll} says so. */
  void fail(RuntimeException cause) {
    failure = cause;
  }

  boolean haveFailed() {
    return failure != null;
  }

  void breakAll() {
    callers.forEach(caller -> caller.failed(closedException()));
    futures.forEach(future -> future.completeExceptionally(closedException()));
  }

  /** Why nothing is promised any more. */
  LockspaceClosedException closedException() {
    RuntimeException cause = failure;
    return cause == null
        ? new LockspaceClosedException("lockspace " + lockspace + " is closed")
        : new LockspaceClosedException(
            "lockspace " + lockspace + " has failed: " + cause.getMessage(), cause);
  }
}
