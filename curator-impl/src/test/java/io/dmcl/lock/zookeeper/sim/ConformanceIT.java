package io.dmcl.lock.zookeeper.sim;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The simulated ensemble is held to a real one. See {@link Conformance}. */
class ConformanceIT {
  private static final int SEQUENCES = 1000;

  @Test
  @Timeout(value = 120, unit = TimeUnit.SECONDS)
  void randomActions_everythingIsTheSame() throws Exception {
    long seed = System.currentTimeMillis();
    System.out.println("conformance: " + SEQUENCES + " sequences from seed " + seed);
    try (RealPlayer real = new RealPlayer()) {
      Conformance.compare(real, seed, SEQUENCES);
    }
  }
}
