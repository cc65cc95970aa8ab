package io.dmcl.lock.zookeeper.protocol;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a request writes, transaction by transaction, and what it makes of a refusal. */
class RequestWritesTest {
  private static final RequestId OWN = RequestId.of(RequestId.nonce(1), 1);
  private static final RequestId DEAD = RequestId.of(RequestId.nonce(2), 1);
  private static final RequestId ALSO_DEAD = RequestId.of(RequestId.nonce(3), 1);
  private static final String ID = "0000000000001.1";
  private static final String DEADS = "0000000000002.1";
  private static final String ALSO_DEADS = "0000000000003.1";
  private static final String X = "x-" + ID + "-0000000005";
  private static final String S = "s-" + ID + "-0000000005";
  private static final byte[] VALUE = "value".getBytes(StandardCharsets.UTF_8);
  private static final int LATE = 1 << 30;

  private final LockPaths paths = new LockPaths("/lock", new byte[] {1});
  private final RequestLog log = new RequestLog();

  private Request request(LockMode mode, boolean lockExists) {
    return new Request(log, log, paths, OWN, mode, lockExists, null);
  }

  private Request granted(LockMode mode) {
    return granted(mode, 5);
  }

  private Request granted(LockMode mode, int sequence) {
    Request request = request(mode, true);
    request.enter(null);
    Entry own = new Entry(mode, OWN, sequence);
    request.entered(paths.entry(own), 7);
    ZnodeStat version = new ZnodeStat(3, 3, 3, 0, 0, mode == EXCLUSIVE ? 1 : 0);
    request.read(
        log.last(),
        List.of(
            Reply.Read.ofChildren(List.of(own.name()), null),
            Reply.Read.ofData(new byte[0], version)));
    assertThat(log.told).containsExactly("granted");
    log.sent.clear();
    return request;
  }

  /** The writes of the last unit, in short. */
  private List<String> writes() {
    return log.last().writes().stream().map(this::inShort).toList();
  }

  private String inShort(WriteOp write) {
    String path = write.path().substring(1);
    if (write instanceof WriteOp.Create create) {
      return "create " + path + ' ' + create.kind() + text(create.data());
    } else if (write instanceof WriteOp.SetData set) {
      return "set " + path + text(set.data());
    }
    return "delete " + path;
  }

  private static String text(byte[] data) {
    return data.length == 0 ? "" : " " + new String(data, StandardCharsets.ISO_8859_1);
  }

  private static final String INTENT = "lock/version/";
  private static final String PUBLISHED =
      " \u000f" + ID + "value"; // the id's length, the id, the value

  // --- entering

  @Test
  void enter_exclusive_isEntryAndIntent() {
    request(EXCLUSIVE, true).enter(null);
    assertThat(writes())
        .containsExactly(
            "create lock/x-" + ID + "- EPHEMERAL_SEQUENTIAL",
            "create " + INTENT + ID + " PERSISTENT");
    assertThat(log.last().reads())
        .containsExactly(new ReadOp.Children("/lock"), new ReadOp.Data("/lock/version"));
  }

  @Test
  void enter_shared_isTheEntry() {
    request(SHARED, true).enter(null);
    assertThat(writes()).containsExactly("create lock/s-" + ID + "- EPHEMERAL_SEQUENTIAL");
  }

  @Test
  void enter_lockNeverUsed_makesItInTheSameTransaction() {
    Request request = request(EXCLUSIVE, false);
    request.enter(null);
    assertThat(log.last().mayLackLock()).isTrue();
    request.refused(log.last(), 0, Code.NO_NODE);
    assertThat(writes())
        .containsExactly(
            "create lock PERSISTENT \u0001",
            "create lock/version PERSISTENT",
            "create lock/x-" + ID + "- EPHEMERAL_SEQUENTIAL",
            "create " + INTENT + ID + " PERSISTENT");
    request.refused(log.last(), 0, Code.NODE_EXISTS); // somebody else was faster
    assertThat(writes()).hasSize(2);
    request.refused(log.last(), 0, Code.NO_NODE); // and has purged it
    assertThat(log.last().mayLackLock()).isTrue();
    request.refused(log.last(), 0, Code.NO_NODE);
    assertThat(writes()).hasSize(4);
    assertThat(log.told).isEmpty();
  }

  @Test
  void crowd_ofAWaiter_isWhatItSawLast() {
    Request request = request(SHARED, true);
    assertThat(request.crowd()).as("nothing is known").isZero();
    request.enter(null);
    request.entered(paths.entry(new Entry(SHARED, OWN, 5)), 7);
    request.read(
        log.last(),
        List.of(
            Reply.Read.ofChildren(
                List.of("x-" + DEADS + "-0000000004", "s-" + ALSO_DEADS + "-0000000006", S), null),
            Reply.Read.ofData(new byte[0], new ZnodeStat(3, 3, 3, 0, 0, 1))));
    assertThat(log.told).containsExactly("waiting");
    assertThat(request.crowd()).isEqualTo(3);
  }

  // --- leaving

  @Test
  void release_exclusive_ownEntryFirstThenIntentThenBump() {
    granted(EXCLUSIVE).release(VALUE, List.of(), false);
    assertThat(writes())
        .containsExactly(
            "delete lock/" + X, "delete " + INTENT + ID, "set lock/version" + PUBLISHED);
  }

  @Test
  void release_shared_isTheEntryAlone() {
    granted(SHARED).release(VALUE, List.of(), false);
    assertThat(writes()).containsExactly("delete lock/" + S);
  }

  @Test
  void cancel_exclusive_takesTheIntentAndBumpsNothing() {
    granted(EXCLUSIVE).cancel();
    assertThat(writes()).containsExactly("delete lock/" + X, "delete " + INTENT + ID);
  }

  @Test
  void abandon_exclusive_leavesTheIntent() {
    granted(EXCLUSIVE).abandon();
    assertThat(writes()).containsExactly("delete lock/" + X);
  }

  @Test
  void release_recovered_takesTheIntentsOfTheDead() {
    granted(EXCLUSIVE).release(VALUE, List.of(DEAD, ALSO_DEAD), true);
    assertThat(writes())
        .containsExactly(
            "delete lock/" + X,
            "delete " + INTENT + ID,
            "delete " + INTENT + DEADS,
            "delete " + INTENT + ALSO_DEADS,
            "set lock/version" + PUBLISHED);
  }

  @Test
  void release_oneDeadAndNotRecovered_leavesItsIntent() {
    granted(EXCLUSIVE).release(VALUE, List.of(DEAD), false);
    assertThat(writes())
        .containsExactly(
            "delete lock/" + X, "delete " + INTENT + ID, "set lock/version" + PUBLISHED);
  }

  @Test
  void release_severalDeadAndNotRecovered_foldsThemIntoItsOwn() {
    granted(EXCLUSIVE).release(VALUE, List.of(DEAD, ALSO_DEAD), false);
    assertThat(writes())
        .containsExactly(
            "delete lock/" + X,
            "delete " + INTENT + DEADS,
            "delete " + INTENT + ALSO_DEADS,
            "set lock/version" + PUBLISHED);
  }

  @Test
  void downgrade_exclusive_keepsThePlaceInOneTransaction() {
    granted(EXCLUSIVE).downgrade(VALUE, List.of(DEAD), true);
    assertThat(writes())
        .containsExactly(
            "delete lock/" + X,
            "delete " + INTENT + ID,
            "delete " + INTENT + DEADS,
            "set lock/version" + PUBLISHED,
            "create lock/" + S + " EPHEMERAL");
  }

  // --- refusals

  @Test
  void refused_intentOfTheDeadIsGone_leavesThatOutAndSendsAgain() {
    Request request = granted(EXCLUSIVE);
    request.release(VALUE, List.of(DEAD, ALSO_DEAD), true);
    request.refused(log.last(), 2, Code.NO_NODE);
    assertThat(writes())
        .containsExactly(
            "delete lock/" + X,
            "delete " + INTENT + ID,
            "delete " + INTENT + ALSO_DEADS,
            "set lock/version" + PUBLISHED);
    request.written(log.last(), List.of(), 9);
    assertThat(log.told).containsExactly("granted", "gone RELEASED");
    assertThat(request.releaseZxid()).isEqualTo(9);
  }

  @Test
  void refused_allButOneOfTheDeadAreGone_foldsNothing() {
    Request request = granted(EXCLUSIVE);
    request.release(VALUE, List.of(DEAD, ALSO_DEAD), false);
    request.refused(log.last(), 1, Code.NO_NODE);
    assertThat(writes())
        .containsExactly(
            "delete lock/" + X, "delete " + INTENT + ID, "set lock/version" + PUBLISHED);
  }

  @Test
  void refused_ownEntryIsGone_isDoneIfItWasInDoubtAndOtherwiseLost() {
    Request request = granted(EXCLUSIVE);
    request.release(VALUE, List.of(), false);
    List<String> first = writes();
    request.settled(log.last()); // the reply was lost
    assertThat(writes()).isEqualTo(first);
    request.refused(log.last(), 0, Code.NO_NODE);
    assertThat(log.told).containsExactly("granted", "gone RELEASED");

    log.told.clear();
    Request another = granted(EXCLUSIVE);
    another.release(VALUE, List.of(), false);
    another.refused(log.last(), 0, Code.NO_NODE);
    assertThat(log.told).containsExactly("granted", "gone VANISHED");
  }

  @Test
  void refused_mayNotBump_doesNotStandInTheWay() {
    Request request = granted(EXCLUSIVE);
    request.release(VALUE, List.of(), false);
    request.refused(log.last(), 2, Code.NO_AUTH);
    assertThat(writes()).containsExactly("delete lock/" + X);
    request.written(log.last(), List.of(), 9);
    assertThat(log.told).containsExactly("granted", "gone FAILED");
  }

  // --- the counter

  @Test
  void release_lateAndAlone_makesTheLockAnewWithItsValue() {
    Request request = granted(EXCLUSIVE, LATE);
    request.release(VALUE, List.of(), false);
    assertThat(writes())
        .containsExactly(
            "delete lock/x-" + ID + "-1073741824",
            "delete " + INTENT + ID,
            "delete lock/version",
            "delete lock",
            "create lock PERSISTENT \u0001",
            "create lock/version PERSISTENT" + PUBLISHED);
    request.refused(log.last(), 3, Code.NOT_EMPTY); // somebody has come
    assertThat(writes())
        .containsExactly(
            "delete lock/x-" + ID + "-1073741824",
            "delete " + INTENT + ID,
            "set lock/version" + PUBLISHED);
  }

  @Test
  void release_lateButSomebodyIsDead_makesNothingAnew() {
    granted(EXCLUSIVE, LATE).release(VALUE, List.of(DEAD), false);
    assertThat(writes()).hasSize(3).endsWith("set lock/version" + PUBLISHED);
  }

  @Test
  void release_oneBeforeLate_makesNothingAnew() {
    granted(EXCLUSIVE, LATE - 1).release(VALUE, List.of(), false);
    assertThat(writes()).hasSize(3).endsWith("set lock/version" + PUBLISHED);
  }
}
