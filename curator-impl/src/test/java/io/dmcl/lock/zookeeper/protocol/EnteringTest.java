package io.dmcl.lock.zookeeper.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What of the lock is made together with an entry, by what was refused. */
class EnteringTest {
  private static final RequestId OWN = RequestId.of(RequestId.nonce(1), 1);

  private final LockPaths paths = new LockPaths("/lock", new byte[] {1});

  private List<String> made(Entering entering) {
    return entering.writes(paths, LockMode.SHARED, OWN).stream().map(WriteOp::path).toList();
  }

  private String entry() {
    return paths.entryPrefix(LockMode.SHARED, OWN);
  }

  @Test
  void refused_lockNeverMade_makesItWithItsVersion() {
    Entering entering = new Entering(null, false);
    assertThat(made(entering)).containsExactly(entry());
    assertThat(entering.mayLackLock()).isTrue();
    assertThat(entering.refused(0, Code.NO_NODE)).isTrue();
    assertThat(made(entering)).containsExactly(paths.lock(), paths.version(), entry());
    assertThat(entering.mayLackLock()).isFalse();
  }

  @Test
  void refused_versionDeletedByHand_makesThatOnly() {
    Entering entering = new Entering(null, true);
    assertThat(entering.refused(1, Code.NO_NODE)).isTrue();
    assertThat(made(entering)).containsExactly(paths.version(), entry());
    assertThat(entering.refused(0, Code.NODE_EXISTS)).as("others were faster").isTrue();
    assertThat(made(entering)).containsExactly(entry());
    assertThat(entering.lockExists()).isTrue();
  }

  @Test
  void refused_lockPurged_isFoundOutBeforeItIsMade() {
    Entering entering = new Entering(null, true);
    assertThat(entering.refused(0, Code.NO_NODE)).isTrue();
    assertThat(entering.lockExists()).isFalse();
    assertThat(made(entering)).containsExactly(entry());
    assertThat(entering.refused(0, Code.NO_NODE)).isTrue();
    assertThat(made(entering)).hasSize(3);
  }

  @Test
  void refused_forAnotherReason_isNotTriedAgain() {
    Entering entering = new Entering(null, true);
    assertThat(entering.refused(0, Code.NO_AUTH)).isFalse();
    assertThat(entering.refused(0, Code.NODE_EXISTS)).isFalse();
  }
}
