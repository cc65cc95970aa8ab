package io.dmcl.lock;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class FencingGateTest {
  private final FencingGate gate = new FencingGate();

  @Test
  void tryAdmit_nothingSeen_admitsEverybody() {
    assertThat(gate.newestSeen()).isZero();
    assertThat(gate.newestWriter()).isZero();
    assertThat(gate.tryAdmit(SHARED, 1)).isTrue();
    assertThat(new FencingGate().tryAdmit(EXCLUSIVE, 1)).isTrue();
  }

  @Test
  void tryAdmit_sameTokenAgain_isAdmitted() {
    assertThat(gate.tryAdmit(EXCLUSIVE, 5)).isTrue();
    assertThat(gate.tryAdmit(EXCLUSIVE, 5)).isTrue();
    assertThat(gate.tryAdmit(SHARED, 5)).as("downgraded").isTrue();
    assertThat(gate.tryAdmit(EXCLUSIVE, 5)).isTrue();
  }

  @Test
  void tryAdmit_olderWriter_isRefusedAfterWriterOrReader() {
    gate.admit(EXCLUSIVE, 5);
    assertThat(gate.tryAdmit(EXCLUSIVE, 4)).isFalse();
    gate.admit(SHARED, 7);
    assertThat(gate.tryAdmit(EXCLUSIVE, 6)).isFalse();
    assertThat(gate.tryAdmit(EXCLUSIVE, 7)).isTrue();
  }

  @Test
  void tryAdmit_olderReader_isRefusedAfterWriterOnly() {
    gate.admit(SHARED, 7);
    assertThat(gate.tryAdmit(SHARED, 6)).as("readers do not refuse each other").isTrue();
    gate.admit(EXCLUSIVE, 8);
    assertThat(gate.tryAdmit(SHARED, 7)).isFalse();
    assertThat(gate.tryAdmit(SHARED, 9)).isTrue();
    assertThat(gate.tryAdmit(SHARED, 8)).isTrue();
  }

  @Test
  void tryAdmit_refused_changesNothing() {
    gate.admit(EXCLUSIVE, 5);
    gate.tryAdmit(EXCLUSIVE, 4);
    gate.tryAdmit(SHARED, 4);
    assertThat(gate.newestSeen()).isEqualTo(5);
    assertThat(gate.newestWriter()).isEqualTo(5);
  }

  @Test
  void admit_staleToken_throwsNamingBothTokens() {
    gate.admit(EXCLUSIVE, 50);
    gate.admit(SHARED, 70);
    assertThatThrownBy(() -> gate.admit(EXCLUSIVE, 60))
        .isInstanceOf(StaleTokenException.class)
        .hasMessageContaining("60")
        .hasMessageContaining("70");
    assertThatThrownBy(() -> gate.admit(SHARED, 40))
        .isInstanceOf(StaleTokenException.class)
        .hasMessageContaining("40")
        .hasMessageContaining("50");
  }

  @Test
  void restored_goesOnWhereItWas() {
    gate.admit(EXCLUSIVE, 5);
    gate.admit(SHARED, 9);
    FencingGate restored = new FencingGate(gate.newestSeen(), gate.newestWriter());
    assertThat(restored.tryAdmit(EXCLUSIVE, 8)).isFalse();
    assertThat(restored.tryAdmit(SHARED, 4)).isFalse();
    assertThat(restored.tryAdmit(SHARED, 5)).isTrue();
    assertThat(restored.tryAdmit(EXCLUSIVE, 9)).isTrue();
  }
}
