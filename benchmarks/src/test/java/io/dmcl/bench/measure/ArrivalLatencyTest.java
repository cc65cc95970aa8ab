package io.dmcl.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.server.Addresses;
import io.dmcl.bench.server.GivenAddresses;
import io.dmcl.lock.LockMode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class ArrivalLatencyTest {
  private static final Duration STALL = Duration.ofMillis(300);

  /** A lock whose first acquire takes so long, and every other one no time. */
  private static final class StallsOnce implements Contender, Contender.Node, Contender.Section {
    private boolean stalled;

    @Override
    public String name() {
      return "stalls";
    }

    @Override
    public Node open(Addresses servers) {
      return this;
    }

    @Override
    public Section lock(String name, LockMode mode) {
      return this;
    }

    @Override
    public void enter() {
      long end = System.nanoTime() + (stalled ? 0 : STALL.toNanos());
      for (long left; (left = end - System.nanoTime()) > 0; ) {
        LockSupport.parkNanos(left);
      }
      stalled = true;
    }

    @Override
    public void leave() {}

    @Override
    public void close() {}
  }

  @Test
  void run_oneStall_countsForAllThatCameDueDuringIt() throws Exception {
    StallsOnce contender = new StallsOnce();
    Map<Key, Double> found;
    try (ArrivalLatency latency = new ArrivalLatency(contender, 100, 1)) {
      latency.open(new GivenAddresses("", "", ""));
      found = latency.run(STALL);
    }

    // All arrivals came due during the stall, evenly spread over it. If each ran from when it was
    // served, all but one would have taken no time.
    assertThat(found.get(new Key("stalls", 50, ArrivalLatency.MS)))
        .isGreaterThan(STALL.toMillis() / 3.0);
  }
}
