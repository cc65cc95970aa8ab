package io.dmcl.bench.measure;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Asynchronous acquires of one thread, so many in flight, each of a lock drawn from very many. All
 * the locks have been used once before.
 */
public final class Pipeline implements Variant {
  private static final int FIRST_USES_IN_FLIGHT = 512;

  private final int locks;
  private final int inFlight;
  private final Key key;
  private final SplittableRandom random = new SplittableRandom(1);
  private final List<ClusterLock> handles = new ArrayList<>();
  private @Nullable Lockspace lockspace;

  /** Reported under this key. */
  public Pipeline(int locks, int inFlight, Key key) {
    this.locks = locks;
    this.inFlight = inFlight;
    this.key = key;
  }

  @Override
  public String name() {
    return inFlight + " in flight on " + locks + " locks";
  }

  @Override
  public void open(Addresses servers) throws InterruptedException {
    Lockspace opened =
        ZooKeeperLockspace.connect(servers.zooKeeper())
            .name("pipeline-" + locks + "-" + inFlight)
            .open();
    lockspace = opened;
    Flight flight = new Flight(FIRST_USES_IN_FLIGHT);
    for (long i = 0; i < locks; i++) {
      ClusterLock handle = opened.allocate(i);
      handles.add(handle);
      flight.send(handle);
    }
    flight.land();
  }

  @Override
  public Map<Key, Double> run(Duration window) throws InterruptedException {
    Flight flight = new Flight(inFlight);
    long start = System.nanoTime();
    long count = 0;
    while (System.nanoTime() - start < window.toNanos()) {
      flight.send(handles.get(random.nextInt(locks)));
      count++;
    }
    flight.land();
    return Map.of(key, count * 1e9 / (System.nanoTime() - start));
  }

  @Override
  public void close() {
    Lockspace opened = lockspace;
    if (opened != null) {
      opened.close();
    }
    lockspace = null;
    handles.clear();
  }

  /** Acquires that are under way. */
  private static final class Flight {
    private final int size;
    private final Semaphore room;
    private volatile @Nullable Throwable failure;

    Flight(int size) {
      this.size = size;
      room = new Semaphore(size);
    }

    void send(ClusterLock lock) throws InterruptedException {
      room.acquire();
      CompletableFuture<Void> done =
          lock.acquireAsync(LockMode.EXCLUSIVE).thenCompose(Hold::unlockAsync);
      done.whenComplete(
          (nothing, thrown) -> {
            if (thrown != null) {
              failure = thrown;
            }
            room.release();
          });
    }

    /** Waits for all. */
    void land() throws InterruptedException {
      room.acquire(size);
      Throwable thrown = failure;
      if (thrown != null) {
        throw new CompletionException(thrown);
      }
    }
  }
}
