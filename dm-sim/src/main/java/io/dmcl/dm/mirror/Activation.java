package io.dmcl.dm.mirror;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.FirstFailure;
import io.dmcl.dm.TableException;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * That a node has a mirror active: it shares the lock for as long. The first node to have it reads
 * the log as the kernel does; others join it, with the same regions and legs.
 *
 * <p>Who joins just when the last one leaves finds what that one left, as if it had come before.
 */
final class Activation implements AutoCloseable {
  /** Longer than any node keeps the lock that is not active. */
  private static final Duration TAKE_OVER = Duration.ofSeconds(2);

  private final DeviceLock lock;
  private final DirtyLog log;
  private final byte[] geometry;
  private volatile @Nullable Hold hold;

  /** What the line says about the state at the start, until that has been done. */
  @GuardedBy("this")
  private LogStart.Word start;

  Activation(DeviceLock lock, DirtyLog log, byte[] geometry, LogStart.Word start) {
    this.lock = lock;
    this.log = log;
    this.geometry = geometry.clone();
    this.start = start;
  }

  /** Returns when the mirror is active: for the first time, or again after a lost session. */
  void ensure() throws IOException {
    Hold now = hold;
    if (now == null || now.state() == HoldState.LOST) {
      activate();
    }
  }

  private synchronized void activate() throws IOException {
    Hold lost = hold;
    if (lost != null && lost.state() != HoldState.LOST) {
      return;
    }
    hold = null;
    if (lost != null) {
      try {
        lost.close();
      } catch (LockLostException e) {
        // Known: that is why we are here.
      }
    }
    Hold first = lock.tryAcquire(LockMode.EXCLUSIVE);
    Hold shared = first == null ? lock.acquire(LockMode.SHARED) : null;
    if (shared != null && lock.freshness(shared) == Freshness.OWNER_DIED) {
      // The first one died at it, and the log may be anything. Who waited gives the lock up at
      // once; if it does not become free, nodes are active, and it was only asked for.
      shared.close();
      first = lock.tryAcquire(LockMode.EXCLUSIVE, TAKE_OVER);
      shared = first == null ? lock.acquire(LockMode.SHARED) : null;
    }
    if (first != null) {
      first(first);
    } else if (shared != null) {
      join(shared);
    }
    // What was known is not forgotten because the session was lost, whatever the line says.
    start = LogStart.Word.AS_LOGGED;
  }

  @GuardedBy("this")
  private void first(Hold first) throws IOException {
    try {
      log.activateFirst(start);
      first.setValue(geometry);
      lock.markRecovered(first);
      first.downgrade();
      hold = first;
    } finally {
      if (hold == null) {
        first.close();
      }
    }
  }

  @GuardedBy("this")
  private void join(Hold shared) throws IOException {
    try {
      boolean known = lock.freshness(shared) != Freshness.OWNER_DIED && shared.value().length > 0;
      if (known && !Arrays.equals(shared.value(), geometry)) {
        throw new TableException(
            "other nodes have a mirror with this log active as: "
                + new String(shared.value(), StandardCharsets.UTF_8));
      }
      log.join();
      hold = shared;
    } finally {
      if (hold == null) {
        shared.close();
      }
    }
  }

  @Override
  public synchronized void close() throws IOException {
    FirstFailure failure = new FirstFailure();
    Hold last = hold;
    hold = null;
    if (last != null) {
      failure.run(last::close);
    }
    failure.run(lock::close);
    failure.rethrow();
  }
}
