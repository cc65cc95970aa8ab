package io.dmcl.bench.measure;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.time.Duration;
import java.util.concurrent.Semaphore;

/** Very many cached grants of one node, over as many sessions as they need. */
final class CachedGrants {
  private static final int GRANTS_PER_SESSION = 4_000;
  private static final int IN_FLIGHT = 512;

  private CachedGrants() {}

  /** A lockspace that keeps so many. */
  static Lockspace open(Addresses servers, String name, int locks) {
    return ZooKeeperLockspace.connect(servers.zooKeeper())
        .name(name)
        .idleTime(Duration.ZERO)
        .maxCachedGrants(locks)
        .closeTimeout(Duration.ofMinutes(5))
        .sessions(1 + locks / GRANTS_PER_SESSION)
        .open();
  }

  /** Acquires them, and returns when all are cached. */
  static void acquire(Lockspace lockspace, int locks, LockMode mode) throws InterruptedException {
    Semaphore inFlight = new Semaphore(IN_FLIGHT);
    for (long i = 0; i < locks; i++) {
      inFlight.acquire();
      lockspace
          .allocate(i, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK)
          .acquireAsync(mode)
          .thenAccept(Hold::unlock)
          .whenComplete((done, failure) -> inFlight.release());
    }
    inFlight.acquire(IN_FLIGHT);
    long grants = lockspace.stats().grants();
    if (grants < locks) {
      throw new IllegalStateException("only " + grants + " grants of " + locks);
    }
  }
}
