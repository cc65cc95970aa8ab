package io.dmcl.lock.zookeeper.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class NodeConfigTest {
  private static NodeConfig withSessionBytes(int bytes) {
    return new NodeConfig("/dmcl", "default", 1, 0, 1, bytes);
  }

  @Test
  void maxSessionBytes_overHalfAMebibyte_isRefused() {
    assertThat(withSessionBytes(524_288).maxSessionBytes()).isEqualTo(524_288);
    assertThatThrownBy(() -> withSessionBytes(524_289))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("524289");
  }
}
