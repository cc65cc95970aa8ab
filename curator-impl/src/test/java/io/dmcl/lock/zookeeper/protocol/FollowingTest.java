package io.dmcl.lock.zookeeper.protocol;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a request makes of the answer to the release before it, in place of a look. */
class FollowingTest {
  private static final RequestId FIRST = RequestId.of(RequestId.nonce(1), 1);
  private static final RequestId SECOND = RequestId.of(RequestId.nonce(1), 2);
  private static final RequestId OTHER = RequestId.of(RequestId.nonce(2), 1);
  private static final RequestId THIRD = RequestId.of(RequestId.nonce(3), 1);
  private static final byte[] VALUE = "value".getBytes(StandardCharsets.UTF_8);
  private static final int PLACE = 5;
  private static final int LATE = 1 << 30;
  private static final long MADE = 3;
  private static final long RELEASED = 9;

  private final LockPaths paths = new LockPaths("/lock", new byte[0]);
  private final RequestLog log = new RequestLog();
  private Request first = request(FIRST, EXCLUSIVE);

  private Request request(RequestId id, LockMode mode) {
    return new Request(log, log, paths, id, mode, true, null);
  }

  /** The first is granted, with these behind it. */
  private void grantFirst(LockMode mode, String... behind) {
    grantFirst(mode, PLACE, behind);
  }

  private void grantFirst(LockMode mode, int place, String... behind) {
    first = request(FIRST, mode);
    first.enter(null);
    Entry own = new Entry(mode, FIRST, place);
    first.entered(paths.entry(own), 7);
    List<String> queue = new ArrayList<>(List.of(own.name()));
    queue.addAll(List.of(behind));
    int intents = (int) queue.stream().filter(name -> name.startsWith("x-")).count();
    first.read(
        log.last(),
        List.of(
            Reply.Read.ofChildren(queue, null),
            Reply.Read.ofData(new byte[0], new ZnodeStat(MADE, MADE, 3, 0, 0, intents))));
    assertThat(log.told).containsExactly("granted");
    log.told.clear();
  }

  /** The first is asked to leave, and then the second to enter. */
  private Request second(LockMode mode) {
    first.release(VALUE, List.of(), false);
    Request second = request(SECOND, mode);
    second.enter(first);
    return second;
  }

  private Unit unitOf(Request request) {
    return log.sent.stream()
        .filter(unit -> unit.owner() == request)
        .reduce((before, last) -> last)
        .orElseThrow();
  }

  /** Both are done, in one transaction, and the second's reads were not sent. */
  private void answer(Request second, int place, int intents) {
    Unit released = unitOf(first);
    List<Reply.Written> results = new ArrayList<>();
    for (WriteOp write : released.writes()) {
      ZnodeStat stat = new ZnodeStat(MADE, RELEASED, RELEASED, 0, 1, intents);
      results.add(new Reply.Written(Code.OK, null, write instanceof WriteOp.SetData ? stat : null));
    }
    first.written(released, results, RELEASED);
    log.told.clear();
    Unit entered = unitOf(second);
    String path = paths.entry(new Entry(EXCLUSIVE, SECOND, place));
    second.written(entered, List.of(new Reply.Written(Code.OK, path, null)), RELEASED);
    log.sent.clear();
    second.readsSpared(entered);
  }

  @Test
  void nobodyHasCome_isGrantedByWhatTheReleaseWasAnswered() {
    grantFirst(EXCLUSIVE);
    Request second = second(EXCLUSIVE);
    assertThat(unitOf(second).follows()).containsExactly(first);
    answer(second, PLACE + 1, 0);
    assertThat(log.told).containsExactly("granted");
    assertThat(log.sent).isEmpty();
    Look look = Objects.requireNonNull(log.look);
    assertThat(look.queue().isAlone(SECOND)).isTrue();
    Version version = Objects.requireNonNull(look.version());
    assertThat(version.czxid()).isEqualTo(MADE);
    assertThat(version.mzxid()).isEqualTo(RELEASED);
    assertThat(version.releaser()).isEqualTo(FIRST);
    assertThat(version.value()).isEqualTo(VALUE);
    assertThat(look.deadIntents()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {PLACE + 2, PLACE, 0, PLACE + 100})
  void somebodyMayHaveCome_isReadAfterAll(int place) {
    grantFirst(EXCLUSIVE);
    Request second = second(EXCLUSIVE);
    answer(second, place, 0);
    assertLooksAgain();
  }

  @Test
  void anIntentIsLeft_isReadAfterAll() {
    grantFirst(EXCLUSIVE);
    Request second = second(EXCLUSIVE);
    answer(second, PLACE + 1, 1);
    assertLooksAgain();
  }

  private void assertLooksAgain() {
    assertThat(log.told).isEmpty();
    assertThat(log.watches).isEmpty();
    assertThat(log.last().reads()).isEqualTo(Look.reads(paths, false));
    assertThat(log.last().follows()).isEmpty();
  }

  @Test
  void theGrantThatFollowsOne_isFollowedToo() {
    grantFirst(EXCLUSIVE);
    Request second = second(EXCLUSIVE);
    answer(second, PLACE + 1, 0);
    second.release(VALUE, List.of(), false);
    Request third = request(OTHER, EXCLUSIVE);
    third.enter(second);
    assertThat(unitOf(third).follows()).containsExactly(second);
  }

  @Test
  void theSameWait_waitsForTheLastOfThem() {
    Entry last = new Entry(EXCLUSIVE, OTHER, PLACE + 2);
    grantFirst(EXCLUSIVE, new Entry(EXCLUSIVE, THIRD, PLACE + 1).name(), last.name());
    Request second = second(EXCLUSIVE);
    answer(second, PLACE + 3, 2);
    ReadOp watch = new ReadOp.Data(paths.entry(last));
    assertThat(log.watches).containsExactly(watch);
    assertThat(log.sent).isEmpty();
    assertThat(second.crowd()).isEqualTo(3);
    assertThat(log.told).as("it may have gone").isEmpty();
    second.watchSet(watch, Reply.Read.ofData(new byte[0], new ZnodeStat(1, 1, 1, 0, 0, 0)));
    assertThat(log.told).containsExactly("waiting");
  }

  @Test
  void theLastHasGone_nobodyIsToldAndItIsReadAfterAll() {
    Entry last = new Entry(SHARED, OTHER, PLACE + 1);
    grantFirst(EXCLUSIVE, last.name());
    Request second = second(EXCLUSIVE);
    answer(second, PLACE + 2, 0);
    log.watches.clear();
    second.watchSet(new ReadOp.Data(paths.entry(last)), Reply.Read.failed(Code.NO_NODE));
    assertLooksAgain();
  }

  @Test
  void theLastGoesBeforeTheWatchIsAnswered_itIsNotToldOfLater() {
    Entry last = new Entry(EXCLUSIVE, OTHER, PLACE + 1);
    grantFirst(EXCLUSIVE, last.name());
    Request second = second(EXCLUSIVE);
    answer(second, PLACE + 2, 1);
    second.watchFired(new ReadOp.Data(paths.entry(last)));
    Entry before = new Entry(SHARED, THIRD, PLACE + 1);
    second.read(
        log.last(),
        List.of(
            Reply.Read.ofChildren(
                List.of(before.name(), new Entry(EXCLUSIVE, SECOND, PLACE + 2).name()), null),
            Reply.Read.ofData(new byte[0], new ZnodeStat(MADE, RELEASED, 3, 0, 0, 1))));
    second.watchSet(
        new ReadOp.Data(paths.entry(before)),
        Reply.Read.ofData(new byte[0], new ZnodeStat(1, 1, 1, 0, 0, 0)));
    assertThat(log.told).as("of the one that the look showed").containsExactly("waiting");
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 4})
  void othersMayWait_isReadAfterAll(int further) {
    grantFirst(EXCLUSIVE, new Entry(EXCLUSIVE, OTHER, PLACE + 1).name());
    answer(second(EXCLUSIVE), PLACE + further, further - 1);
    assertLooksAgain();
  }

  @Test
  void releasedBehindItsDowngrade_isReadAfterAll() {
    grantFirst(EXCLUSIVE);
    first.downgrade(VALUE, List.of(), false);
    Request second = second(EXCLUSIVE);
    assertThat(unitOf(second).follows()).containsExactly(first);
    answer(second, PLACE + 2, 0);
    assertLooksAgain();
  }

  @Test
  void closeToTheEndOfTheCounter_isNotFollowed() {
    grantFirst(EXCLUSIVE, LATE);
    assertThat(unitOf(second(EXCLUSIVE)).follows()).isEmpty();
  }

  @Test
  void shared_isNotFollowedAndDoesNotFollow() {
    grantFirst(SHARED);
    assertThat(unitOf(second(EXCLUSIVE)).follows()).isEmpty();
    log.told.clear();
    grantFirst(EXCLUSIVE);
    assertThat(unitOf(second(SHARED)).follows()).isEmpty();
  }

  @Test
  void cancelledOrAbandoned_isNotFollowed() {
    grantFirst(EXCLUSIVE);
    first.cancel();
    Request second = request(SECOND, EXCLUSIVE);
    second.enter(first);
    assertThat(unitOf(second).follows()).isEmpty();
    log.told.clear();
    grantFirst(EXCLUSIVE);
    first.abandon();
    Request third = request(OTHER, EXCLUSIVE);
    third.enter(first);
    assertThat(unitOf(third).follows()).isEmpty();
  }
}
