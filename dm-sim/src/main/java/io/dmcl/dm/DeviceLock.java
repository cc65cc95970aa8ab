package io.dmcl.dm;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.io.InterruptedIOException;
import org.jspecify.annotations.Nullable;

/**
 * A cluster lock as a target uses it: with the key that names it at the disks' gates, and an
 * interrupt as an {@link IOException}.
 */
public final class DeviceLock implements AutoCloseable {
  private final ClusterLock lock;
  private final long key;

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

  private InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted while waiting for lock " + lock.name());
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
