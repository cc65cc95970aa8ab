package io.dmcl.lock.contract;

import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A caller that waits in {@link InMemoryLock}; one of its results is set once. */
final class InMemoryWaiter {
  final LockMode mode;
  final boolean bare;
  final @Nullable InMemoryGrant grantAtArrival;
  final @Nullable CompletableFuture<Hold> future;
  final long since = System.nanoTime();
  @Nullable InMemoryHold hold;
  @Nullable LockException failure;

  InMemoryWaiter(
      LockMode mode,
      boolean bare,
      @Nullable InMemoryGrant grantAtArrival,
      @Nullable CompletableFuture<Hold> future) {
    this.mode = mode;
    this.bare = bare;
    this.grantAtArrival = grantAtArrival;
    this.future = future;
  }

  boolean done() {
    return hold != null || failure != null;
  }
}
