package io.dmcl.lock.zookeeper.protocol;

import static io.dmcl.lock.Freshness.MODIFIED;
import static io.dmcl.lock.Freshness.OWNER_DIED;
import static io.dmcl.lock.Freshness.UNCHANGED;
import static io.dmcl.lock.Freshness.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.Freshness;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The table of freshness, in its order of precedence. */
class MemoryTest {
  private static final Object SESSION = new Object();
  private static final Object NEXT_SESSION = new Object();
  private static final RequestId OWN = RequestId.of(RequestId.nonce(1), 1);
  private static final RequestId OTHER = RequestId.of(RequestId.nonce(2), 1);
  private static final RequestId DEAD = RequestId.of(RequestId.nonce(3), 1);

  /** Made by transaction 10, bumped by transaction 20. */
  private static final Memory REMEMBERED = Memory.of(version(10, 20, OTHER), SESSION);

  private static Version version(long czxid, long mzxid, @Nullable RequestId releaser) {
    return new Version(czxid, mzxid, 0, releaser, new byte[0]);
  }

  private static Look look(@Nullable Version version, RequestId... dead) {
    return new Look(Queue.EMPTY, version, List.of(dead));
  }

  private static Freshness freshness(@Nullable Memory memory, Version found, RequestId... dead) {
    return Memory.freshness(memory, look(found, dead), SESSION);
  }

  @Test
  void freshness_sameVersionInTheSameSession_isUnchanged() {
    assertThat(freshness(REMEMBERED, version(10, 20, OTHER))).isEqualTo(UNCHANGED);
  }

  @Test
  void freshness_bumpedByAnother_isModified() {
    assertThat(freshness(REMEMBERED, version(10, 21, OTHER))).isEqualTo(MODIFIED);
    assertThat(freshness(REMEMBERED, version(10, 21, null))).isEqualTo(MODIFIED);
  }

  @Test
  void freshness_nothingRemembered_isUnknown() {
    assertThat(freshness(null, version(10, 20, OTHER))).isEqualTo(UNKNOWN);
  }

  @Test
  void freshness_madeAgain_isUnknownWhateverItsVersion() {
    assertThat(freshness(REMEMBERED, version(19, 20, OTHER))).isEqualTo(UNKNOWN);
    assertThat(freshness(REMEMBERED, version(30, 31, OTHER))).isEqualTo(UNKNOWN);
    assertThat(Memory.freshness(REMEMBERED, look(null), SESSION)).isEqualTo(UNKNOWN);
  }

  @Test
  void freshness_sessionWasLost_isUnknownUnlessKnownToBeModified() {
    Version same = version(10, 20, OTHER);
    Version bumped = version(10, 21, OTHER);
    assertThat(Memory.freshness(REMEMBERED, look(same), NEXT_SESSION)).isEqualTo(UNKNOWN);
    assertThat(Memory.freshness(REMEMBERED, look(bumped), NEXT_SESSION)).isEqualTo(MODIFIED);
    assertThat(freshness(REMEMBERED.broken(), same)).isEqualTo(UNKNOWN);
    assertThat(freshness(REMEMBERED.broken(), bumped)).isEqualTo(MODIFIED);
    assertThat(Memory.freshness(REMEMBERED.broken(), look(same), null)).isEqualTo(UNKNOWN);
  }

  @Test
  void freshness_ownRelease_isUnchangedWhetherOrNotItsReplyWasSeen() {
    Memory released = REMEMBERED.released(OWN);
    assertThat(freshness(released, version(10, 25, OWN))).as("done").isEqualTo(UNCHANGED);
    assertThat(freshness(released, version(10, 20, OTHER))).as("not done").isEqualTo(UNCHANGED);
    assertThat(freshness(released, version(10, 26, OTHER))).isEqualTo(MODIFIED);
    Memory committed = released.committed(OWN, 25);
    assertThat(freshness(committed, version(10, 25, OWN))).isEqualTo(UNCHANGED);
    assertThat(freshness(committed, version(10, 26, OTHER))).isEqualTo(MODIFIED);
  }

  @Test
  void committed_anEarlierRelease_doesNotHideALaterOne() {
    RequestId later = RequestId.of(RequestId.nonce(1), 2);
    Memory memory = REMEMBERED.released(OWN).released(later).committed(OWN, 25);
    assertThat(freshness(memory, version(10, 26, later))).isEqualTo(UNCHANGED);
  }

  @Test
  void freshness_somebodyDied_isToldBeforeAllElse() {
    Version same = version(10, 20, OTHER);
    assertThat(freshness(REMEMBERED, same, DEAD)).isEqualTo(OWNER_DIED);
    assertThat(freshness(REMEMBERED, version(10, 21, OTHER), DEAD)).isEqualTo(OWNER_DIED);
    assertThat(freshness(REMEMBERED, version(30, 31, OTHER), DEAD)).isEqualTo(OWNER_DIED);
    assertThat(freshness(null, same, DEAD)).isEqualTo(OWNER_DIED);
    assertThat(Memory.freshness(REMEMBERED, look(same, DEAD), NEXT_SESSION)).isEqualTo(OWNER_DIED);
  }
}
