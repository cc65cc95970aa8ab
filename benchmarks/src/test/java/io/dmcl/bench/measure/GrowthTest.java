package io.dmcl.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class GrowthTest {
  private static StudyResult measured(DoubleUnaryOperator curve, double... xs) {
    Map<Key, Statistics> values = new LinkedHashMap<>();
    for (double x : xs) {
      values.put(Key.rate("lock", x), Statistics.of(curve.applyAsDouble(x)));
    }
    return result("locks", values);
  }

  private static StudyResult result(String x, Map<Key, Statistics> values) {
    Study study = new Study("study", "title", x, Duration.ZERO, List.of());
    return new StudyResult(study, values, List.of());
  }

  @Test
  void of_powerOfX_isItsExponent() {
    List<Growth> growths = Growth.of(measured(x -> 7 * Math.pow(x, -0.5), 1, 10, 500));

    assertThat(growths).hasSize(1);
    assertThat(growths.get(0).exponent()).isCloseTo(-0.5, within(1e-9));
    assertThat(growths.get(0).from()).isEqualTo(1);
    assertThat(growths.get(0).to()).isEqualTo(500);
  }

  @Test
  void of_constant_isZero() {
    assertThat(Growth.of(measured(x -> 3, 1, 10, 100)).get(0).exponent()).isZero();
  }

  @Test
  void of_zeroOnTheAxis_isLeftOut() {
    assertThat(Growth.of(measured(x -> x, 0, 1, 2, 4)).get(0).from()).isEqualTo(1);
  }

  @Test
  void of_twoPoints_saysNothing() {
    assertThat(Growth.of(measured(x -> x, 1, 10))).isEmpty();
  }

  @Test
  void of_percentiles_saysNothing() {
    StudyResult curve = measured(x -> x, 50, 90, 99);

    assertThat(Growth.of(result(ArrivalLatency.PERCENTILE, curve.values()))).isEmpty();
  }
}
