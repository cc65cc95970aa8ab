package io.dmcl.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void of_oddNumberOfRounds_medianIsTheMiddleOne() {
    Statistics statistics = Statistics.of(5, 1, 4);

    assertThat(statistics.median()).isEqualTo(4);
    assertThat(statistics.min()).isEqualTo(1);
    assertThat(statistics.max()).isEqualTo(5);
    assertThat(statistics.rounds()).containsExactly(5.0, 1.0, 4.0);
  }

  @Test
  void of_evenNumberOfRounds_medianIsBetweenTheMiddleOnes() {
    assertThat(Statistics.of(1, 10, 2, 3).median()).isEqualTo(2.5);
  }

  @Test
  void of_nothing_isRefused() {
    assertThatThrownBy(Statistics::of).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void over_isTakenRoundByRound() {
    // The quotient of the medians would be 1.
    Statistics quotient = Statistics.of(10, 20, 30).over(Statistics.of(20, 10, 30));

    assertThat(quotient.rounds()).containsExactly(0.5, 2.0, 1.0);
    assertThat(quotient.median()).isEqualTo(1);
  }

  @Test
  void over_otherNumberOfRounds_isRefused() {
    Statistics two = Statistics.of(1, 2);

    assertThatThrownBy(() -> Statistics.of(1).over(two))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
