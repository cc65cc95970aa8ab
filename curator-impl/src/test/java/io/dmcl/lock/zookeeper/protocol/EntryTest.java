package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The names of entries, and their order. */
class EntryTest {
  private static final String ID = "0123456789abc.d";

  private static final Pattern FORMAT =
      Pattern.compile("([xs])-([0-9a-z]{13})\\.(0|[1-9a-z][0-9a-z]{0,11})-([0-9]{10}|-[0-9]{10})");

  private static final List<String> NAMED =
      List.of(
          "x-0123456789abc.0-0000000000",
          "s-0123456789abc.d-0000000007",
          "x-zzzzzzzzzzzzz.zzzzzzzzzzzz-1999999999",
          "s-0000000000000.10--2147483648");
  private static final String LETTERS = "xsyz019-. Aé";
  private static final int NAMES = 100_000;

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

  /** Names that are wrong in up to three places, most of them in one. */
  @Test
  void parse_anyName_isAnEntryIfItHasTheFormat() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < NAMES; i++) {
      StringBuilder name = new StringBuilder(NAMED.get(random.nextInt(NAMED.size())));
      for (int wrong = random.nextInt(4); wrong > 0; wrong--) {
        int at = random.nextInt(name.length());
        int length = random.nextInt(2);
        String letter = LETTERS.substring(random.nextInt(LETTERS.length())).substring(0, 1);
        name.replace(at, at + length, random.nextBoolean() ? letter : "");
      }
      assertThat(Entry.parse(name.toString()))
          .as("%s (seed %d)", name, seed)
          .isEqualTo(byTheFormat(name));
    }
  }

  private static @Nullable Entry byTheFormat(CharSequence name) {
    Matcher matcher = FORMAT.matcher(name);
    if (!matcher.matches()) {
      return null;
    }
    RequestId id = RequestId.of(matcher.group(2), Long.parseLong(matcher.group(3), 36));
    long sequence = Long.parseLong(matcher.group(4));
    LockMode mode = matcher.group(1).equals("x") ? LockMode.EXCLUSIVE : LockMode.SHARED;
    return sequence == (int) sequence ? new Entry(mode, id, (int) sequence) : null;
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
