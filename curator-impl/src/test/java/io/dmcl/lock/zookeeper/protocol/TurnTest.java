package io.dmcl.lock.zookeeper.protocol;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.protocol.Turn.Verdict;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a look says to whoever waits. */
class TurnTest {
  private static final RequestId OWN = RequestId.of(RequestId.nonce(1), 1);
  private static final RequestId OTHER = RequestId.of(RequestId.nonce(2), 1);
  private static final int END = Integer.MAX_VALUE;

  private static Entry own(LockMode mode, int sequence) {
    return new Entry(mode, OWN, sequence);
  }

  private static Entry other(LockMode mode, int sequence) {
    return new Entry(mode, OTHER, sequence);
  }

  /** A look at these entries, with an intent for each exclusive one and so many more. */
  private static Look look(int dead, Entry... entries) {
    int exclusive = (int) Stream.of(entries).filter(e -> e.mode() == EXCLUSIVE).count();
    Version version = new Version(1, 1, exclusive + dead, null, new byte[0]);
    return new Look(new Queue(List.of(entries).stream().sorted().toList()), version, null);
  }

  private static Verdict verdict(Look look, Entry own, @Nullable Entry upgradeFrom) {
    return Turn.of(look, own, upgradeFrom).verdict();
  }

  @Test
  void of_nobodyBefore_isGrantedUnlessSomebodyMayHaveDied() {
    Entry own = own(EXCLUSIVE, 5);
    assertThat(verdict(look(0, own, other(SHARED, 6)), own, null)).isEqualTo(Verdict.GRANTED);
    assertThat(verdict(look(1, own), own, null)).isEqualTo(Verdict.ASK_WHO_DIED);
  }

  @Test
  void of_conflictBefore_waitsForIt() {
    Entry own = own(EXCLUSIVE, 5);
    for (LockMode mode : LockMode.values()) {
      Entry before = other(mode, 4);
      assertThat(Turn.of(look(1, before, own), own, null))
          .isEqualTo(new Turn(Verdict.WAIT, before));
    }
  }

  @Test
  void of_notThere_isVanishedEvenWithoutAVersion() {
    Entry own = own(SHARED, 5);
    assertThat(verdict(look(0, other(SHARED, 4)), own, null)).isEqualTo(Verdict.VANISHED);
    assertThat(verdict(new Look(Queue.EMPTY, null, null), own, null)).isEqualTo(Verdict.VANISHED);
    assertThat(verdict(new Look(new Queue(List.of(own)), null, null), own, null))
        .isEqualTo(Verdict.NO_VERSION);
  }

  @Test
  void of_upgrade_ignoresItsOwnSharedEntryAndDoesNotWaitForAWriter() {
    Entry shared = new Entry(SHARED, RequestId.of(RequestId.nonce(1), 0), 3);
    Entry own = own(EXCLUSIVE, 5);
    assertThat(verdict(look(0, shared, own), own, shared)).isEqualTo(Verdict.GRANTED);
    assertThat(verdict(look(0, shared, other(SHARED, 4), own), own, shared))
        .isEqualTo(Verdict.WAIT);
    assertThat(verdict(look(0, shared, other(EXCLUSIVE, 4), own), own, shared))
        .isEqualTo(Verdict.REFUSED);
  }

  @Test
  void of_endOfTheCounter_isForWhoeverIsAlone() {
    Entry last = own(EXCLUSIVE, END);
    assertThat(verdict(look(0, last), last, null)).isEqualTo(Verdict.GRANTED);
    assertThat(verdict(look(0, last, other(SHARED, 4)), last, null)).isEqualTo(Verdict.EXHAUSTED);
    Entry late = own(SHARED, Request.EXCLUSIVE_FROM);
    assertThat(verdict(look(0, late), late, null)).isEqualTo(Verdict.GRANTED);
    assertThat(verdict(look(0, late, other(SHARED, 4)), late, null)).isEqualTo(Verdict.EXHAUSTED);
    Entry wrapped = own(EXCLUSIVE, -1);
    assertThat(verdict(look(0, wrapped), wrapped, null)).isEqualTo(Verdict.EXHAUSTED);
  }
}
