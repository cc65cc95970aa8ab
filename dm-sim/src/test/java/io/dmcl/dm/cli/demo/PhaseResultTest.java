package io.dmcl.dm.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.cli.demo.PhaseResult.Counter;
import io.dmcl.lock.LockStats;
import org.junit.jupiter.api.Test;

/** What goes from a node to its parent. */
class PhaseResultTest {
  @Test
  void parse_ofText_isTheSame() {
    PhaseResult result = new PhaseResult();
    result.count(Counter.OPERATIONS, 1_000);
    result.count(Counter.STALE);
    result.acquires().add(1_000);
    result.handOvers().add(2_000);
    result.add(new LockStats(1, 2, 3, 4, 5, 6, 7));
    result.took(2_000_000_000L);

    PhaseResult parsed = PhaseResult.parse(result.toString());

    assertThat(parsed).hasToString(result.toString());
    assertThat(parsed.operationsPerSecond()).isEqualTo(500);
    assertThat(parsed.get(Counter.HITS)).isEqualTo(1);
    assertThat(parsed.get(Counter.GRANTS)).isEqualTo(3);
    assertThat(parsed.get(Counter.RECALLS)).isEqualTo(4);
  }

  @Test
  void addAll_addsUp() {
    PhaseResult sum = new PhaseResult();
    for (int i = 0; i < 3; i++) {
      PhaseResult result = new PhaseResult();
      result.count(Counter.OPERATIONS, 10);
      result.acquires().add(5);
      result.took(1_000_000_000L);
      sum.addAll(result);
    }

    assertThat(sum.get(Counter.OPERATIONS)).isEqualTo(30);
    assertThat(sum.operationsPerSecond()).isEqualTo(30);
    assertThat(sum.acquires().count()).isEqualTo(3);
  }
}
