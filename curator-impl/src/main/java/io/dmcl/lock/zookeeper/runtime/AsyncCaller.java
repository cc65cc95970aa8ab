package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.Waiter;
import java.util.concurrent.CompletableFuture;

/**
 * A caller that waits through a future. Cancelling the future withdraws the request; a hold that
 * comes just then is given back untold.
 */
final class AsyncCaller extends Waiter {
  private final LockHandle handle;
  private final CompletableFuture<Hold> future = new Cancellable();

  /** A future that tells the event loop of its cancellation. */
  private final class Cancellable extends CompletableFuture<Hold> {
    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      boolean cancelled = super.cancel(mayInterruptIfRunning);
      if (cancelled) {
        var unused = handle.node().call(() -> handle.local().withdraw(AsyncCaller.this));
      }
      return cancelled;
    }
  }

  AsyncCaller(LockHandle handle, LockMode mode) {
    super(mode, true, null);
    this.handle = handle;
  }

  CompletableFuture<Hold> future() {
    return future;
  }

  @Override
  protected void granted(Grant grant, Freshness told) {
    outside(
        () -> {
          if (!future.complete(new GrantHold(handle, grant, mode(), told))) {
            handle.giveBack(grant, mode());
          }
        });
  }

  @Override
  protected void busy() {
    throw new IllegalStateException("a future is patient");
  }

  @Override
  protected void failed(RuntimeException cause) {
    outside(() -> future.completeExceptionally(cause));
  }

  private void outside(Runnable task) {
    handle.node().callbacks().hooks().execute(task);
  }
}
