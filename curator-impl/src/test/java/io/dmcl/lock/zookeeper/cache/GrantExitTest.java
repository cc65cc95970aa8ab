package io.dmcl.lock.zookeeper.cache;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.zookeeper.cache.Grant.Exit;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What the end of a grant says to the next holder, by what was done under it. */
class GrantExitTest {
  private final LockBench bench = new LockBench(LockOptions.of());

  private Grant granted(LockMode mode) {
    LockBench.Caller caller = bench.acquire(mode);
    bench.answer();
    return Objects.requireNonNull(caller.grant);
  }

  @Test
  void exit_sharedGrant_returnsIt() {
    Grant grant = granted(SHARED);
    assertThat(grant.exit(bench.nanoTime())).isEqualTo(Exit.RETURN);
    assertThat(grant.exitLost()).isEqualTo(Exit.CANCEL);
  }

  @Test
  void exit_exclusiveHoldsWereTaken_publishesIfTheLeaseRuns() {
    Grant grant = granted(EXCLUSIVE);
    assertThat(grant.exit(bench.nanoTime())).isEqualTo(Exit.PUBLISH);
    bench.lease().end();
    assertThat(grant.exit(bench.nanoTime())).isEqualTo(Exit.ABANDON);
    assertThat(grant.exitLost()).isEqualTo(Exit.ABANDON);
  }

  @Test
  void exit_noExclusiveHoldWasSeen_cancels() {
    Grant grant = granted(EXCLUSIVE);
    grant.unuse(EXCLUSIVE);
    assertThat(grant.exit(bench.nanoTime())).isEqualTo(Exit.CANCEL);
    assertThat(grant.exitLost()).isEqualTo(Exit.CANCEL);
  }
}
