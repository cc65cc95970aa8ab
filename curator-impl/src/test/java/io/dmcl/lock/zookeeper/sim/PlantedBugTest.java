package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The simulator has to find what is wrong: each planted bug, within a bounded number of schedules.
 * {@code ./dmcl simulate --planted} looks for them from the first schedule on, and takes longer.
 */
class PlantedBugTest {
  private static final int MOST_SEEDS = 3_000;

  /**
   * Where it is looked for: seeds that find the bug, or did once. What a seed means changes with
   * the code; then the bug is found a little later.
   */
  private static final String SEEDS =
      """
      WAITS_ON_A_LATER_ENTRY                 | 2000000
      EXCLUSIVE_OVERTAKES_READERS            | 2000000
      READERS_OVERTAKE_A_WAITING_WRITER      | 2000000
      STRING_ORDER_OF_ENTRIES                | 2000000
      CANCEL_FORGETS_THE_INTENT              | 2000001
      RELEASE_WITHOUT_A_BUMP                 | 2000000
      RELEASE_FORGETS_THE_INTENT             | 2000000
      RECOVERED_WITHOUT_BEING_TOLD           | 2000011
      DOWNGRADE_PUBLISHES_NO_VALUE           | 2000005
      DOWNGRADE_GOES_TO_THE_TAIL             | 2000005
      NEVER_ASKS_WHO_DIED                    | 2000011
      SPARES_A_LOOK_THOUGH_SOMEBODY_CAME     | 2000028
      FORGETS_THE_DEAD_WHEN_IT_SPARES_A_LOOK | 2000505
      NOBODY_ELSE_EVER_MODIFIES              | 2000049
      NEWS_DOES_NOT_STICK                    | 2000001
      IGNORES_THE_LEASE                      | 3000005
      SLEEPS_THROUGH_A_SUSPENSION            | 3000220
      LEASE_FROM_THE_LAST_ANSWERED_WRITE     | 3007247
      LEASE_FROM_THE_WRITE_BEFORE            | 3007247
      LEASE_FROM_READS                       | 3000659
      CLOSING_IS_HEARD_LATER                 | 3000050
      SAME_NONCE_IN_EVERY_SESSION            | 2000005
      REPEATS_A_CREATE_THAT_MAY_BE_DONE      | 2000012
      GOES_ON_BEFORE_THE_SETTLING_WRITE      | 2000009
      FORGETS_WATCHES_THAT_WERE_NOT_SET      | 2000083
      LEAVES_WATCHES_BEHIND                  | 2000002
      LEAVES_ORPHANS_BEHIND                  | 2000009
      FORGETS_TO_GIVE_BACK                   | 2000007
      NEVER_WATCHES_FOR_RECALLS              | 2000000
      DOES_NOT_LOOK_AFTER_ARMING             | 2000000
      DISMISSES_A_NEW_INTENT_WHILE_ARMING    | 2000000
      ORPHANS_LOSE_ONLY_THEIR_INTENTS        | 2000017
      REMEMBERS_THE_DEAD_BY_ONE_OF_THEM      | 2002259
      DOWNGRADES_WHEN_THE_LEASE_IS_OVER      | 4000187
      LOST_HOLDS_TAKE_NEWS                   | 4000038
      RELEASES_BEFORE_THE_HOOK_IS_DONE       | 2000100
      UPGRADE_WAITS_BEHIND_A_WRITER          | 2000100
      ORPHANS_WHAT_WAS_USED                  | 2000019
      RIDES_ON_A_CACHED_MEMBER               | 2000002
      TAKES_A_SET_APART                      | 2000000
      READS_THE_VERSION_BEFORE_THE_QUEUE     | 2000285
      """;

  @BeforeAll
  static void silence() {
    Simulate.silence();
  }

  @Test
  void simulator_findsEveryPlantedBug() {
    Map<PlantedBug, Long> seeds =
        SEEDS
            .lines()
            .map(line -> line.split("\\|"))
            .collect(
                Collectors.toMap(
                    cells -> PlantedBug.valueOf(cells[0].strip()),
                    cells -> Long.parseLong(cells[1].strip())));
    assertThat(seeds).containsOnlyKeys(PlantedBug.values());

    Map<PlantedBug, String> seen = new ConcurrentHashMap<>();
    seeds.entrySet().parallelStream()
        .forEach(
            entry -> {
              String what = PlantedSearch.find(entry.getKey(), entry.getValue(), MOST_SEEDS);
              System.out.println(PlantedSearch.line(entry.getKey(), what));
              seen.put(entry.getKey(), what);
            });
    assertThat(seen).doesNotContainValue("");
  }
}
