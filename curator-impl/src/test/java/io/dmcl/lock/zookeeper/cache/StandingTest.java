package io.dmcl.lock.zookeeper.cache;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.zookeeper.cache.Standing.Move;
import io.dmcl.lock.zookeeper.protocol.Look;
import io.dmcl.lock.zookeeper.protocol.Queue;
import io.dmcl.lock.zookeeper.protocol.Version;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules who may join a grant, and when it is given up. */
class StandingTest {
  private static Grant used(LockMode mode) {
    LockBench bench = new LockBench(LockOptions.of());
    LockBench.Caller caller = bench.acquire(mode);
    bench.answer();
    return Objects.requireNonNull(caller.grant);
  }

  private static Grant unused(LockMode mode) {
    Grant grant = used(mode);
    return new Grant(
        grant.request(),
        new Look(Queue.EMPTY, new Version(1, 1, 0, null, new byte[0]), null),
        grant.freshness(),
        0,
        0);
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "-",
      value = {
        // recall, in hold time, kept, idle, wanted, shared is of use
        "-,         false, true,  true,  -,         true,  STAY",
        "-,         false, true,  true,  SHARED,    true,  STAY",
        "-,         false, false, true,  -,         true,  RELEASE",
        "-,         false, false, false, -,         true,  STAY",
        "-,         true,  false, true,  -,         true,  RELEASE",
        "-,         false, false, true,  SHARED,    true,  RELEASE",
        "-,         true,  false, true,  SHARED,    true,  STAY",
        "EXCLUSIVE, true,  true,  true,  -,         true,  WAIT",
        "EXCLUSIVE, true,  true,  false, -,         true,  WAIT",
        "EXCLUSIVE, false, true,  true,  -,         true,  RELEASE",
        "EXCLUSIVE, false, true,  false, -,         true,  STAY",
        "EXCLUSIVE, false, true,  true,  EXCLUSIVE, true,  RELEASE",
        "SHARED,    false, true,  true,  -,         true,  DEMOTE",
        "SHARED,    false, true,  true,  -,         false, RELEASE",
        "SHARED,    false, true,  false, -,         true,  DEMOTE",
        "SHARED,    false, true,  false, -,         false, STAY",
        "SHARED,    false, true,  true,  SHARED,    true,  DEMOTE",
        "SHARED,    true,  true,  true,  SHARED,    true,  WAIT",
      })
  void next_exclusiveGrantThatWasUsed_isByWhoWantsIt(
      @Nullable LockMode recall,
      boolean inHoldTime,
      boolean kept,
      boolean idle,
      @Nullable LockMode wanted,
      boolean sharedIsOfUse,
      Move move) {
    Standing standing = new Standing(used(EXCLUSIVE), recall, inHoldTime, kept);
    assertThat(standing.next(idle, wanted, sharedIsOfUse)).isEqualTo(move);
  }

  @Test
  void next_strongerModeWantedHere_givesTheSharedGrantBack() {
    Standing standing = new Standing(used(SHARED), null, true, true);
    assertThat(standing.next(true, EXCLUSIVE, true)).isEqualTo(Move.RELEASE);
    assertThat(standing.next(false, EXCLUSIVE, true)).isEqualTo(Move.STAY);
  }

  @Test
  void next_notUsedYetAndACallerIsThere_staysForIt() {
    Standing standing = new Standing(unused(EXCLUSIVE), EXCLUSIVE, false, true);
    assertThat(standing.isOpenToJoin()).isTrue();
    assertThat(standing.next(true, EXCLUSIVE, true)).isEqualTo(Move.STAY);
    assertThat(standing.next(true, null, true)).isEqualTo(Move.RELEASE);
  }

  @Test
  void next_nothingWritten_isNotDemotedButGivenBack() {
    Standing standing = new Standing(unused(EXCLUSIVE), SHARED, false, true);
    assertThat(standing.next(true, null, true)).isEqualTo(Move.RELEASE);
  }

  @Test
  void isOpenToJoin_recalled_onlyInTheMinimumHoldTime() {
    Grant grant = used(SHARED);
    assertThat(new Standing(grant, EXCLUSIVE, true, true).isOpenToJoin()).isTrue();
    assertThat(new Standing(grant, EXCLUSIVE, false, true).isOpenToJoin()).isFalse();
  }

  @Test
  void isOpenToJoin_notKept_onlyIfARecallWouldBeHeardOf() {
    Grant grant = used(SHARED);
    assertThat(new Standing(grant, null, false, false).isOpenToJoin()).isFalse();
    grant.watched();
    assertThat(new Standing(grant, null, false, false).isOpenToJoin()).isTrue();
  }
}
