package io.dmcl.lock.zookeeper.cache;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What may come between: callers on the fast path just when the event loop takes from the grant,
 * and the end of the lease before the event loop knows of it.
 */
class LocalLockTest {
  private static final long SECOND_NANOS = 1_000_000_000L;
  private static final LockOptions CACHED =
      LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK)
          .withDemoteHook(demotion -> {});

  private final LockBench bench = new LockBench(CACHED);
  private final HoldWord word = bench.lock.word();

  @BeforeEach
  void cacheExclusive() {
    cacheExclusive(bench);
  }

  private static void cacheExclusive(LockBench bench) {
    LockBench.Caller first = bench.acquire(EXCLUSIVE);
    bench.answer();
    bench.unlock(first);
    bench.answer();
  }

  /**
   * While a cached grant is taken away a caller comes on the fast path, at each moment at which
   * there is one to come: it must not have a hold of nothing.
   */
  private static void whileACallerComes(Consumer<LockBench> taking) {
    boolean came = true;
    for (int moment = 0; came; moment++) {
      LockBench bench = new LockBench(CACHED);
      cacheExclusive(bench);
      int at = moment;
      AtomicInteger count = new AtomicInteger();
      bench.meanwhile =
          () -> {
            if (count.getAndIncrement() == at) {
              boolean unused = bench.lock.word().tryEnterShared();
            }
          };
      taking.accept(bench);
      came = count.get() > at;
      HoldWord word = bench.lock.word();
      assertThat(bench.lock.fastGrant() != null || word.isLost() || !word.isHeld())
          .as("nobody has a hold, or all are told; a caller came at moment %d", moment)
          .isTrue();
    }
  }

  @Test
  void downgrade_whileACallerComes_doesNotLetItBeExclusive() {
    assertThat(word.tryEnterExclusive()).isTrue();
    Grant grant = Objects.requireNonNull(bench.lock.fastGrant());
    bench.meanwhile = word::tryEnterExclusive;

    assertThat(bench.lock.downgrade(grant)).isTrue();
    assertThat(word.exclusiveHolds()).as("exclusive holds of a shared grant").isZero();
  }

  @Test
  void loss_whileACallerComes_keepsItOutOrTellsIt() {
    whileACallerComes(
        bench -> {
          Grant grant = Objects.requireNonNull(bench.lock.fastGrant());
          bench.vanish(Objects.requireNonNull(grant.request().entry()));
          bench.answer();
          assertThat(bench.lock.fastGrant()).isNull();
        });
  }

  @Test
  void recall_whileACallerComes_keepsItOutOrWaitsForIt() {
    whileACallerComes(
        bench -> {
          Grant grant = Objects.requireNonNull(bench.lock.fastGrant());
          bench.foreign(EXCLUSIVE);
          bench.answer();
          bench.pass(SECOND_NANOS); // the minimum hold time
          bench.lock.advance();
          bench.lock.hookDone(grant, null);
          bench.answer();
        });
  }

  @Test
  void downgrade_leaseIsOver_isRefusedAndSendsNothing() {
    LockBench.Caller holder = bench.acquire(EXCLUSIVE);
    Grant grant = Objects.requireNonNull(holder.grant);
    bench.answer();
    bench.lease().end();

    assertThat(bench.lock.downgrade(grant)).isFalse();
    assertThat(bench.sent).isEmpty();
    assertThat(bench.owns(grant, EXCLUSIVE)).isTrue();
  }

  @Test
  void hookDone_leaseIsOver_publishesNothing() {
    Grant grant = Objects.requireNonNull(bench.lock.fastGrant());
    bench.foreign(SHARED);
    bench.answer();
    bench.pass(SECOND_NANOS); // the minimum hold time
    bench.lock.advance();
    assertThat(bench.demoting).containsExactly(grant);
    bench.lease().end();

    bench.lock.hookDone(grant, null);

    assertThat(bench.sent)
        .allSatisfy(unit -> assertThat(unit.writes()).noneMatch(WriteOp.SetData.class::isInstance));
    assertThat(bench.lost).containsExactly(grant);
  }

  @Test
  void unlocked_leaseIsOver_theNextIsToldTheNewsToo() {
    LockBench uncached = new LockBench(LockOptions.of());
    LockBench.Caller first = uncached.acquire(SHARED);
    uncached.answer();
    assertThat(first.told).isEqualTo(Freshness.UNKNOWN);
    uncached.lease().reset();
    uncached.unlock(first);
    uncached.answer();
    uncached.extendLease(); // of the same session

    LockBench.Caller second = uncached.acquire(SHARED);
    uncached.answer();
    assertThat(second.told).isEqualTo(Freshness.UNKNOWN);
    uncached.unlock(second);
    uncached.answer();
    LockBench.Caller third = uncached.acquire(SHARED);
    uncached.answer();
    assertThat(third.told).isEqualTo(Freshness.UNCHANGED);
  }

  @Test
  void upgrade_bothGrantsAreCountedWithTheirTime() {
    LockBench uncached = new LockBench(LockOptions.of());
    LockBench.Caller reader = uncached.acquire(SHARED);
    uncached.answer();
    uncached.pass(SECOND_NANOS);
    boolean[] done = {false};
    uncached.lock.upgrade(
        Objects.requireNonNull(reader.grant),
        new Upgrade() {
          @Override
          protected void upgraded(Grant grant, Freshness told) {
            done[0] = true;
          }

          @Override
          protected void refused() {}

          @Override
          protected void lost() {}
        });
    uncached.answer();

    assertThat(done[0]).isTrue();
    assertThat(uncached.lock.stats().grants()).isEqualTo(2);
    assertThat(uncached.lock.stats().misses()).isEqualTo(1);
    assertThat(uncached.lock.stats().grantNanos()).isEqualTo(SECOND_NANOS);
  }
}
