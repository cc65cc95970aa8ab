package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LockException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** How callers wait for futures that the event loop completes, and get its errors as their own. */
final class Futures {
  private Futures() {}

  /** Waits for what the event loop does at once; not interruptible. */
  static <T> T join(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException runtime) {
        throw rethrown(runtime);
      }
      throw e;
    }
  }

  static <T> T await(CompletableFuture<T> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof CompletionException && cause.getCause() != null) {
        cause = cause.getCause();
      }
      if (cause instanceof RuntimeException runtime) {
        throw rethrown(runtime);
      }
      throw new LockException(String.valueOf(cause), e);
    }
  }

  static RuntimeException rethrown(RuntimeException failure) {
    // Made by the event loop; the caller's own stack is of more use to its reader.
    if (failure instanceof LockException) {
      failure.fillInStackTrace();
    }
    return failure;
  }

  static <T> void relay(CompletableFuture<T> to, @Nullable T value, @Nullable Throwable error) {
    if (error != null) {
      to.completeExceptionally(error);
    } else {
      to.complete(value);
    }
  }
}
