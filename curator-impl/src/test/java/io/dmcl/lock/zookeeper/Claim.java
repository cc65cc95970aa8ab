package io.dmcl.lock.zookeeper;

import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import java.util.concurrent.locks.LockSupport;

/**
 * Asks a hold, over and over, whether it is held, and keeps the last moment at which it still said
 * so. The clock is the machine's monotonic one: moments of different processes can be compared.
 */
final class Claim implements AutoCloseable {
  private static final long POLL_NANOS = 200_000;

  private final Hold hold;
  private volatile long lastNanos = System.nanoTime();
  private volatile boolean closed;

  Claim(Hold hold) {
    this.hold = hold;
    Thread thread = new Thread(this::watch, "claim");
    thread.setDaemon(true);
    thread.start();
  }

  private void watch() {
    while (!closed) {
      long before = System.nanoTime();
      HoldState state = hold.state();
      if (state == HoldState.HELD || state == HoldState.JEOPARDY) {
        lastNanos = before;
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /** A moment after which the hold said that it was held; no claim was made much later. */
  long lastNanos() {
    return lastNanos;
  }

  @Override
  public void close() {
    closed = true;
  }
}
