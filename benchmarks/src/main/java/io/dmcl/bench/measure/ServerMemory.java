package io.dmcl.bench.measure;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a lock that exists, and what a cached grant keeps on the heap of each ZooKeeper server. */
public final class ServerMemory implements Variant {
  /** The only series; x is the number of locks. */
  public static final String SERIES = "server heap";

  /** Of a lock that nobody has: its znodes. */
  public static final String LOCK = "bytes/lock";

  /** Of an exclusive grant, the lock itself not included: its znodes and a watch. */
  public static final String GRANT = "bytes/grant";

  private final int locks;
  private @Nullable Addresses servers;
  private int runs;

  /** Of so many. */
  public ServerMemory(int locks) {
    this.locks = locks;
  }

  @Override
  public String name() {
    return "server heap of " + locks;
  }

  @Override
  public void open(Addresses theServers) {
    servers = theServers;
  }

  @Override
  public Map<Key, Double> run(Duration window) throws Exception {
    Addresses there = servers;
    if (there == null) {
      throw new IllegalStateException("not open");
    }
    long empty;
    long granted;
    try (Lockspace lockspace = CachedGrants.open(there, "server-heap-" + runs++, locks)) {
      empty = there.zooKeeperLiveHeap();
      CachedGrants.acquire(lockspace, locks, LockMode.EXCLUSIVE);
      granted = there.zooKeeperLiveHeap();
    }
    long released = there.zooKeeperLiveHeap(); // the locks are still known
    return Map.of(
        new Key(SERIES, locks, LOCK),
        (double) (released - empty) / locks,
        new Key(SERIES, locks, GRANT),
        (double) (granted - released) / locks);
  }

  @Override
  public boolean needsWarmUp() {
    return false; // the size of objects does not change with use
  }

  @Override
  public void close() {
    servers = null;
  }
}
