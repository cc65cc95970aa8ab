package io.dmcl.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.00001, 0",
    "0.012345, 0.0123",
    "1, 1",
    "1.7, 1.7",
    "99.96, 100",
    "123.4, 123",
    "12345678.9, 12345679",
    "Infinity, Infinity"
  })
  void format_threeDigitsAndNoExponent(double value, String text) {
    assertThat(Numbers.format(value)).isEqualTo(text);
  }
}
