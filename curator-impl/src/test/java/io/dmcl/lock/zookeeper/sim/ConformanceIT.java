package io.dmcl.lock.zookeeper.sim;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The simulated ensemble is held to a real one. See {@link Conformance}. */
class ConformanceIT {
  private static final int SEQUENCES = 1000;
  private static final int SEQUENCES_OF_THE_BINDING = 100;

  @Test
  @Timeout(value = 300, unit = TimeUnit.SECONDS)
  void randomActions_handle_everythingIsTheSame() throws Exception {
    compare(RealPlayer.Through.HANDLE, SEQUENCES);
  }

  @Test
  @Timeout(value = 300, unit = TimeUnit.SECONDS)
  void randomActions_curatorBinding_everythingIsTheSame() throws Exception {
    compare(RealPlayer.Through.CURATOR, SEQUENCES_OF_THE_BINDING);
  }

  private static void compare(RealPlayer.Through through, int sequences) throws Exception {
    long seed = System.currentTimeMillis();
    System.out.println(
        "conformance through " + through + ": " + sequences + " sequences from seed " + seed);
    try (RealPlayer real = new RealPlayer(through)) {
      Conformance.compare(real, seed, sequences);
    }
  }
}
