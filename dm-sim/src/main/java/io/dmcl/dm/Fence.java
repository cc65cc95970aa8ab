package io.dmcl.dm;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * The right by which a bio is issued: a fencing token, and the one that the layer above gave. It
 * goes down with the bio to the disk, whose gate refuses it when it has seen a newer one.
 *
 * @param lock identifies the lock among all locks of all lockspaces, see {@link #keyOf}
 * @param mode the mode of the hold
 * @param token the hold's fencing token
 * @param next the fence of the layer above
 */
public record Fence(long lock, LockMode mode, long token, @Nullable Fence next) {
  /** The fence of a hold, on top of {@code next}. */
  public static Fence of(long lock, Hold hold, @Nullable Fence next) {
    return new Fence(lock, hold.mode(), hold.token(), next);
  }

  /** A 64-bit digest of the lockspace's and the lock's name; never 0. Compute it once per lock. */
  public static long keyOf(ClusterLock lock) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      String name = lock.lockspace().name() + '\0' + lock.name();
      long key = ByteBuffer.wrap(digest.digest(name.getBytes(StandardCharsets.UTF_8))).getLong();
      return key == 0 ? 1 : key;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
