package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The names of entries, and their order. */
class EntryTest {
  private static final String ID = "0123456789abc.d";

  private static Entry entry(String sequence) {
    return Objects.requireNonNull(Entry.parse("x-" + ID + '-' + sequence));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0000000000", "0000000007", "2147483647", "-2147483648", "-2147483000"})
  void name_ofWhatWasParsed_isTheSame(String sequence) {
    assertThat(entry(sequence).name()).isEqualTo("x-" + ID + '-' + sequence);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "version",
        "x-" + ID,
        "x-" + ID + "-7",
        "x-" + ID + "-00000000007",
        "x-" + ID + "-2147483648",
        "x-" + ID + "--2147483649",
        "y-" + ID + "-0000000007",
        "x-short.d-0000000007",
        "x-0000000000001.0d-0000000007",
        "x-0000000000001.1zzzzzzzzzzzz-0000000007"
      })
  void parse_notExactlyTheFormat_isNoEntry(String name) {
    assertThat(Entry.parse(name)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0000000000001.0", "0000000000001.10", "zzzzzzzzzzzzz.zzzzzzzzzzzz"})
  void text_ofAParsedId_isTheSame(String id) {
    assertThat(Objects.requireNonNull(RequestId.parse(id)).text()).isEqualTo(id);
  }

  @Test
  void compareTo_wrappedCounter_comesLast() {
    List<Entry> inOrder =
        List.of(
            entry("0000000002"),
            entry("1000000001"),
            entry("2147483647"),
            entry("-2147483648"),
            entry("-2147483647"));
    assertThat(inOrder).isSorted();
  }
}
