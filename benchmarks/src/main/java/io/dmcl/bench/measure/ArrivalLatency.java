package io.dmcl.bench.measure;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.contender.Contender.Node;
import io.dmcl.bench.contender.Contender.Section;
import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * How long an acquire takes when acquires arrive at a fixed rate, whether earlier ones have been
 * served or not: the time runs from the moment that the acquire was due, so that a stall counts for
 * everything that came due during it (no coordinated omission). One node; each thread has a lock of
 * its own and takes the next arrival when it is free.
 */
public final class ArrivalLatency implements Variant {
  /** The unit of latency. */
  public static final String MS = "ms";

  /** What such a study varies. */
  public static final String PERCENTILE = "percentile";

  private static final List<Double> PERCENTILES = List.of(50.0, 90.0, 99.0, 99.9);
  private static final long HIGHEST_US = 60_000_000;
  private static final int DIGITS = 3;

  private final Contender contender;
  private final int perSecond;
  private final int threads;
  private final List<Section> sections = new ArrayList<>();
  private @Nullable Node node;

  /** So many arrivals per second, for so many threads. */
  public ArrivalLatency(Contender contender, int perSecond, int threads) {
    this.contender = contender;
    this.perSecond = perSecond;
    this.threads = threads;
  }

  @Override
  public String name() {
    return contender.name() + " at " + perSecond + "/s";
  }

  @Override
  public @Nullable String needs() {
    return contender.needs();
  }

  @Override
  public void open(Addresses servers) throws Exception {
    Node opened = contender.open(servers);
    node = opened;
    for (int i = 0; i < threads; i++) {
      sections.add(opened.lock("arrival-" + perSecond + "-" + i, LockMode.EXCLUSIVE));
    }
  }

  @Override
  public Map<Key, Double> run(Duration window) throws Exception {
    AtomicLong next = new AtomicLong();
    long start = System.nanoTime();
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<Histogram>> served = new ArrayList<>();
      for (Section section : sections) {
        served.add(executor.submit(() -> serve(section, next, start, window.toNanos())));
      }
      return percentiles(served);
    } finally {
      executor.shutdownNow();
    }
  }

  private Histogram serve(Section section, AtomicLong next, long start, long windowNanos)
      throws Exception {
    Histogram histogram = new Histogram(HIGHEST_US, DIGITS);
    while (true) {
      long dueNanos = (long) (next.getAndIncrement() * 1e9 / perSecond);
      if (dueNanos >= windowNanos) {
        return histogram;
      }
      for (long left; (left = start + dueNanos - System.nanoTime()) > 0; ) {
        LockSupport.parkNanos(left);
      }
      section.enter();
      long micros = (System.nanoTime() - start - dueNanos) / 1_000;
      section.leave();
      histogram.recordValue(Math.min(HIGHEST_US, micros));
    }
  }

  private Map<Key, Double> percentiles(List<Future<Histogram>> served)
      throws InterruptedException, ExecutionException {
    Histogram all = new Histogram(HIGHEST_US, DIGITS);
    for (Future<Histogram> each : served) {
      all.add(each.get());
    }
    Map<Key, Double> found = new LinkedHashMap<>();
    for (double percentile : PERCENTILES) {
      found.put(
          new Key(contender.name(), percentile, MS), all.getValueAtPercentile(percentile) / 1e3);
    }
    return found;
  }

  @Override
  public void close() throws Exception {
    Node opened = node;
    if (opened != null) {
      opened.close();
    }
    node = null;
    sections.clear();
  }
}
