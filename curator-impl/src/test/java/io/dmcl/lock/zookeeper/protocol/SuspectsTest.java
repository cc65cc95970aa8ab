package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SuspectsTest {
  private static final int MANY = 100;

  private final Suspects suspects = new Suspects();

  /** After how many breaks the read is found guilty; {@link #MANY} if never. */
  private int breaksUntilGuilty(Runnable before) {
    for (int breaks = 1; breaks < MANY; breaks++) {
      suspects.settled();
      before.run();
      if (suspects.lost("read")) {
        return breaks;
      }
    }
    return MANY;
  }

  private void loseOther() {
    boolean unused = suspects.lost("other");
  }

  @Test
  void lost_firstAgainAndAgain_isGuilty() {
    assertThat(breaksUntilGuilty(() -> {})).isBetween(4, 20);
    assertThat(suspects.isSuspect("read")).isFalse();
  }

  @Test
  void lost_behindAnother_isNotGuilty() {
    assertThat(breaksUntilGuilty(suspects::otherLost)).isEqualTo(MANY);
    assertThat(breaksUntilGuilty(this::loseOther)).isEqualTo(MANY);
    assertThat(suspects.isSuspect("read")).isFalse();
  }

  @Test
  void lost_answeredInBetween_isNotGuilty() {
    assertThat(breaksUntilGuilty(() -> suspects.answered("read"))).isEqualTo(MANY);
  }

  @Test
  void isSuspect_untilItIsAnswered() {
    assertThat(suspects.isSuspect("read")).isFalse();
    assertThat(suspects.lost("read")).isFalse();
    assertThat(suspects.isSuspect("read")).isTrue();
    suspects.answered("read");
    assertThat(suspects.isSuspect("read")).isFalse();
  }
}
