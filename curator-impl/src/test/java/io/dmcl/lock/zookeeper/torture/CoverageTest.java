package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CoverageTest {
  private final Coverage coverage = new Coverage();

  @Test
  void leastFirst_afterEveryOther_beginsWithTheOneLeft() {
    EnumSet<ProtocolState> all = EnumSet.allOf(ProtocolState.class);
    EnumSet<ProtocolState> allButCached = EnumSet.complementOf(EnumSet.of(ProtocolState.CACHED));
    for (Fault fault : Fault.values()) {
      coverage.hit(fault, fault == Fault.CUT_NODE ? allButCached : all);
    }

    Coverage.Cell left = new Coverage.Cell(Fault.CUT_NODE, ProtocolState.CACHED);
    assertThat(coverage.leastFirst(EnumSet.allOf(Fault.class), new Random(1)))
        .hasSize(Fault.values().length * ProtocolState.values().length)
        .startsWith(left);
    assertThat(coverage.below(1)).containsExactly(left);
    assertThat(coverage.leastFirst(EnumSet.of(Fault.KILL_SERVER), new Random(1)))
        .hasSize(ProtocolState.values().length)
        .extracting(Coverage.Cell::fault)
        .containsOnly(Fault.KILL_SERVER);
    assertThat(coverage.total()).isEqualTo(Fault.values().length);
  }
}
