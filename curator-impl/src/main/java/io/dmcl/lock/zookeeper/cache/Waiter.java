package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import org.jspecify.annotations.Nullable;

/**
 * A caller that waits for a hold, in the local queue of its lock. Used by the event loop; exactly
 * one of the outcomes is called, once, unless it is cancelled.
 */
public abstract class Waiter {
  private final LockMode mode;
  private final boolean patient;
  private final @Nullable AcquireAll set;
  private long enqueuedAtNanos;
  private boolean missed;

  /**
   * A caller.
   *
   * @param mode what it wants
   * @param patient whether it waits for others
   * @param set the set that it is a member of; null if it is by itself
   */
  protected Waiter(LockMode mode, boolean patient, @Nullable AcquireAll set) {
    this.mode = mode;
    this.patient = patient;
    this.set = set;
  }

  /** What it wants. */
  public final LockMode mode() {
    return mode;
  }

  final boolean isPatient() {
    return patient;
  }

  final @Nullable AcquireAll set() {
    return set;
  }

  final void enqueued(long nowNanos) {
    enqueuedAtNanos = nowNanos;
  }

  final long enqueuedAtNanos() {
    return enqueuedAtNanos;
  }

  /** Its grant had to be asked for. */
  final void miss() {
    missed = true;
  }

  final boolean hasMissed() {
    return missed;
  }

  /** It has a hold now, and is told this. */
  protected abstract void granted(Grant grant, Freshness told);

  /** It is impatient, and somebody else has the lock. */
  protected abstract void busy();

  /** It will not get a hold. */
  protected abstract void failed(RuntimeException cause);
}
