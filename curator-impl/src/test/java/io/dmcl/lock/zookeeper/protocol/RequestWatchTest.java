package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a request hears, of itself and of others, in the orders that answers and events come in. */
class RequestWatchTest {
  private static final RequestId OWN = RequestId.of(RequestId.nonce(1), 1);
  private static final RequestId OTHER = RequestId.of(RequestId.nonce(2), 1);
  private static final RequestId LATE = RequestId.of(RequestId.nonce(1), 2);

  private final LockPaths paths = new LockPaths("/lock", new byte[0]);
  private final ReadOp intents = new ReadOp.Children(paths.version());
  private final RequestLog log = new RequestLog();
  private final Request request = new Request(log, log, paths, OWN, LockMode.SHARED, true, null);

  @BeforeEach
  void grant() {
    request.enter(null);
    request.entered(entry(LockMode.SHARED, OWN, 1), 7);
    look();
    assertThat(log.told).containsExactly("granted");
    log.told.clear();
  }

  @Test
  void watchFired_looksWithoutConflictStillOnTheirWay_isArmedAnew() {
    request.arm();
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look(OTHER);
    assertThat(log.told).containsExactly("recalled");

    request.watchFired(intents); // the other has given up; nobody asks whether another came
    assertThat(log.told).containsExactly("recalled", "disarmed");
    request.arm(); // somebody does
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    log.watches.clear();
    request.watchFired(intents); // one more has come, after the look that is on its way
    look();

    assertThat(log.watches).containsExactly(intents);
    assertThat(log.told).doesNotContain("clear");
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look(OTHER);
    assertThat(log.told).endsWith("recalled");
  }

  @Test
  void watchFired_somebodyWantsIt_isFoundByOneLookWithoutAWatch() {
    request.arm();
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look();
    log.watches.clear();
    log.sent.clear();

    request.watchFired(intents);
    assertThat(log.sent).hasSize(1);
    look(OTHER);

    assertThat(log.told).endsWith("recalled");
    assertThat(log.sent).hasSize(1);
    assertThat(log.watches).isEmpty();
  }

  @Test
  void look_nobodyThereAndStillWatching_isClear() {
    request.arm();
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look();
    assertThat(log.told).containsExactly("clear");
    assertThat(log.watches).containsExactly(intents);
  }

  @Test
  void watchFired_wasSetWhenStillWaiting_isArmedAfterAll() {
    Request waiter = new Request(log, log, paths, LATE, LockMode.EXCLUSIVE, true, null);
    waiter.enter(null);
    waiter.entered(entry(LockMode.EXCLUSIVE, LATE, 3), 9);
    waiter.read(log.last(), replies(name(LockMode.SHARED, OWN, 1), late()));
    assertThat(log.told).containsExactly("waiting");
    ReadOp predecessor = log.watches.get(log.watches.size() - 1);
    waiter.read(log.last(), replies(late())); // granted, and the watch not yet answered
    log.watches.clear();
    waiter.arm();
    assertThat(log.watches).as("one at a time").isEmpty();

    waiter.watchFired(predecessor);

    assertThat(log.watches).containsExactly(new ReadOp.Children(paths.lock()));
  }

  @Test
  void entry_beforeItsPlaceIsAnswered_isUnknown() {
    Request sent = new Request(log, log, paths, LATE, LockMode.EXCLUSIVE, true, null);
    assertThat(sent.entry()).isNull();
    sent.enter(null);
    assertThat(sent.entry()).as("it may have one").isNull();
    sent.sessionEnded();
    assertThat(sent.isGone()).isTrue();
    assertThat(sent.entry()).as("nobody will tell").isNull();

    request.sessionEnded();
    assertThat(request.entry()).isEqualTo(new Entry(LockMode.SHARED, OWN, 1));
  }

  private static String late() {
    return name(LockMode.EXCLUSIVE, LATE, 3);
  }

  /** Answers the last look with our own entry and, behind it, exclusive ones of others. */
  private void look(RequestId... others) {
    List<String> entries =
        Stream.concat(
                Stream.of(name(LockMode.SHARED, OWN, 1)),
                Stream.of(others).map(other -> name(LockMode.EXCLUSIVE, other, 2)))
            .toList();
    request.read(log.last(), replies(entries.toArray(String[]::new)));
  }

  /** A look at these entries, whose intents are all there. */
  private static List<Reply.Read> replies(String... entries) {
    int exclusive = (int) Stream.of(entries).filter(name -> name.startsWith("x-")).count();
    ZnodeStat version = new ZnodeStat(5, 5, 5, 0, 0, exclusive);
    return List.of(
        Reply.Read.ofChildren(List.of(entries), null), Reply.Read.ofData(new byte[0], version));
  }

  private String entry(LockMode mode, RequestId id, int sequence) {
    return paths.lock() + '/' + name(mode, id, sequence);
  }

  private static String name(LockMode mode, RequestId id, int sequence) {
    return new Entry(mode, id, sequence).name();
  }
}
