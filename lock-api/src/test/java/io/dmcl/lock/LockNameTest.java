package io.dmcl.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LockNameTest {
  private static final String LOCK_EMOJI = "\ud83d\udd12";

  @Test
  void of_emptyOrTooLong_isRefusedWithItsLength() {
    assertThatThrownBy(() -> LockName.of(""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0");
    assertThatThrownBy(() -> LockName.of("x".repeat(129)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("129");
    assertThatThrownBy(() -> LockName.of(LOCK_EMOJI.repeat(129)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("129");
  }

  @Test
  void of_longest_countsCodePoints() {
    assertThat(LockName.of("x".repeat(128)).name()).hasSize(128);
    assertThat(LockName.of(LOCK_EMOJI.repeat(128)).name()).hasSize(256);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "..", ".", " ", "\u0000", "\n", "\u007f", "7", "#7", "\uffff"})
  void of_anyCharacter_isKept(String name) {
    assertThat(LockName.of(name).name()).isEqualTo(name);
    assertThat(LockName.of(name).isNumber()).isFalse();
  }

  @Test
  void of_unpairedSurrogate_isRefused() {
    for (String name : new String[] {"\ud83d", "a\udd12", "\udd12\ud83d"}) {
      assertThatThrownBy(() -> LockName.of(name)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void of_number_keepsAll64Bits() {
    for (long number : new long[] {0, 7, Long.MAX_VALUE, Long.MIN_VALUE, -1}) {
      LockName name = LockName.of(number);
      assertThat(name.isNumber()).isTrue();
      assertThat(name.number()).isEqualTo(number);
    }
    assertThat(LockName.of(-1L)).hasToString("#18446744073709551615");
  }

  @Test
  void equals_numberAndName_neverCollide() {
    assertThat(LockName.of(7)).isNotEqualTo(LockName.of("7")).isNotEqualTo(LockName.of("#7"));
    assertThat(LockName.of(7)).isEqualTo(LockName.of(7)).hasSameHashCodeAs(LockName.of(7));
    assertThat(LockName.of("7")).isEqualTo(LockName.of("7")).hasSameHashCodeAs(LockName.of("7"));
    assertThat(LockName.of("a")).isNotEqualTo(LockName.of("A"));
    assertThat(LockName.of(0)).isNotEqualTo(LockName.of("x"));
  }

  @Test
  void toString_numberAndName_areToldApart() {
    assertThat(LockName.of(7)).hasToString("#7");
    assertThat(LockName.of("7")).hasToString("\"7\"");
    assertThat(LockName.of("#7")).hasToString("\"#7\"");
  }

  @Test
  void numberOrName_ofTheOtherKind_isRefused() {
    assertThatThrownBy(() -> LockName.of("7").number()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> LockName.of(7).name()).isInstanceOf(IllegalStateException.class);
  }
}
