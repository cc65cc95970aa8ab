package io.dmcl.bench.measure;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.server.Addresses;
import io.dmcl.bench.server.GivenAddresses;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * {@link LockBenchmark} in a JVM of its own, a new one in each round: for what is so fast that the
 * compiler's choices and the counting itself matter.
 */
public final class JmhThroughput implements Variant {
  /** The unit of {@code gc.alloc.rate.norm}. */
  public static final String BYTES = "bytes/acquire";

  private static final int MANY_WARM_UPS = 3;
  private static final String ALLOCATION = "gc.alloc.rate.norm";

  private final Contender contender;
  private final LockMode mode;
  private final Shape shape;
  private final String series;
  private final double x;
  private final int forks;

  /** How many of what. */
  public record Shape(int threads, int locks, int nodes) {
    /** Threads of one node with one lock. */
    public static Shape threads(int count) {
      return new Shape(count, 1, 1);
    }
  }

  /**
   * Reported as this series at {@code x}: the throughput and the allocation.
   *
   * @param forks 1, or 0 to stay in this process, which spoils the numbers
   */
  public JmhThroughput(
      Contender contender, LockMode mode, Shape shape, String series, double x, int forks) {
    this.contender = contender;
    this.mode = mode;
    this.shape = shape;
    this.series = series;
    this.x = x;
    this.forks = forks;
  }

  @Override
  public String name() {
    return "JMH " + series + " " + shape;
  }

  @Override
  public @Nullable String needs() {
    return contender.needs();
  }

  @Override
  public boolean needsWarmUp() {
    return false;
  }

  @Override
  public void open(Addresses servers) throws Exception {
    GivenAddresses.toProperties(servers, contender.needs());
  }

  /** The window is preceded by another one, for the compiler. */
  @Override
  public Map<Key, Double> run(Duration window) throws Exception {
    TimeValue length = TimeValue.milliseconds(window.toMillis());
    Options options =
        new OptionsBuilder()
            .include(LockBenchmark.class.getName())
            .param("contender", contender.name())
            .param("mode", mode.name())
            .param("locks", Integer.toString(shape.locks()))
            .param("nodes", Integer.toString(shape.nodes()))
            .threads(shape.threads())
            .forks(forks)
            // Threads that meet each other come to code that one alone does not: it is compiled
            // later.
            .warmupIterations(shape.threads() > 1 ? MANY_WARM_UPS : 1)
            .warmupTime(length)
            .measurementIterations(1)
            .measurementTime(length)
            .addProfiler(GCProfiler.class)
            .jvmArgsAppend(GivenAddresses.asJvmOptions())
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .build();
    Collection<RunResult> results = new Runner(options).run();
    Map<Key, Double> found = new HashMap<>();
    for (RunResult result : results) {
      found.put(Key.rate(series, x), result.getPrimaryResult().getScore());
      for (Map.Entry<String, Result> secondary : result.getSecondaryResults().entrySet()) {
        if (secondary.getKey().endsWith(ALLOCATION)) {
          // Less than half a byte is not of the acquire, but of threads in the background and of
          // JMH.
          found.put(new Key(series, x, BYTES), Math.rint(secondary.getValue().getScore()));
        }
      }
    }
    return found;
  }

  @Override
  public void close() {}
}
