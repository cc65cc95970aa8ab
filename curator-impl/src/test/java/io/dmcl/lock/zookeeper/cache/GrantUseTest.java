package io.dmcl.lock.zookeeper.cache;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.Unit;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** How a grant ends, by what was done under it. */
class GrantUseTest {
  private static final long FIRST_HOLD_NANOS = 5_000_000;
  private static final LockOptions CACHED =
      LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);

  private static LockBench.Caller acquired(LockBench bench) {
    LockBench.Caller caller = bench.acquire(EXCLUSIVE);
    bench.answer();
    assertThat(caller.holds()).isTrue();
    return caller;
  }

  private static boolean bumps(Unit unit) {
    return unit.writes().stream().anyMatch(WriteOp.SetData.class::isInstance);
  }

  @Test
  void unlocked_exclusiveHold_bumps() {
    LockBench bench = new LockBench(LockOptions.of());
    bench.unlock(acquired(bench));
    assertThat(bumps(bench.sent.getFirst())).isTrue();
  }

  @Test
  void giveBack_exclusiveHoldThatNobodyHasSeen_endsAsACancel() {
    LockBench bench = new LockBench(LockOptions.of());
    LockBench.Caller gone = acquired(bench);
    bench.lock.giveBack(Objects.requireNonNull(gone.grant), EXCLUSIVE);
    assertThat(bench.sent.getFirst().writes())
        .hasSize(2)
        .hasOnlyElementsOfType(WriteOp.Delete.class);
  }

  @Test
  void giveBack_besideAHoldThatWasUsed_bumps() {
    LockBench bench = new LockBench(LockOptions.of());
    LockBench.Caller user = bench.acquire(EXCLUSIVE);
    LockBench.Caller gone = bench.acquire(EXCLUSIVE);
    bench.answer();
    bench.lock.giveBack(Objects.requireNonNull(gone.grant), EXCLUSIVE);
    bench.unlock(user);
    assertThat(bumps(bench.sent.getFirst())).isTrue();
  }

  @Test
  void departures_releaseOnItsWay_completeWhenItIsAnswered() {
    LockBench bench = new LockBench(LockOptions.of());
    bench.unlock(acquired(bench));
    CompletableFuture<Void> departures = bench.lock.departures();
    assertThat(departures).isNotDone();
    bench.answer();
    assertThat(departures).isCompleted();
  }

  @Test
  void recalled_withinTheMinimumHoldTime_servesItsOwnCallersFirst() {
    LockBench bench = new LockBench(CACHED);
    bench.unlock(acquired(bench));
    bench.answer();
    Entry other = bench.foreign(EXCLUSIVE);
    bench.answer();
    bench.pass(FIRST_HOLD_NANOS - 1);
    bench.unlock(acquired(bench));
    bench.answer();
    assertThat(bench.queue().blockerOf(other, null)).isNotNull();

    bench.pass(1);
    bench.lock.advance();
    bench.answer();
    assertThat(bench.queue().entries()).containsExactly(other);
  }

  @Test
  void unlocked_recalledAsOftenAsUsed_isNotKept() {
    LockBench bench = new LockBench(CACHED);
    for (int i = 0; i < 2; i++) {
      bench.unlock(acquired(bench));
      bench.answer();
      Entry other = bench.foreign(SHARED);
      bench.answer();
      bench.pass(FIRST_HOLD_NANOS);
      bench.lock.drop(); // or a shared grant is left
      bench.lock.advance();
      bench.answer();
      assertThat(bench.queue().entries()).as("round %d", i).containsExactly(other);
      bench.cancel(other);
      bench.answer();
    }
    bench.unlock(acquired(bench));
    bench.answer();
    assertThat(bench.lock.fastGrant()).as("kept").isNull();
    assertThat(bench.queue().entries()).isEmpty();
  }
}
