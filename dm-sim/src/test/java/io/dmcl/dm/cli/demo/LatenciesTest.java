package io.dmcl.dm.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** The histogram. */
class LatenciesTest {
  private static final double CLOSE = 7;

  @Test
  void quantileNanos_ofNothing_isZero() {
    assertThat(new Latencies().quantileNanos(0.5)).isZero();
  }

  @Test
  void quantileNanos_ofManyValues_isClose() {
    Latencies latencies = new Latencies();
    for (long i = 1; i <= 100_000; i++) {
      latencies.add(i * 1_000);
    }

    assertThat(latencies.quantileNanos(0.5)).isCloseTo(50_000_000L, percent());
    assertThat(latencies.quantileNanos(0.99)).isCloseTo(99_000_000L, percent());
    assertThat(latencies.quantileNanos(1)).isCloseTo(100_000_000L, percent());
  }

  @Test
  void add_extremes_areKept() {
    Latencies latencies = new Latencies();
    latencies.add(-1);
    latencies.add(3);
    latencies.add(Long.MAX_VALUE);

    assertThat(latencies.quantileNanos(0.1)).isZero();
    assertThat(latencies.quantileNanos(0.5)).isCloseTo(3, within(0L));
    assertThat(latencies.quantileNanos(1)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void parse_ofText_isTheSame() {
    Latencies latencies = new Latencies();
    latencies.add(17);
    latencies.add(17);
    latencies.add(1_000_000);

    assertThat(Latencies.parse(latencies.toString())).hasToString(latencies.toString());
    assertThat(Latencies.parse(new Latencies().toString()).count()).isZero();
  }

  private static Percentage percent() {
    return Percentage.withPercentage(CLOSE);
  }
}
