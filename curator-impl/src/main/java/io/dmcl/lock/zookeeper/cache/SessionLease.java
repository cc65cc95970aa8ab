package io.dmcl.lock.zookeeper.cache;

/**
 * The lease of one session as every thread may ask it: past its end, everything that the session
 * owns is lost, whatever else has been heard. The event loop moves the end on; {@link #end} may be
 * called from any thread and is final.
 *
 * <p>The event loop never moves on an end that has passed: it first gives up what was under it.
 */
public final class SessionLease {
  private final long past;
  private volatile long endNanos;
  private volatile boolean begun;
  private volatile boolean ended;
  private volatile boolean connected = true;

  /** A lease that has not begun. */
  public SessionLease(long nowNanos) {
    past = nowNanos - 1;
    endNanos = past;
  }

  /** Whether what is under the lease is surely still ours. The one check of the fast path. */
  public boolean isValid(long nowNanos) {
    return endNanos - nowNanos > 0;
  }

  /** The nanoseconds that are left; 0 if it is over. */
  public long remainingNanos(long nowNanos) {
    return Math.max(0, endNanos - nowNanos);
  }

  /** Whether there is a connection. */
  public boolean isConnected() {
    return connected;
  }

  /** Ends the lease at once, for good: its session is over. */
  public void end() {
    ended = true;
    endNanos = past;
  }

  /** Whether its session is over. */
  public boolean isEnded() {
    return ended;
  }

  /** Whether it has begun and is over by now. */
  public boolean isOver(long nowNanos) {
    return begun && !isValid(nowNanos);
  }

  /** Whether it has begun, and was not given up since. */
  public boolean hasBegun() {
    return begun;
  }

  /** The moment of the end, once it has begun. */
  public long endNanos() {
    return endNanos;
  }

  /** The event loop: begins, or moves the end on. */
  public void extendTo(long newEndNanos) {
    begun = true;
    endNanos = newEndNanos;
    if (ended) { // by another thread, just now
      endNanos = past;
    }
  }

  /** The event loop: what was under it has been given up; it can begin again. */
  public void reset() {
    begun = false;
    endNanos = past;
  }

  /** The event loop: the connection came or went. */
  public void setConnected(boolean isConnected) {
    connected = isConnected;
  }
}
