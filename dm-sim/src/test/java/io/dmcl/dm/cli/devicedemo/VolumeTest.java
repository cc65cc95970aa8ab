package io.dmcl.dm.cli.devicedemo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who writes what. */
class VolumeTest {
  @ParameterizedTest
  @ValueSource(longs = {Volume.MIN_SECTORS, 65536, 1 << 20})
  void ownBlocks_ofDifferentNodes_areDifferent(long sectors) {
    Volume volume = new Volume(sectors, 3);
    Set<Integer> all = new HashSet<>();
    for (int node = 1; node <= 3; node++) {
      Set<Integer> own = new HashSet<>();
      for (int block : volume.ownBlocks(node)) {
        assertThat(block).isBetween(0, volume.blocks() - 1);
        assertThat(all.add(block)).as("block %d", block).isTrue();
        own.add(block);
      }
      SplittableRandom random = new SplittableRandom(node);
      for (int i = 0; i < 1000; i++) {
        assertThat(own).contains(volume.blockToWrite(node, random));
        assertThat(volume.blockToRead(node, random)).isBetween(0, volume.blocks() - 1);
      }
    }
  }

  @Test
  void tally_writtenAndParsed_isTheSame() {
    Tally tally = new Tally();
    for (Tally.Counter counter : Tally.Counter.values()) {
      tally.count(counter, counter.ordinal() + 1L);
    }
    tally.took(2_000_000_000);

    Tally parsed = Tally.parse(tally.toString());

    assertThat(parsed.toString()).isEqualTo(tally.toString());
    assertThat(parsed.ios()).isEqualTo(3);
    assertThat(parsed.iosPerSecond()).isEqualTo(1.5);
    assertThat(parsed.perThousandIos(Tally.Counter.WRITES)).isBetween(666.0, 667.0);
  }
}
