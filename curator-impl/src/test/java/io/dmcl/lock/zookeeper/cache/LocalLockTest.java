package io.dmcl.lock.zookeeper.cache;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Callers that come on the fast path just when the event loop takes from the grant. */
class LocalLockTest {
  private final LockBench bench =
      new LockBench(LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK));
  private final HoldWord word = bench.lock.word();

  @BeforeEach
  void cacheExclusive() {
    LockBench.Caller first = bench.acquire(EXCLUSIVE);
    bench.answer();
    bench.unlock(first);
    bench.answer();
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
    Grant grant = Objects.requireNonNull(bench.lock.fastGrant());
    bench.meanwhile =
        () -> {
          if (bench.lock.fastGrant() != null) {
            boolean unused = word.tryEnterShared();
          }
        };

    bench.vanish(Objects.requireNonNull(grant.request().entry()));
    bench.answer();
    assertThat(bench.lock.fastGrant()).isNull();
    assertThat(word.sharedHolds() == 0 || word.isLost()).as("nobody has, or all are told").isTrue();
  }
}
