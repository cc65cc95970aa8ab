package io.dmcl.bench.measure;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The heap that a cached grant keeps, and the time until one is there: what the heap has grown by
 * between an open lockspace without locks and one with very many cached grants, garbage collected
 * both times, the handle and the client library's watch included.
 */
public final class Heap implements Variant {
  /** The unit of heap. */
  public static final String BYTES = "bytes/lock";

  private static final int COLLECTIONS = 3;

  private final int locks;
  private final LockMode mode;
  private @Nullable Addresses servers;
  private int runs;

  /** So many grants of one node. */
  public Heap(int locks, LockMode mode) {
    this.locks = locks;
    this.mode = mode;
  }

  /** What grants of this mode are reported as. */
  public static String series(LockMode mode) {
    return mode == LockMode.EXCLUSIVE ? "exclusive" : "shared";
  }

  @Override
  public String name() {
    return "heap of " + locks + " " + series(mode);
  }

  @Override
  public boolean needsWarmUp() {
    return false; // the size of objects does not change with use
  }

  @Override
  public void open(Addresses theServers) {
    servers = theServers;
  }

  /** Takes as long as it takes. */
  @Override
  public Map<Key, Double> run(Duration window) throws Exception {
    Addresses there = servers;
    if (there == null) {
      throw new IllegalStateException("not open");
    }
    try (Lockspace lockspace = CachedGrants.open(there, "heap-" + locks + mode + runs++, locks)) {
      acquire(lockspace.allocate("first"));
      long before = usedHeap();
      long start = System.nanoTime();
      CachedGrants.acquire(lockspace, locks, mode);
      double perSecond = locks * 1e9 / (System.nanoTime() - start);
      double bytes = (double) (usedHeap() - before) / locks;
      return Map.of(
          new Key(series(mode), locks, BYTES),
          bytes,
          new Key(series(mode), locks, Key.PER_SECOND),
          perSecond);
    }
  }

  private static void acquire(ClusterLock lock) throws InterruptedException {
    lock.acquire(LockMode.EXCLUSIVE).unlock();
  }

  private static long usedHeap() throws InterruptedException {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < COLLECTIONS; i++) {
      memory.gc();
      least = Math.min(least, memory.getHeapMemoryUsage().getUsed());
      TimeUnit.MILLISECONDS.sleep(100); // what has just been answered is let go
    }
    return least;
  }

  @Override
  public void close() {
    servers = null;
  }
}
