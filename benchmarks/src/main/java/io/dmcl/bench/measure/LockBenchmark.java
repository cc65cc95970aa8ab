package io.dmcl.bench.measure;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.contender.Contender.Node;
import io.dmcl.bench.contender.Contender.Section;
import io.dmcl.bench.contender.Contenders;
import io.dmcl.bench.server.Addresses;
import io.dmcl.bench.server.GivenAddresses;
import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.ThreadParams;

/**
 * Acquire and unlock, under JMH. Thread {@code i} belongs to node {@code i % nodes} and uses lock
 * {@code i % locks}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters
public class LockBenchmark {
  /** A name of {@link Contenders}. */
  @Param({
    "dmcl cached",
    "dmcl",
    "Curator",
    "Curator versioned",
    "Curator mutex",
    "raw create+delete",
    "ReentrantReadWriteLock",
    "StampedLock",
    "CAS clock CAS"
  })
  public String contender;

  /** The mode. */
  @Param({"EXCLUSIVE", "SHARED"})
  public LockMode mode;

  /** How many locks. */
  @Param("1")
  public int locks;

  /** How many clients. */
  @Param("1")
  public int nodes;

  private final List<Node> opened = new ArrayList<>();

  /** Opens the clients. */
  @Setup
  public void open() throws Exception {
    Contender chosen = Contenders.named(contender);
    Addresses servers = GivenAddresses.fromProperties();
    for (int i = 0; i < nodes; i++) {
      opened.add(chosen.open(servers));
    }
  }

  /** Closes the clients. */
  @TearDown
  public void close() throws Exception {
    for (Node node : opened) {
      node.close();
    }
  }

  /** What a thread has. */
  @State(Scope.Thread)
  @SuppressWarnings("NullAway.Init") // set up before it is used
  public static class Caller {
    private Section section;

    /** Takes the thread's lock. */
    @Setup
    public void take(LockBenchmark benchmark, ThreadParams thread) throws Exception {
      int index = thread.getThreadIndex();
      section =
          benchmark
              .opened
              .get(index % benchmark.nodes)
              .lock("jmh-" + index % benchmark.locks, benchmark.mode);
      // The connection and the first grant are not to take the compiler's time to warm up.
      section.enter();
      section.leave();
    }
  }

  /** The whole of it. */
  @Benchmark
  public void acquireAndUnlock(Caller caller) throws Exception {
    caller.section.enter();
    caller.section.leave();
  }
}
