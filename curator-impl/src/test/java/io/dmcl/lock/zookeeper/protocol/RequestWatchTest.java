package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a request hears, of itself and of others, in the orders that answers and events come in. */
class RequestWatchTest implements Request.Wire, Request.Listener {
  private static final RequestId OWN = RequestId.of(RequestId.nonce(1), 1);
  private static final RequestId OTHER = RequestId.of(RequestId.nonce(2), 1);
  private static final RequestId LATE = RequestId.of(RequestId.nonce(1), 2);

  private final LockPaths paths = new LockPaths("/lock", new byte[0]);
  private final ReadOp intents = new ReadOp.Children(paths.version());
  private final List<Unit> submitted = new ArrayList<>();
  private final List<ReadOp> watches = new ArrayList<>();
  private final List<String> told = new ArrayList<>();
  private final Request request = new Request(this, this, paths, OWN, LockMode.SHARED, true, null);

  @BeforeEach
  void grant() {
    request.enter();
    request.entered(entry(LockMode.SHARED, OWN, 1), 7);
    look();
    assertThat(told).containsExactly("granted");
    told.clear();
  }

  @Test
  void watchFired_looksWithoutConflictStillOnTheirWay_isArmedAnew() {
    request.arm();
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look(OTHER);
    assertThat(told).containsExactly("recalled");

    request.watchFired(intents); // the other has given up; nobody asks whether another came
    assertThat(told).containsExactly("recalled", "disarmed");
    request.arm(); // somebody does
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    watches.clear();
    request.watchFired(intents); // one more has come, after the look that is on its way
    look();

    assertThat(watches).containsExactly(intents);
    assertThat(told).doesNotContain("clear");
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look(OTHER);
    assertThat(told).endsWith("recalled");
  }

  @Test
  void watchFired_somebodyWantsIt_isFoundByOneLookWithoutAWatch() {
    request.arm();
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look();
    watches.clear();
    submitted.clear();

    request.watchFired(intents);
    assertThat(submitted).hasSize(1);
    look(OTHER);

    assertThat(told).endsWith("recalled");
    assertThat(submitted).hasSize(1);
    assertThat(watches).isEmpty();
  }

  @Test
  void look_nobodyThereAndStillWatching_isClear() {
    request.arm();
    request.watchSet(intents, Reply.Read.ofChildren(List.of(), null));
    look();
    assertThat(told).containsExactly("clear");
    assertThat(watches).containsExactly(intents);
  }

  @Test
  void watchFired_wasSetWhenStillWaiting_isArmedAfterAll() {
    Request waiter = new Request(this, this, paths, LATE, LockMode.EXCLUSIVE, true, null);
    waiter.enter();
    waiter.entered(entry(LockMode.EXCLUSIVE, LATE, 3), 9);
    waiter.read(lastSubmitted(), replies(name(LockMode.SHARED, OWN, 1), late()));
    assertThat(told).containsExactly("waiting");
    ReadOp predecessor = watches.get(watches.size() - 1);
    waiter.read(lastSubmitted(), replies(late())); // granted, and the watch not yet answered
    watches.clear();
    waiter.arm();
    assertThat(watches).as("one at a time").isEmpty();

    waiter.watchFired(predecessor);

    assertThat(watches).containsExactly(new ReadOp.Children(paths.lock()));
  }

  @Test
  void entry_beforeItsPlaceIsAnswered_isUnknown() {
    Request sent = new Request(this, this, paths, LATE, LockMode.EXCLUSIVE, true, null);
    assertThat(sent.entry()).isNull();
    sent.enter();
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

  private Unit lastSubmitted() {
    return submitted.get(submitted.size() - 1);
  }

  /** Answers the last look with our own entry and, behind it, exclusive ones of others. */
  private void look(RequestId... others) {
    List<String> entries =
        Stream.concat(
                Stream.of(name(LockMode.SHARED, OWN, 1)),
                Stream.of(others).map(other -> name(LockMode.EXCLUSIVE, other, 2)))
            .toList();
    request.read(lastSubmitted(), replies(entries.toArray(String[]::new)));
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

  // --- Request.Wire

  @Override
  public void submit(Unit unit) {
    submitted.add(unit);
  }

  @Override
  public void watch(WatchOwner owner, ReadOp read) {
    watches.add(read);
  }

  @Override
  public void unwatch(WatchOwner owner, ReadOp read) {}

  // --- Request.Listener

  @Override
  public void waiting(Request of, RequestId behind) {
    told.add("waiting");
  }

  @Override
  public void granted(Request of, Look look) {
    told.add("granted");
  }

  @Override
  public void recalled(Request of, LockMode wanted) {
    told.add("recalled");
  }

  @Override
  public void clear(Request of) {
    told.add("clear");
  }

  @Override
  public void disarmed(Request of) {
    told.add("disarmed");
  }

  @Override
  public void downgraded(Request of, long zxid) {
    told.add("downgraded");
  }

  @Override
  public void gone(Request of, Request.Ending ending) {
    told.add("gone " + ending);
  }
}
