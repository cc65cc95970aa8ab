package io.dmcl.lock;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * One local use of a lock, from acquire to unlock. It belongs to the node, not to a thread: any
 * thread may use and unlock it. A hold is unlocked once; the second {@link #unlock()} is refused.
 *
 * <pre>{@code
 * try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
 *   if (hold.freshness().mustReload()) {
 *     cache = load();
 *   }
 *   hold.ensureHeld();
 *   store(cache.update(), hold.token());
 * }
 * }</pre>
 *
 * <p><b>Not promised:</b> that the lock is held until {@code unlock}. A node that is paused, or cut
 * off from the coordinator, loses its holds when its lease ends; ask {@link #ensureHeld()} before
 * what cannot be undone, and have the resource check the {@link #token()}.
 */
public interface Hold extends AutoCloseable {
  /** The lock. */
  ClusterLock lock();

  /** The mode; changed by {@link #downgrade()} and {@link #tryUpgrade}. */
  LockMode mode();

  /** Whether the resource was modified by another node since this node last held the lock. */
  Freshness freshness();

  /**
   * The lock's version when it was granted: larger after each exclusive release by any node. Not
   * dense. Not comparable with a version from before a purge of the lock.
   */
  long version();

  /** A copy of the lock's value: what the last exclusive holder published; empty if none. */
  byte[] value();

  /**
   * Sets the value. Holds of this node see it at once; other nodes with the release, downgrade or
   * demotion that publishes it.
   *
   * @param value up to 1,024 bytes; copied
   * @throws IllegalArgumentException if it is longer
   * @throws IllegalStateException if the mode is not EXCLUSIVE, or the hold was unlocked
   */
  void setValue(byte[] value);

  /**
   * The fencing token: strictly larger for every later conflicting grant of the same lock. A
   * downgrade keeps it; an upgrade gets a new one, unless the node's grant was EXCLUSIVE already.
   */
  long token();

  /** What has become of this hold; reads the clock, so it is never behind the lease. */
  HoldState state();

  /** Adds a listener for this hold. If the hold is lost already, it is told so. */
  void addListener(HoldListener listener);

  /**
   * Returns if the lock is still held, by this node's own clock.
   *
   * @throws LockLostException if it is lost
   * @throws IllegalStateException if it was unlocked
   */
  void ensureHeld();

  /** The nanoseconds that are left of the node's lease if nothing renews it; 0 if lost. */
  long leaseRemainingNanos();

  /**
   * Declares that the resource was repaired after {@link Freshness#OWNER_DIED}. It takes effect
   * with the release of this hold's grant; a no-op if nobody died.
   *
   * @throws IllegalStateException if the mode is not EXCLUSIVE, or the hold was unlocked
   */
  void markRecovered();

  /**
   * EXCLUSIVE to SHARED, keeping the place: no other writer gets between, and the value and a new
   * version are published. Returns when the downgrade was sent. A no-op on a SHARED hold.
   *
   * @throws LockLostException if the lock is lost
   * @throws IllegalStateException if it was unlocked
   */
  void downgrade();

  /**
   * SHARED to EXCLUSIVE without letting go of SHARED. Waits for the other nodes' shared grants to
   * be given up. Gives up at once, without waiting, if any other exclusive request is ahead: that
   * one waits for our shared grant, so that waiting for it would be for ever. Then (false) the
   * SHARED hold is as it was; release it and acquire EXCLUSIVE anew, which tells who came between.
   *
   * @return whether the hold is EXCLUSIVE now (also if it was already); the freshness and token are
   *     then those of the new grant
   * @throws LockLostException if the lock is lost
   * @throws IllegalStateException if it was unlocked
   */
  boolean tryUpgrade(Duration timeout) throws InterruptedException;

  /**
   * Ends the hold. If the grant is not kept, its release is sent, together with what the caller
   * asks for next if that comes at once, but not waited for: the next holder cannot be granted
   * before it is committed, and if this process dies before that, the next holder is told {@link
   * Freshness#OWNER_DIED}. A failure after the return reaches {@link
   * LockspaceListener#releaseFailed}.
   *
   * @throws LockLostException if the lease was over when the hold ended
   * @throws IllegalStateException if it was unlocked already
   */
  void unlock();

  /**
   * As {@link #unlock()}, with a future that completes when value and version are durable — at once
   * if the grant is kept. It fails with {@link LockLostException} or {@link
   * OutcomeUnknownException}.
   */
  CompletableFuture<Void> unlockAsync();

  /** {@link #unlock()}, but does nothing if the hold was unlocked already. */
  @Override
  void close();
}
