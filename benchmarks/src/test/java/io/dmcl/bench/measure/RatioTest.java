package io.dmcl.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.bench.measure.Ratio.Goal;
import io.dmcl.bench.measure.Ratio.Pair;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RatioTest {
  private static final Key OURS = Key.rate("ours", 1);
  private static final Key OURS_AT_2 = Key.rate("ours", 2);
  private static final Key THEIRS = Key.rate("theirs", 1);

  private static Map<String, StudyResult> studies(Map<Key, Statistics> values) {
    Study study = new Study("study", "a study", "x", Duration.ofMillis(1), List.of());
    return Map.of("study", new StudyResult(study, values, List.of()));
  }

  @Test
  void evaluate_twoMeasurements_quotientAndGoal() {
    Ratio ratio = Ratio.of("r", "", "study", Goal.atLeast(2), OURS, THEIRS);

    Ratio.Result result =
        ratio
            .evaluate(studies(Map.of(OURS, Statistics.of(4, 9), THEIRS, Statistics.of(2, 3))))
            .orElseThrow();

    assertThat(result.value().rounds()).containsExactly(2.0, 3.0);
    assertThat(result.isReached()).isTrue();
  }

  @Test
  void evaluate_oneIsMissing_nothing() {
    Ratio ratio = Ratio.of("r", "", "study", Goal.none(), OURS, THEIRS);

    assertThat(ratio.evaluate(studies(Map.of(OURS, Statistics.of(4))))).isEmpty();
    assertThat(ratio.evaluate(Map.of())).isEmpty();
  }

  @Test
  void evaluate_higherIsBetter_lowestMedianCounts() {
    assertThat(worst(Goal.atLeast(1)).worst().dividend()).isEqualTo(OURS_AT_2);
  }

  @Test
  void evaluate_lowerIsBetter_highestMedianCounts() {
    assertThat(worst(Goal.atMost(1)).worst().dividend()).isEqualTo(OURS);
  }

  private static Ratio.Result worst(Goal goal) {
    Ratio ratio =
        new Ratio("r", "", "study", goal, List.of(new Pair(OURS, null), new Pair(OURS_AT_2, null)));
    return ratio
        .evaluate(studies(Map.of(OURS, Statistics.of(2, 2, 0), OURS_AT_2, Statistics.of(1, 1, 9))))
        .orElseThrow();
  }

  @Test
  void isReached_atMost_boundIncluded() {
    Ratio ratio = Ratio.plain("r", "", "study", Goal.atMost(4), OURS);

    assertThat(ratio.evaluate(studies(Map.of(OURS, Statistics.of(4)))).orElseThrow().isReached())
        .isTrue();
    assertThat(ratio.evaluate(studies(Map.of(OURS, Statistics.of(5)))).orElseThrow().isReached())
        .isFalse();
  }
}
