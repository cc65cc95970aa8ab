package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.torture.Breach.Rule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Histories by hand: the good ones pass, and each lie is found out by the rule that it breaks. */
class CheckerTest {
  private final List<Rule> found = new ArrayList<>();
  private final Checker checker = new Checker(breach -> found.add(breach.rule()));

  private void history(String... lines) {
    for (String line : lines) {
      checker.accept(Event.parse(line));
    }
  }

  /** A valid hold, as it is told, with an access that was let in. */
  private static String had(
      long at, String who, String hold, String mode, long token, String told, long base) {
    return String.format(
        "%d %s had hold=%s lock=r0 mode=%s token=%d told=%s value=- base=%d claim=%d valid=1 ok=1"
            + " content=0 torn=0",
        at, who, hold, mode, token, told, base, at - 1);
  }

  private static String wrote(long at, String who, String hold, long token, long number) {
    return String.format(
        "%1$d %2$s end hold=%3$s lock=r0 mode=X token=%4$d number=%5$d claim=%6$d ok=1"
            + " content=%5$d torn=0",
        at, who, hold, token, number, at - 1);
  }

  private static String unlock(long at, String who, String hold, String mode, long token) {
    return String.format(
        "%d %s unlock hold=%s lock=r0 mode=%s token=%d valid=1 claim=%d",
        at, who, hold, mode, token, at - 1);
  }

  @Test
  void accept_oneAfterTheOther_findsNothing() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        wrote(12, "n1.1", "a", 5, 77),
        unlock(14, "n1.1", "a", "X", 5),
        had(20, "n2.1", "b", "S", 6, "MODIFIED", 0),
        had(21, "n3.1", "c", "S", 7, "MODIFIED", 0),
        unlock(22, "n2.1", "b", "S", 6),
        unlock(23, "n3.1", "c", "S", 7),
        had(30, "n1.1", "d", "X", 8, "UNCHANGED", 77));

    assertThat(found).isEmpty();
  }

  @Test
  void accept_validAtTheSameTime_isExclusion() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        had(20, "n2.1", "b", "S", 6, "MODIFIED", 0),
        unlock(22, "n1.1", "a", "X", 5));

    assertThat(found).containsOnly(Rule.EXCLUSION);
  }

  @Test
  void accept_claimHeardOfLate_isExclusionAllTheSame() {
    // n1 was stopped after its claim at 25; the history hears of it when all is long over.
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        had(20, "n2.1", "b", "S", 6, "OWNER_DIED", 0),
        unlock(40, "n2.1", "b", "S", 6),
        "900 n1.1 begin hold=a lock=r0 mode=X token=5 number=9 claim=25 ok=0");

    assertThat(found).contains(Rule.EXCLUSION);
  }

  @Test
  void accept_lostAndSilent_isNotExclusion() {
    // n1's last claim is before n2 came; what it sends later is refused.
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        had(20, "n2.1", "b", "S", 6, "OWNER_DIED", 0),
        "30 n1.1 begin hold=a lock=r0 mode=X token=5 number=9 claim=15 ok=0");

    assertThat(found).isEmpty();
  }

  @Test
  void accept_sameNode_isNotExclusion() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1), had(11, "n1.1", "b", "S", 5, "UNKNOWN", -1));

    assertThat(found).isEmpty();
  }

  @Test
  void accept_gateThatIsOff_isGate() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        had(20, "n2.1", "b", "X", 6, "OWNER_DIED", 0),
        "30 n1.1 begin hold=a lock=r0 mode=X token=5 number=9 claim=15 ok=1 content=9 torn=5");

    assertThat(found).containsExactly(Rule.GATE);
  }

  @Test
  void accept_validHoldRefused_isGate() {
    history(
        had(10, "n2.1", "b", "X", 6, "UNKNOWN", -1),
        unlock(12, "n2.1", "b", "X", 6),
        "20 n1.1 had hold=a lock=r0 mode=X token=5 told=MODIFIED value=- base=0 claim=19 valid=1"
            + " ok=0");

    assertThat(found).containsExactly(Rule.GATE);
  }

  @Test
  void accept_freshnessIgnored_isFreshness() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        unlock(14, "n1.1", "a", "X", 5),
        had(20, "n2.1", "b", "X", 6, "MODIFIED", 0),
        wrote(22, "n2.1", "b", 6, 77),
        unlock(24, "n2.1", "b", "X", 6),
        had(30, "n1.1", "c", "S", 7, "UNCHANGED", 0));

    assertThat(found).containsExactly(Rule.FRESHNESS);
  }

  @Test
  void accept_tornAndNotTold_isDeadOwner() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        "12 n1.1 begin hold=a lock=r0 mode=X token=5 number=9 claim=11 ok=1 content=9 torn=5",
        had(20, "n2.1", "b", "S", 6, "MODIFIED", 0));

    assertThat(found).containsExactly(Rule.DEAD_OWNER);
  }

  @Test
  void accept_killedOwnerAndNotTold_isDeadOwnerUntilRecovered() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        "15 nemesis killed node=n1.1",
        had(20, "n2.1", "b", "S", 6, "MODIFIED", 0));
    assertThat(found).containsExactly(Rule.DEAD_OWNER);
    found.clear();

    history(
        unlock(21, "n2.1", "b", "S", 6),
        had(30, "n2.1", "c", "X", 7, "OWNER_DIED", 0),
        "31 n2.1 recover lock=r0 token=7",
        unlock(32, "n2.1", "c", "X", 7),
        had(40, "n3.1", "d", "X", 8, "UNKNOWN", -1));
    assertThat(found).isEmpty();
  }

  @Test
  void accept_killedWhenItsSessionHadEndedAndWasRepaired_findsNothing() {
    // n1 was stopped until its session was over; the history never hears that its hold was lost.
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        had(30, "n2.1", "b", "X", 7, "OWNER_DIED", 0),
        "31 n2.1 recover lock=r0 token=7",
        unlock(32, "n2.1", "b", "X", 7),
        "40 nemesis killed node=n1.1",
        had(50, "n3.1", "c", "S", 8, "MODIFIED", 0));

    assertThat(found).isEmpty();
  }

  @Test
  void accept_killedAndOnlyAnEarlierOneWasRepaired_isDeadOwner() {
    history(
        had(5, "n2.1", "b", "X", 4, "OWNER_DIED", 0),
        "6 n2.1 recover lock=r0 token=4",
        unlock(7, "n2.1", "b", "X", 4),
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        "15 nemesis killed node=n1.1",
        had(20, "n3.1", "c", "S", 8, "MODIFIED", 0));

    assertThat(found).containsExactly(Rule.DEAD_OWNER);
  }

  @Test
  void accept_killedWithWordUnderWay_isDeadOwner() {
    // Its hold came to be known when it was dead already.
    history(
        "15 nemesis killed node=n1.1",
        had(16, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        had(20, "n2.1", "b", "S", 6, "UNCHANGED", 0));

    assertThat(found).containsExactly(Rule.DEAD_OWNER);
  }

  @Test
  void accept_killedWhileReleasing_mayBeEither() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        unlock(14, "n1.1", "a", "X", 5),
        "15 nemesis killed node=n1.1",
        had(20, "n2.1", "b", "S", 6, "MODIFIED", 0));

    assertThat(found).isEmpty();
  }

  @Test
  void accept_givenUpBeforeTheFlush_isFlush() {
    history(
        had(10, "n1.1", "a", "X", 5, "UNKNOWN", -1),
        "12 n1.1 dirty lock=r0 token=5 number=9",
        unlock(14, "n1.1", "a", "X", 5),
        had(20, "n2.1", "b", "S", 6, "MODIFIED", 0));
    assertThat(found).containsExactly(Rule.FLUSH);
    found.clear();

    history(
        "30 n1.1 clean lock=r0 token=5",
        unlock(31, "n2.1", "b", "S", 6),
        had(40, "n2.1", "c", "S", 7, "MODIFIED", 0));
    assertThat(found).isEmpty();
  }

  @Test
  void accept_nodeThatBreaks_isAlive() {
    history("10 n1.1 broke error=java.lang.IllegalStateException");

    assertThat(found).containsExactly(Rule.ALIVE);
  }
}
