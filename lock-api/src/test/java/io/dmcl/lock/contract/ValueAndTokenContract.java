package io.dmcl.lock.contract;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.FencingGate;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The value that travels with the lock, its version, and the fencing token. */
abstract class ValueAndTokenContract extends ContractTests {
  ValueAndTokenContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static void write(ClusterLock lock, String text) throws Exception {
    Hold hold = exclusive(lock);
    hold.setValue(bytes(text));
    release(hold);
  }

  private static void assertReads(ClusterLock lock, String text) throws Exception {
    Hold hold = shared(lock);
    assertThat(new String(hold.value(), UTF_8)).isEqualTo(text);
    release(hold);
  }

  @Test
  void value_neverSet_isEmpty() throws Exception {
    assertReads(locks(1).get(0), "");
  }

  @Test
  void value_released_isReadByAllOthers() throws Exception {
    List<ClusterLock> locks = locks(3);
    write(locks.get(0), "one");
    assertReads(locks.get(1), "one");
    assertReads(locks.get(2), "one");
    assertReads(locks.get(0), "one");
    write(locks.get(2), "two");
    assertReads(locks.get(0), "two");
    assertReads(locks.get(1), "two");
  }

  @Test
  void value_setTwice_lastCounts() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = exclusive(locks.get(0));
    hold.setValue(bytes("first"));
    hold.setValue(bytes("second"));
    assertThat(hold.value()).isEqualTo(bytes("second"));
    release(hold);
    assertReads(locks.get(1), "second");
  }

  @Test
  void value_notSetByExclusiveHolder_stays() throws Exception {
    List<ClusterLock> locks = locks(2);
    write(locks.get(0), "kept");
    modify(locks.get(1));
    modify(locks.get(0));
    assertReads(locks.get(1), "kept");
  }

  @Test
  void value_setEmpty_isEmpty() throws Exception {
    List<ClusterLock> locks = locks(2);
    write(locks.get(0), "something");
    write(locks.get(0), "");
    assertReads(locks.get(1), "");
  }

  @Test
  void value_downgraded_isReadWhileStillShared() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = exclusive(locks.get(0));
    hold.setValue(bytes("downgraded"));
    hold.downgrade();
    assertReads(locks.get(1), "downgraded");
    assertThat(hold.value()).isEqualTo(bytes("downgraded"));
    hold.unlock();
  }

  @Test
  void value_upgraded_isPublishedWithRelease() throws Exception {
    List<ClusterLock> locks = locks(2);
    write(locks.get(1), "before");
    Hold hold = shared(locks.get(0));
    assertThat(hold.tryUpgrade(PATIENCE)).isTrue();
    assertThat(hold.value()).isEqualTo(bytes("before"));
    hold.setValue(bytes("after"));
    hold.unlock();
    assertReads(locks.get(1), "after");
  }

  @Test
  void value_setByOneHold_isSeenByOthersOfTheNode() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), mode.options(false));
    Hold writer = exclusive(lock);
    Hold reader = shared(lock);
    writer.setValue(bytes("local"));
    assertThat(reader.value()).isEqualTo(bytes("local"));
    reader.unlock();
    writer.unlock();
    assertReads(lock, "local");
  }

  @Test
  void setValue_longest_isKeptAndLongerRefused() throws Exception {
    List<ClusterLock> locks = locks(2);
    byte[] longest = new byte[1024];
    Arrays.fill(longest, (byte) 0xE7);
    Hold hold = exclusive(locks.get(0));
    hold.setValue(longest);
    assertThatThrownBy(() -> hold.setValue(new byte[1025]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1024");
    assertThat(hold.value()).isEqualTo(longest);
    release(hold);
    Hold reader = shared(locks.get(1));
    assertThat(reader.value()).isEqualTo(longest);
    reader.unlock();
  }

  @Test
  void setValue_notExclusive_isRefused() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold reader = shared(lock);
    assertThatThrownBy(() -> reader.setValue(bytes("x"))).isInstanceOf(IllegalStateException.class);
    reader.unlock();
    Hold writer = exclusive(lock);
    writer.downgrade();
    assertThatThrownBy(() -> writer.setValue(bytes("x"))).isInstanceOf(IllegalStateException.class);
    writer.unlock();
    assertReads(lock, "");
  }

  @Test
  void value_isCopied() throws Exception {
    ClusterLock lock = locks(1).get(0);
    byte[] given = bytes("abc");
    Hold hold = exclusive(lock);
    hold.setValue(given);
    given[0] = 'X';
    hold.value()[1] = 'X';
    assertThat(hold.value()).isEqualTo(bytes("abc"));
    hold.unlock();
  }

  @Test
  void value_purged_isGone() throws Exception {
    List<ClusterLock> locks = locks(2);
    write(locks.get(0), "dropped");
    get(locks.get(0).drop());
    eventually("purged", () -> node(1).purge(locks.get(0).name()));
    assertReads(locks.get(0), "");
    assertReads(locks.get(1), "");
  }

  // ---- version

  @Test
  void version_exclusiveReleases_makeItLarger() throws Exception {
    List<ClusterLock> locks = locks(2);
    long last = Long.MIN_VALUE;
    for (int round = 0; round < 3; round++) {
      for (ClusterLock lock : locks) {
        Hold hold = exclusive(lock);
        assertThat(hold.version()).isGreaterThan(last);
        last = hold.version();
        release(hold);
      }
    }
  }

  @Test
  void version_sharedReleases_leaveItAsItIs() throws Exception {
    List<ClusterLock> locks = locks(2);
    modify(locks.get(0));
    Hold first = shared(locks.get(0));
    Hold second = shared(locks.get(1));
    assertThat(second.version()).isEqualTo(first.version());
    release(first);
    release(second);
    Hold third = shared(locks.get(0));
    assertThat(third.version()).isEqualTo(second.version());
    third.unlock();
  }

  // ---- token

  @Test
  void token_laterConflictingGrant_isLarger() throws Exception {
    List<ClusterLock> locks = locks(3);
    long newestWriter = 0;
    long newestSeen = 0;
    for (int round = 0; round < 3; round++) {
      for (ClusterLock lock : locks) {
        Hold writer = exclusive(lock);
        assertThat(writer.token()).isGreaterThan(newestSeen);
        newestWriter = writer.token();
        newestSeen = newestWriter;
        writer.unlock();
      }
      Hold first = shared(locks.get(0));
      Hold second = shared(locks.get(1));
      assertThat(first.token()).isGreaterThan(newestWriter);
      assertThat(second.token()).isGreaterThan(newestWriter);
      newestSeen = Math.max(first.token(), second.token());
      first.unlock();
      second.unlock();
    }
  }

  @Test
  void token_purgedAndMadeAgain_isLargerStill() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold before = exclusive(lock);
    release(before);
    get(lock.drop());
    eventually("purged", () -> node(0).purge(lock.name()));
    Hold after = exclusive(lock);
    assertThat(after.token()).isGreaterThan(before.token());
    after.unlock();
  }

  @Test
  void token_downgraded_isKept() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold hold = exclusive(lock);
    long token = hold.token();
    hold.downgrade();
    assertThat(hold.token()).isEqualTo(token);
    hold.unlock();
  }

  @Test
  void token_upgraded_isNewAndLargerThanThoseOfReaders() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = shared(locks.get(0));
    long token = hold.token();
    Hold reader = shared(locks.get(1));
    long readerToken = reader.token();
    release(reader);
    assertThat(hold.tryUpgrade(PATIENCE)).isTrue();
    assertThat(hold.token()).isGreaterThan(token).isGreaterThan(readerToken);
    hold.unlock();
  }

  @Test
  void token_inOrderOfGrants_isAdmittedByGate() throws Exception {
    List<ClusterLock> locks = locks(2);
    FencingGate gate = new FencingGate();
    for (int round = 0; round < 2; round++) {
      for (ClusterLock lock : locks) {
        for (LockMode wanted : LockMode.values()) {
          try (Hold hold = acquire(lock, wanted)) {
            gate.admit(wanted, hold.token());
          }
        }
        try (Hold hold = exclusive(lock)) {
          gate.admit(LockMode.EXCLUSIVE, hold.token());
          hold.downgrade();
          gate.admit(LockMode.SHARED, hold.token());
        }
      }
    }
  }
}
