package io.dmcl.dm;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A cluster lock as a target uses it: with the key that names it at the disks' gates, and an
 * interrupt as an {@link IOException}.
 */
public final class DeviceLock implements AutoCloseable {
  private final ClusterLock lock;
  private final long key;

  /** The token of the grant under which the resource was last repaired; tokens are positive. */
  private volatile long recoveredToken;

  DeviceLock(ClusterLock lock) {
    this.lock = lock;
    this.key = Fence.keyOf(lock);
  }

  /** The handle. */
  public ClusterLock lock() {
    return lock;
  }

  /** Whether an exclusive grant is kept when nobody uses it. */
  public boolean caches() {
    return lock.options().caches(LockMode.EXCLUSIVE);
  }

  /** Acquires, waiting as long as it takes. */
  public Hold acquire(LockMode mode) throws IOException {
    try {
      return lock.acquire(mode);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** Acquires if nobody else has it. */
  public @Nullable Hold tryAcquire(LockMode mode) throws IOException {
    try {
      return lock.tryAcquire(mode);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** Acquires if that is possible in this time; cached grants of other nodes are recalled. */
  public @Nullable Hold tryAcquire(LockMode mode, Duration timeout) throws IOException {
    try {
      return lock.tryAcquire(mode, timeout);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  /** {@link ClusterLock#monitor()}: what the next hold would be told; that one is not any more. */
  public Freshness monitor() throws IOException {
    try {
      return lock.monitor();
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted while waiting for lock " + lock.name());
  }

  /**
   * The hold's freshness, but {@link Freshness#UNCHANGED} where an owner's death was already dealt
   * with under this very grant: the lock itself goes on to say it until the grant is released.
   */
  public Freshness freshness(Hold hold) {
    Freshness freshness = hold.freshness();
    boolean repaired = freshness == Freshness.OWNER_DIED && hold.token() == recoveredToken;
    return repaired ? Freshness.UNCHANGED : freshness;
  }

  /** {@link Hold#markRecovered()}. */
  public void markRecovered(Hold hold) {
    hold.markRecovered();
    recoveredToken = hold.token();
  }

  /** The fence of a hold of this lock, on top of the layer above's. */
  public Fence fence(Hold hold, @Nullable Fence next) {
    return Fence.of(key, hold, next);
  }

  /** The fence in a demote hook. */
  public Fence fence(LockMode mode, long token) {
    return new Fence(key, mode, token, null);
  }

  /** Frees the handle. */
  @Override
  public void close() {
    lock.free();
  }
}
