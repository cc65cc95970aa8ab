package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class OptionsTest {
  @Test
  void parse_options_areTaken() {
    Options options =
        Options.parse(new String[] {"--minutes", "0.5", "--seed", "7", "--lie", "lease"});

    assertThat(options.time()).isEqualTo(Duration.ofSeconds(30));
    assertThat(options.seed()).isEqualTo(7);
    assertThat(options.lie()).isEqualTo(NodeProgram.Lie.LEASE);
    assertThat(options.nodes()).isEqualTo(4);
  }

  @Test
  void parse_whatIsNotToBeUnderstood_isRefused() {
    for (String line :
        new String[] {"--nodes 0", "--nodes", "--seconds x", "--lie big", "--no 1"}) {
      assertThatThrownBy(() -> Options.parse(line.split(" ")))
          .as(line)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
