package io.dmcl.lock.zookeeper;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;

/** Waiting in tests: as long as it takes, but not for ever. */
final class Patience {
  static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofMillis(5);

  private Patience() {}

  static <T> T get(Future<T> future) throws Exception {
    return future.get(LIMIT.toSeconds(), SECONDS);
  }

  static void eventually(String what, Callable<Boolean> condition) {
    await(what).atMost(LIMIT).pollDelay(Duration.ZERO).pollInterval(POLL).until(condition);
  }

  static Hold acquire(ClusterLock lock, LockMode mode) throws InterruptedException {
    Hold hold = lock.tryAcquire(mode, LIMIT);
    if (hold == null) {
      throw new AssertionError(lock + " was not granted " + mode + " within " + LIMIT);
    }
    return hold;
  }

  /** Unlocks, and waits until that is durable. */
  static void release(Hold hold) throws Exception {
    get(hold.unlockAsync());
  }
}
