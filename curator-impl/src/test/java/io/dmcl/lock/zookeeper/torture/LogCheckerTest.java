package io.dmcl.lock.zookeeper.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockName;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.sim.Change;
import io.dmcl.lock.zookeeper.sim.Txn;
import io.dmcl.lock.zookeeper.torture.Breach.Rule;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Histories and logs by hand: the clocks are the same, a log's millisecond is 1,000,000 ns. */
class LogCheckerTest {
  private static final String FIRST = "0000000000001.1";
  private static final String SECOND = "0000000000002.1";
  private static final long FIRST_SESSION = 11;
  private static final long SECOND_SESSION = 12;

  private final Layout layout = new Layout("/dmcl", "default");
  private final LockPaths paths = layout.lock(LockName.of("r0"));
  private final List<Rule> found = new ArrayList<>();
  private final LogChecker checker =
      new LogChecker(layout, List.of("r0"), 0, breach -> found.add(breach.rule()));

  // The log.

  private void log(long millis, long zxid, Txn.Kind kind, long session, Change... changes) {
    checker.accept(
        new TransactionLog.Logged(Txn.logged(zxid, kind, session, List.of(changes)), millis));
  }

  private String entry(String mode, String id, int place) {
    return String.format("%s/%s-%s-%010d", paths.lock(), mode, id, place);
  }

  private static Change made(String path, long session) {
    return new Change.Created(path, new byte[0], session, 0);
  }

  private void request(long millis, long zxid, String id, int place, long session) {
    log(
        millis,
        zxid,
        Txn.Kind.WRITE,
        session,
        made(entry("x", id, place), session),
        made(paths.version() + '/' + id, 0));
  }

  private void release(long millis, long zxid, String id, int place, long session, String value) {
    byte[] bytes = (((char) id.length()) + id + value).getBytes(StandardCharsets.US_ASCII);
    log(
        millis,
        zxid,
        Txn.Kind.WRITE,
        session,
        new Change.Deleted(entry("x", id, place)),
        new Change.Deleted(paths.version() + '/' + id),
        new Change.Set(paths.version(), bytes));
  }

  private void expire(long millis, long zxid, String id, int place, long session) {
    log(millis, zxid, Txn.Kind.CLOSE_SESSION, session, new Change.Deleted(entry("x", id, place)));
  }

  // The history.

  private void had(long millis, String who, long token, String told, String value) {
    long nanos = millis * 1_000_000;
    checker.accept(
        Event.parse(
            String.format(
                "%d %s had hold=a lock=r0 mode=X token=%d told=%s value=%s base=0 claim=%d valid=1",
                nanos, who, token, told, value, nanos)));
  }

  private void claim(long millis, String who, long token) {
    long nanos = millis * 1_000_000;
    checker.accept(
        Event.parse(
            String.format(
                "%d %s unlock hold=a lock=r0 mode=X token=%d valid=1 claim=%d",
                nanos, who, token, nanos)));
  }

  private void told(String text) {
    checker.accept(Event.of(0, "n1.1", text));
  }

  private List<Rule> found() {
    checker.finish(0);
    return found;
  }

  @Test
  void accept_oneAfterTheOther_findsNothing() {
    had(110, "n1.1", 1, "UNKNOWN", "-");
    told("value lock=r0 token=1 value=v1");
    claim(120, "n1.1", 1);
    had(140, "n2.1", 2, "MODIFIED", "v1");
    claim(150, "n2.1", 2);

    request(100, 1, FIRST, 0, FIRST_SESSION);
    request(105, 2, SECOND, 1, SECOND_SESSION);
    release(121, 3, FIRST, 0, FIRST_SESSION, "v1");
    release(151, 4, SECOND, 1, SECOND_SESSION, "v1");

    assertThat(found()).isEmpty();
  }

  @Test
  void accept_validBeforeItsTurn_isOrder() {
    had(110, "n2.1", 2, "UNKNOWN", "-");

    request(100, 1, FIRST, 0, FIRST_SESSION);
    request(105, 2, SECOND, 1, SECOND_SESSION);
    release(121, 3, FIRST, 0, FIRST_SESSION, "");
    release(151, 4, SECOND, 1, SECOND_SESSION, "");

    assertThat(found()).containsExactly(Rule.ORDER);
  }

  @Test
  void accept_leaseIgnored_isOrder() {
    had(110, "n1.1", 1, "UNKNOWN", "-");
    claim(160, "n1.1", 1);

    request(100, 1, FIRST, 0, FIRST_SESSION);
    expire(150, 2, FIRST, 0, FIRST_SESSION);
    log(170, 3, Txn.Kind.WRITE, SECOND_SESSION, new Change.Deleted(paths.version() + '/' + FIRST));

    assertThat(found()).containsExactly(Rule.ORDER);
  }

  @Test
  void accept_neverAsked_isOrder() {
    had(110, "n1.1", 7, "UNKNOWN", "-");

    assertThat(found()).containsExactly(Rule.ORDER);
  }

  @Test
  void accept_ownerExpiredAndNotTold_isDeadOwner() {
    had(110, "n1.1", 1, "UNKNOWN", "-");
    had(160, "n2.1", 2, "MODIFIED", "-");

    request(100, 1, FIRST, 0, FIRST_SESSION);
    request(105, 2, SECOND, 1, SECOND_SESSION);
    expire(150, 3, FIRST, 0, FIRST_SESSION);
    release(170, 4, SECOND, 1, SECOND_SESSION, "");
    log(180, 5, Txn.Kind.WRITE, SECOND_SESSION, new Change.Deleted(paths.version() + '/' + FIRST));

    assertThat(found()).containsExactly(Rule.DEAD_OWNER);
  }

  @Test
  void accept_usedAndCancelled_isDeadOwner() {
    had(110, "n1.1", 1, "UNKNOWN", "-");

    request(100, 1, FIRST, 0, FIRST_SESSION);
    log(
        120,
        2,
        Txn.Kind.WRITE,
        FIRST_SESSION,
        new Change.Deleted(entry("x", FIRST, 0)),
        new Change.Deleted(paths.version() + '/' + FIRST));

    assertThat(found()).containsExactly(Rule.DEAD_OWNER);
  }

  @Test
  void accept_toldThoughOnlyAWaiterDied_isCountedAsFalse() {
    had(160, "n2.1", 3, "OWNER_DIED", "-");
    told("recover lock=r0 token=3");

    request(100, 1, FIRST, 0, FIRST_SESSION);
    expire(110, 2, FIRST, 0, FIRST_SESSION);
    request(120, 3, SECOND, 1, SECOND_SESSION);
    log(170, 4, Txn.Kind.WRITE, SECOND_SESSION, new Change.Deleted(paths.version() + '/' + FIRST));
    release(171, 5, SECOND, 1, SECOND_SESSION, "");

    assertThat(found()).isEmpty();
    assertThat(checker.falseDeaths()).isEqualTo(1);
  }

  @Test
  void accept_anotherValueThanPublished_isValue() {
    had(110, "n1.1", 1, "UNKNOWN", "-");
    told("value lock=r0 token=1 value=v1");
    had(140, "n2.1", 2, "MODIFIED", "v0");

    request(100, 1, FIRST, 0, FIRST_SESSION);
    request(105, 2, SECOND, 1, SECOND_SESSION);
    release(121, 3, FIRST, 0, FIRST_SESSION, "v1");
    release(151, 4, SECOND, 1, SECOND_SESSION, "v1");

    assertThat(found()).containsExactly(Rule.VALUE);
  }

  @Test
  void accept_releasedWithoutItsValue_isValue() {
    had(110, "n1.1", 1, "UNKNOWN", "-");
    told("value lock=r0 token=1 value=v1");

    request(100, 1, FIRST, 0, FIRST_SESSION);
    release(121, 2, FIRST, 0, FIRST_SESSION, "v0");

    assertThat(found()).containsExactly(Rule.VALUE);
  }

  @Test
  void accept_releasedBeforeTheFlush_isFlush() {
    had(110, "n1.1", 1, "UNKNOWN", "-");
    told("dirty lock=r0 token=1 number=9");

    request(100, 1, FIRST, 0, FIRST_SESSION);
    release(121, 2, FIRST, 0, FIRST_SESSION, "");

    assertThat(found()).containsExactly(Rule.FLUSH);
  }

  @Test
  void finish_entryAndIntentLeft_isLeftBehind() {
    request(100, 1, FIRST, 0, FIRST_SESSION);

    assertThat(found()).containsExactly(Rule.LEFT_BEHIND, Rule.LEFT_BEHIND);
  }

  /** One transaction makes two places of a node; the first is cancelled, the second is used. */
  private void twoPlacesOfOneTransaction() {
    had(110, "n1.1", 1, "UNKNOWN", "-");
    claim(120, "n1.1", 1);
    log(
        100,
        1,
        Txn.Kind.WRITE,
        FIRST_SESSION,
        made(entry("x", FIRST, 0), FIRST_SESSION),
        made(paths.version() + '/' + FIRST, 0),
        made(entry("x", SECOND, 1), FIRST_SESSION),
        made(paths.version() + '/' + SECOND, 0));
    cancel(105, 2, FIRST, 0);
  }

  private void cancel(long millis, long zxid, String id, int place) {
    log(
        millis,
        zxid,
        Txn.Kind.WRITE,
        FIRST_SESSION,
        new Change.Deleted(entry("x", id, place)),
        new Change.Deleted(paths.version() + '/' + id));
  }

  @Test
  void accept_cancelledPlaceBesidesTheUsedOne_findsNothing() {
    twoPlacesOfOneTransaction();
    release(121, 3, SECOND, 1, FIRST_SESSION, "");

    assertThat(found()).isEmpty();
  }

  @Test
  void accept_bothPlacesCancelledThoughOneWasUsed_isFound() {
    twoPlacesOfOneTransaction();
    cancel(121, 3, SECOND, 1);

    assertThat(found()).containsExactly(Rule.DEAD_OWNER);
  }

  @Test
  void accept_intentDeletedBeforeItsEntry_isFound() {
    request(100, 1, FIRST, 0, FIRST_SESSION);
    log(105, 2, Txn.Kind.WRITE, SECOND_SESSION, new Change.Deleted(paths.version() + '/' + FIRST));

    assertThat(found()).containsExactly(Rule.DEAD_OWNER);
  }
}
