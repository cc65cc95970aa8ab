package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small configuration, all of its schedules; {@code ./dmcl simulate --explore} has larger. */
class ExploreTest {
  private static final int MOST_STATES = 100_000;

  @BeforeAll
  static void silence() {
    Simulate.silence();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void explore_writerAndReader_breaksNoPromise(boolean cached) {
    Explore.SmallPlan plan = Explore.SmallPlan.of("x/s", cached, 2, Explore.Fault.NONE, 0);
    Explore.Result result = new Explore(plan).run(MOST_STATES);
    System.out.println(plan + ": " + result);
    assertThat(result.complete()).isTrue();
  }
}
