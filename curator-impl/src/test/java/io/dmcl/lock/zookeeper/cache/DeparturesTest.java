package io.dmcl.lock.zookeeper.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.OutcomeUnknownException;
import io.dmcl.lock.zookeeper.cache.Departures.Departure;
import io.dmcl.lock.zookeeper.protocol.Memory;
import io.dmcl.lock.zookeeper.protocol.Request.Ending;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What comes of a request that leaves: what is remembered, and who is told. */
class DeparturesTest {
  private final LockBench bench = new LockBench(LockOptions.of());
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  private Departure released(LockMode mode) {
    LockBench.Caller caller = bench.acquire(mode);
    bench.answer();
    bench.unlock(caller);
    bench.answer();
    return new Departure(bench.placed.get(0), mode == LockMode.EXCLUSIVE, done);
  }

  private static Memory memory(Departure of) {
    return new Memory(1, 1, null, of.placement().lease()).released(of.placement().id());
  }

  @Test
  void remembered_releaseConfirmed_isTheLastBump() {
    Departure release = released(LockMode.EXCLUSIVE);
    long zxid = release.placement().releaseZxid();
    assertThat(release.remembered(memory(release), Ending.RELEASED))
        .isEqualTo(new Memory(1, zxid, null, release.placement().lease()));
  }

  @Test
  void remembered_outcomeUnknown_breaksContinuity() {
    Departure release = released(LockMode.EXCLUSIVE);
    Memory before = memory(release);
    assertThat(release.remembered(before, Ending.SESSION_ENDED)).isEqualTo(before.broken());
  }

  @Test
  void remembered_nothingPublished_staysAsItWas() {
    Departure release = released(LockMode.SHARED);
    Memory before = memory(release);
    assertThat(release.remembered(before, Ending.SESSION_ENDED)).isSameAs(before);
  }

  @Test
  void end_releaseOfUnknownOutcome_isReported() {
    released(LockMode.EXCLUSIVE).end(bench.lock, bench, Ending.SESSION_ENDED);
    assertThat(done).isCompletedExceptionally();
    assertThat(bench.failed).singleElement().isInstanceOf(OutcomeUnknownException.class);
    assertThat(bench.orphans).isEmpty();
  }

  @Test
  void end_whoeverWaitsHasBeenToldBefore_isNotReported() {
    Departure release = released(LockMode.EXCLUSIVE);
    done.completeExceptionally(new IllegalStateException("the lease is over"));
    release.end(bench.lock, bench, Ending.VANISHED);
    assertThat(bench.failed).isEmpty();
  }

  @Test
  void end_neverUsedAndTheSessionGone_leavesAnIntentBehind() {
    LockBench.Caller unused = bench.acquire(LockMode.EXCLUSIVE);
    Placement placement = bench.placed.get(0);
    new Departure(placement, false, done).end(bench.lock, bench, Ending.SESSION_ENDED);
    assertThat(bench.orphans).containsExactly(placement);
    assertThat(done).isCompleted();
    assertThat(unused.holds()).isFalse();
  }

  @Test
  void remove_oneOfSeveral_leavesTheOthers() {
    Departure first = released(LockMode.SHARED);
    LockBench.Caller unused = bench.acquire(LockMode.SHARED);
    Departure second = new Departure(bench.placed.get(1), false, new CompletableFuture<>());
    Departures both = Departures.NONE.with(first).with(second);
    assertThat(both.remove(first.placement())).isSameAs(first);
    assertThat(both.remove(first.placement())).isNull();
    assertThat(both.placements()).containsExactly(second.placement());
    assertThat(both.done()).isNotDone();
    second.done().complete(null);
    assertThat(both.done()).isCompleted();
    assertThat(Departures.NONE.isEmpty()).isTrue();
    assertThat(unused.holds()).isFalse();
  }
}
