package io.dmcl.lock.zookeeper.runtime;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A caller's thread that waits for the event loop to decide. Parks, so that a virtual thread gives
 * its carrier back. Decided once; the caller may ask to give up, and then waits for the decision
 * that follows at once.
 */
final class Call {
  private final Thread thread = Thread.currentThread();
  private volatile boolean decided;

  static void checkTimeout(Duration timeout) {
    Objects.requireNonNull(timeout, "the timeout must not be null");
  }

  /** When it is over, for {@link #await(Long)}; null if that is later than the clock can count. */
  static @Nullable Long deadline(Duration timeout) {
    checkTimeout(timeout);
    long nanos;
    try {
      nanos = timeout.toNanos();
    } catch (ArithmeticException e) {
      return null;
    }
    return nanos > Long.MAX_VALUE / 2 ? null : System.nanoTime() + nanos;
  }

  /** The event loop: there is an outcome; what was written before is visible to the caller. */
  void decide() {
    decided = true;
    LockSupport.unpark(thread);
  }

  /** Waits for the decision, whatever happens; an interrupt is kept. */
  void await() {
    boolean interrupted = false;
    while (!decided) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for the decision until a time.
   *
   * @param deadlineNanos of {@code System.nanoTime()}; null for no limit
   * @return false if there is none yet
   * @throws InterruptedException if the thread is interrupted before there is one
   */
  boolean await(@Nullable Long deadlineNanos) throws InterruptedException {
    while (!decided) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      if (deadlineNanos == null) {
        LockSupport.park(this);
      } else {
        long left = deadlineNanos - System.nanoTime();
        if (left <= 0) {
          return decided;
        }
        LockSupport.parkNanos(this, left);
      }
    }
    return true;
  }
}
