package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small configurations, all of their schedules; {@code ./dmcl simulate --explore} has larger. */
class ExploreTest {
  private static final int MOST_STATES = 100_000;

  @BeforeAll
  static void silence() {
    Simulate.silence();
  }

  @ParameterizedTest
  @CsvSource({"x/s, false", "x/s, true", "xx/xx, false"})
  void explore_writersAndReader_breaksNoPromise(String modes, boolean cached) {
    SmallPlan plan = SmallPlan.of(modes, cached, 2, SmallPlan.Fault.NONE, 0);
    Explore.Result result = new Explore(plan).run(MOST_STATES);
    System.out.println(plan + ": " + result);
    assertThat(result.complete()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "EXCLUSIVE_OVERTAKES_READERS, x/s, false, overtook",
    "RELEASE_WITHOUT_A_BUMP, x/s, false, without a bump",
    "NOBODY_ELSE_EVER_MODIFIES, x/xx, false, UNCHANGED",
    "DOES_NOT_LOOK_AFTER_ARMING, x/s, true, never served",
    "SPARES_A_LOOK_THOUGH_SOMEBODY_CAME, xx/s, false, overtook",
  })
  void explore_plantedBug_isFound(PlantedBug bug, String modes, boolean cached, String what) {
    assertThat(PlantedSearch.explore(bug, modes, cached, SmallPlan.Fault.NONE, 0)).contains(what);
  }

  @ParameterizedTest
  @CsvSource({
    "NEVER_ASKS_WHO_DIED, x/x, CRASH, owners died",
    "WAITS_ON_A_LATER_ENTRY, x/x, EXPIRY, never served",
    "FORGETS_WATCHES_THAT_WERE_NOT_SET, x/x, LOST_REPLY, never served",
    "REPEATS_A_CREATE_THAT_MAY_BE_DONE, x/x, LOST_REPLY, left entries behind",
  })
  void explore_plantedBugWithFault_isFound(
      PlantedBug bug, String modes, SmallPlan.Fault fault, String what) {
    assertThat(PlantedSearch.explore(bug, modes, false, fault, 1)).contains(what);
  }

  /** What need not be tried shows nothing that is not seen without it. */
  @ParameterizedTest
  @CsvSource({
    "x/x, false, 2, NONE",
    "x/s, false, 2, NONE",
    "x/s, true, 2, NONE",
    "xx/s, false, 1, NONE",
    "x/s, false, 2, CRASH",
    "x, false, 2, LOST_REPLY",
    "x, false, 1, EXPIRY",
    "s, true, 1, EXPIRY",
  })
  void explore_reduced_showsAllThatThereIs(
      String modes, boolean cached, int servers, SmallPlan.Fault fault) {
    SmallPlan plan = SmallPlan.of(modes, cached, servers, fault, 0);
    Explore all = new Explore(plan, false, true);
    Explore reduced = new Explore(plan, true, true);
    Explore.Result of = all.run(MOST_STATES);
    Explore.Result less = reduced.run(MOST_STATES);
    System.out.println(plan + ": " + of + " reduced to " + less);
    assertThat(of.complete() && less.complete()).isTrue();
    assertThat(reduced.sights()).isEqualTo(all.sights());
    if (fault == SmallPlan.Fault.NONE || fault == SmallPlan.Fault.LOST_REPLY) {
      assertThat(reduced.knowledge()).isEqualTo(all.knowledge());
    }
    assertThat(reduced.ends()).isEqualTo(all.ends());
    assertThat(less.states()).isLessThan(of.states());
  }
}
