package io.dmcl.lock.zookeeper.cache;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** When a grant is worth keeping, and for how long against others. */
class ContentionTest {
  private static final long MANY = 1_000;

  private static Contention recalled(Contention from, long... uses) {
    Contention contention = from;
    for (long each : uses) {
      contention = contention.recalledAfter(each);
    }
    return contention;
  }

  @Test
  void isEager_recalledAsOftenAsUsed_afterTwo() {
    assertThat(Contention.NONE.isEager()).isFalse();
    assertThat(recalled(Contention.NONE, 1).isEager()).isFalse();
    assertThat(recalled(Contention.NONE, 1, 1).isEager()).isTrue();
    assertThat(recalled(Contention.NONE, 0, 0).isEager()).isTrue();
    assertThat(recalled(Contention.NONE, 2, 2, 2, 2).isEager()).as("of use").isFalse();
    assertThat(recalled(Contention.NONE, 1, 2, 1, 2).isEager()).as("not in a row").isFalse();
    assertThat(recalled(Contention.NONE, 1, 1, 2).isEager()).as("of use again").isFalse();
  }

  @Test
  void isEager_nobodyElseThereForAWhile_isOver() {
    Contention contention = recalled(Contention.NONE, 1, 1);
    for (int i = 0; i < 3; i++) {
      contention = contention.granted(true);
      assertThat(contention.isEager()).isTrue();
    }
    assertThat(contention.granted(true).isEager()).isFalse();

    contention = contention.granted(false); // somebody is there: it begins again
    for (int i = 0; i < 3; i++) {
      contention = contention.granted(true);
      assertThat(contention.isEager()).isTrue();
    }
    assertThat(contention.granted(true).isEager()).isFalse();
  }

  @Test
  void holdNanos_grantsThatAreOfUse_areHeldLongerUpToABound() {
    Contention contention = Contention.NONE;
    long before = contention.holdNanos();
    assertThat(recalled(contention, 2).holdNanos()).as("of some use").isEqualTo(before);
    for (int i = 0; i < 10; i++) {
      Contention next = contention.recalledAfter(MANY);
      assertThat(next.holdNanos()).isGreaterThanOrEqualTo(contention.holdNanos());
      contention = next;
    }
    assertThat(contention.holdNanos()).isEqualTo(20_000_000);
  }

  @Test
  void holdNanos_grantsThatAreOfNoUse_areHeldShorterDownToABound() {
    Contention contention = Contention.NONE;
    for (int i = 0; i < 10; i++) {
      Contention next = contention.recalledAfter(1);
      assertThat(next.holdNanos()).isLessThanOrEqualTo(contention.holdNanos());
      contention = next;
    }
    assertThat(contention.holdNanos()).isEqualTo(500_000);
    assertThat(contention.recalledAfter(MANY).holdNanos())
        .as("and up again")
        .isGreaterThan(500_000);
  }
}
