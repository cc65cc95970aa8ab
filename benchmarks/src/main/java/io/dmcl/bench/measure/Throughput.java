package io.dmcl.bench.measure;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.contender.Contender.Node;
import io.dmcl.bench.contender.Contender.Section;
import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Threads that acquire and unlock as fast as they can. The critical section is empty. All nodes are
 * in this process, each on a session of its own.
 */
public final class Throughput implements Counting {
  private static final AtomicInteger NEXT_ID = new AtomicInteger();
  private static final long GRACE_MS = 500;
  private static final int LEAST_COUNT = 5;
  private static final long MOST_EXTRA_NANOS = 5_000_000_000L;
  private static final long POLL_MS = 5;

  private final Contender contender;
  private final LockMode mode;
  private final Load load;
  private final Key key;
  private final String id;
  private final List<Node> nodes = new ArrayList<>();
  private final LongAdder total = new LongAdder();
  private int runs;

  /** Exclusive, reported under the contender's name. */
  public Throughput(Contender contender, Load load, double x) {
    this(contender, LockMode.EXCLUSIVE, load, Key.rate(contender.name(), x));
  }

  /** Reported under this key. */
  public Throughput(Contender contender, LockMode mode, Load load, Key key) {
    this.contender = contender;
    this.mode = mode;
    this.load = load;
    this.key = key;
    id = "t" + NEXT_ID.getAndIncrement();
  }

  @Override
  public String name() {
    return key.series() + " " + load;
  }

  @Override
  public @Nullable String needs() {
    return contender.needs();
  }

  @Override
  public void open(Addresses servers) throws Exception {
    for (int i = 0; i < load.nodes(); i++) {
      nodes.add(contender.open(servers.seenBy(i)));
    }
  }

  @Override
  public Map<Key, Double> run(Duration window) throws Exception {
    // A waiter that is interrupted may leave something in the queue: nobody comes there again.
    String prefix = load.isShared() ? id + "-" + runs++ + "-" : id + "-";
    LongAdder count = new LongAdder();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    List<Worker> workers = new ArrayList<>();
    for (int n = 0; n < load.nodes(); n++) {
      for (int t = 0; t < load.threadsPerNode(); t++) {
        String name = prefix + load.lock(n, t);
        workers.add(new Worker(nodes.get(n).lock(name, mode), count, failure));
      }
    }
    workers.forEach(Thread::start);
    double perSecond;
    try {
      TimeUnit.NANOSECONDS.sleep(window.toNanos() / LEAD_IN);
      perSecond = count(count, window);
    } finally {
      stop(workers);
      total.add(count.sum());
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new IllegalStateException("a worker failed: " + first, first);
    }
    return Map.of(key, perSecond);
  }

  @Override
  public long acquires() {
    return total.sum();
  }

  /** Counts for a window, and longer if there is too little to count. */
  private static double count(LongAdder count, Duration window) throws InterruptedException {
    long before = count.sum();
    long start = System.nanoTime();
    TimeUnit.NANOSECONDS.sleep(window.toNanos());
    while (count.sum() - before < LEAST_COUNT
        && System.nanoTime() - start < window.toNanos() + MOST_EXTRA_NANOS) {
      TimeUnit.MILLISECONDS.sleep(POLL_MS);
    }
    long done = count.sum() - before;
    return done * 1e9 / (System.nanoTime() - start);
  }

  private void stop(List<Worker> workers) throws InterruptedException {
    workers.forEach(worker -> worker.stopped = true);
    if (load.isShared()) {
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(GRACE_MS);
      for (Worker worker : workers) {
        worker.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
      }
      workers.forEach(Thread::interrupt); // those that wait behind hundreds
    }
    for (Worker worker : workers) {
      worker.join();
    }
  }

  @Override
  public void close() throws Exception {
    for (Node node : nodes) {
      node.close();
    }
    nodes.clear();
  }

  private static final class Worker extends Thread {
    private final Section section;
    private final LongAdder count;
    private final AtomicReference<@Nullable Throwable> failure;
    private volatile boolean stopped;

    Worker(Section section, LongAdder count, AtomicReference<@Nullable Throwable> failure) {
      super("bench-worker");
      this.section = section;
      this.count = count;
      this.failure = failure;
    }

    @Override
    public void run() {
      try {
        while (!stopped) {
          section.enter();
          section.leave();
          count.increment();
        }
      } catch (Throwable e) { // or fewer threads than asked for would be measured
        if (!stopped) {
          failure.compareAndSet(null, e);
        }
      }
    }
  }
}
