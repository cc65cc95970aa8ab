package io.dmcl.bench.measure;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** How long a writer waits when so many nodes have the lock cached for reading. */
public final class Recall implements Counting {
  /** The only series. */
  public static final String SERIES = "writer's wait";

  /** The unit of the wait. */
  public static final String MS = "ms";

  private static final int LEAST_TIMES = 3;
  private static final int USES = 3; // of a grant; one that is used once is not worth keeping

  private final int readers;
  private long writes;
  private final List<Lockspace> lockspaces = new ArrayList<>();
  private final List<ClusterLock> readLocks = new ArrayList<>();
  private final List<ClusterLock> writeLocks = new ArrayList<>();

  /** With so many readers, each a node of its own. */
  public Recall(int readers) {
    this.readers = readers;
  }

  @Override
  public String name() {
    return "recall of " + readers;
  }

  @Override
  public void open(Addresses servers) {
    for (int i = 0; i < readers; i++) {
      readLocks.add(openNode(servers.seenBy(i)).allocate("recalled", LockProperty.CACHE_RD_LK));
    }
    writeLocks.add(openNode(servers.seenBy(0)).allocate("recalled"));
  }

  private Lockspace openNode(Addresses servers) {
    Lockspace lockspace =
        ZooKeeperLockspace.connect(servers.zooKeeper()).name("recall-" + readers).open();
    lockspaces.add(lockspace);
    return lockspace;
  }

  /** The median of the writer's waits in ms. */
  @Override
  public Map<Key, Double> run(Duration window) throws Exception {
    ClusterLock writeLock = writeLocks.get(0);
    List<Double> waits = new ArrayList<>();
    long recallsBefore = recalls();
    long end = System.nanoTime() + window.toNanos();
    while (waits.size() < LEAST_TIMES || System.nanoTime() - end < 0) {
      readEverywhere();
      long start = System.nanoTime();
      writeLock.writeLock();
      waits.add((System.nanoTime() - start) / 1e6);
      writeLock.unlock();
    }
    writes += waits.size();
    long expected = (long) readers * waits.size();
    if (recalls() - recallsBefore < expected) {
      throw new IllegalStateException(
          "of " + expected + " cached grants " + (recalls() - recallsBefore) + " were recalled");
    }
    return Map.of(
        new Key(SERIES, readers, MS),
        Statistics.of(waits.stream().mapToDouble(Double::doubleValue).toArray()).median());
  }

  /** The writer's; one acquire of each reader comes with it. */
  @Override
  public long acquires() {
    return writes;
  }

  private void readEverywhere() throws InterruptedException {
    List<CompletableFuture<Hold>> holds = new ArrayList<>();
    for (ClusterLock lock : readLocks) {
      holds.add(lock.acquireAsync(LockMode.SHARED));
    }
    holds.forEach(hold -> hold.join().unlock());
    for (ClusterLock lock : readLocks) {
      for (int i = 1; i < USES; i++) {
        lock.readLock();
        lock.unlock();
      }
    }
  }

  private long recalls() {
    return readLocks.stream().mapToLong(lock -> lock.stats().recalls()).sum();
  }

  @Override
  public void close() {
    lockspaces.forEach(Lockspace::close);
    lockspaces.clear();
    readLocks.clear();
    writeLocks.clear();
  }
}
