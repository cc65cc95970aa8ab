package io.dmcl.lock.contract;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceDump;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Lockspaces, handles and names: made, used, given back, and then used no more. */
abstract class LockspaceLifecycleContract extends ContractTests {
  LockspaceLifecycleContract(ContractCluster cluster) {
    super(cluster, CachingMode.NON_CACHED);
  }

  // ---- handles

  @Test
  void allocate_secondHandleOfTheSameName_isRefused() throws Exception {
    LockName name = freshName();
    ClusterLock lock = lock(node(0), name);
    assertThat(lock.name()).isEqualTo(name);
    assertThat(lock.lockspace()).isSameAs(node(0));
    assertThat(lock.options()).isEqualTo(mode.options());
    assertThatThrownBy(() -> node(0).allocate(name, LockOptions.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(name.name());
    exclusive(lock).unlock();
    lock(node(1), name);
  }

  @Test
  void free_andAllocateAgain_works() throws Exception {
    LockName name = freshName();
    for (int i = 0; i < 3; i++) {
      ClusterLock lock = node(0).allocate(name, LockOptions.of(LockProperty.CACHE_WR_LK));
      Hold hold = exclusive(lock);
      assertThat(hold.freshness()).isEqualTo(Freshness.UNKNOWN);
      hold.unlock();
      lock.free();
      lock.free();
      get(lock.freeAsync());
      lock.close();
    }
    ClusterLock other = lock(node(1), name);
    Hold hold = exclusive(other);
    assertThat(hold.freshness()).as("freed cleanly").isEqualTo(Freshness.UNKNOWN);
    hold.unlock();
  }

  @Test
  void free_heldOrWaitedFor_isRefusedAndChangesNothing() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold hold = exclusive(locks.get(0));
    CompletableFuture<Hold> waiter = locks.get(1).acquireAsync(SHARED);
    awaitQueue(locks.get(0).name(), 2);
    for (ClusterLock lock : locks) {
      assertThatThrownBy(lock::free).isInstanceOf(IllegalStateException.class);
      assertThat(failureOf(lock.freeAsync())).isInstanceOf(IllegalStateException.class);
    }
    hold.ensureHeld();
    hold.unlock();
    get(waiter).unlock();
  }

  @Test
  void usedAfterFree_isRefused() throws Exception {
    ClusterLock lock = node(0).allocate(freshName(), LockOptions.of());
    exclusive(lock).unlock();
    lock.free();
    assertClosed(lock);
  }

  @Test
  void allocate_prealloc_makesTheLockAtOnce() throws Exception {
    LockName name = freshName();
    lock(node(0), name, LockOptions.of(LockProperty.PREALLOC_DLM));
    eventually("it is there", () -> entry(node(0), name).isPresent());
    assertThat(queue(node(0), name)).isEmpty();
    Hold hold = exclusive(lock(node(1), name, LockOptions.of(LockProperty.PREALLOC_DLM)));
    assertThat(hold.freshness()).isEqualTo(Freshness.UNKNOWN);
    hold.unlock();
  }

  @Test
  void allocate_withoutPrealloc_makesNothing() throws Exception {
    LockName name = freshName();
    ClusterLock lock = lock(node(0), name);
    assertThat(entry(node(0), name)).isEmpty();
    release(shared(lock));
    assertThat(entry(node(0), name)).isPresent();
  }

  // ---- names

  @Test
  void names_ofAllKinds_areLocksOfTheirOwn() throws Exception {
    List<LockName> names = new ArrayList<>();
    for (String name :
        List.of(
            "7",
            "#7",
            "\"7\"",
            "/",
            "//",
            "a/b",
            "/a",
            "a/",
            ".",
            "..",
            "../x",
            "%2F",
            "%",
            "_",
            "-",
            " ",
            "  ",
            "a ",
            "x-1",
            "version",
            "zookeeper",
            "A",
            "\u0000",
            "\u0001\u001f\u007f",
            "\n",
            "\u0085",
            "\ufff0\uffff",
            "\ue000\uf8ff",
            "\u00e9",
            "e\u0301",
            "\ud83d\udd12",
            "\ud83d\udd12".repeat(128),
            "/".repeat(128),
            "/".repeat(127),
            "n".repeat(128),
            "n".repeat(127) + "m",
            "N".repeat(128))) {
      names.add(used(LockName.of(name)));
    }
    for (long number : new long[] {7, 0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      names.add(used(LockName.of(number)));
    }
    assertThat(names).doesNotHaveDuplicates();
    List<Hold> holds = new ArrayList<>();
    for (LockName name : names) {
      Hold hold = exclusive(lock(node(0), name));
      hold.setValue(new byte[] {(byte) holds.size()});
      holds.add(hold);
    }
    LockspaceDump dump = node(0).dump();
    assertThat(dump.locks()).extracting(LockspaceDump.LockEntry::name).containsAll(names);
    for (Hold hold : holds) {
      release(hold);
    }
    for (int i = 0; i < names.size(); i++) {
      Hold hold = shared(lock(node(1), names.get(i)));
      assertThat(hold.value()).as("value of %s", names.get(i)).containsExactly(i);
      hold.unlock();
    }
  }

  @Test
  void allocate_byNameAndNumber_areTheSameAsByLockName() throws Exception {
    used(LockName.of("1234567"));
    used(LockName.of(1234567));
    ClusterLock named = node(0).allocate("1234567", LockProperty.USE_SEMAPHORE);
    ClusterLock numbered = node(0).allocate(1234567);
    assertThat(named.name()).isEqualTo(LockName.of("1234567"));
    assertThat(numbered.name()).isEqualTo(LockName.of(1234567));
    assertThat(named.options().has(LockProperty.USE_SEMAPHORE)).isTrue();
    try (Hold first = exclusive(named);
        Hold second = exclusive(numbered)) {
      first.ensureHeld();
      second.ensureHeld();
    }
    named.free();
    numbered.free();
    assertThatThrownBy(() -> node(0).allocate("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> node(0).allocate("x".repeat(129)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  @SuppressWarnings("NullAway")
  void allocate_nullArguments_areRefused() {
    LockName name = freshName();
    List<ThrowingCallable> calls =
        List.of(
            () -> node(0).allocate((String) null),
            () -> node(0).allocate((LockName) null, LockOptions.of()),
            () -> node(0).allocate(name, null));
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .isInstanceOf(NullPointerException.class)
          .hasMessageContaining("must not be null");
    }
  }

  // ---- lockspaces

  @Test
  void lockspaces_areApart() throws Exception {
    LockName name = freshName();
    Hold here = exclusive(lock(node(0), name));
    Lockspace elsewhere = cluster.extraNode("contract-elsewhere");
    assertThat(elsewhere.name()).isEqualTo("contract-elsewhere");
    ClusterLock lock = elsewhere.allocate(name, LockOptions.of());
    Hold there = exclusive(lock);
    here.ensureHeld();
    there.setValue(new byte[] {1});
    release(there);
    release(here);
    Hold again = shared(lock(node(1), name));
    assertThat(again.value()).isEmpty();
    again.unlock();
    lock.free();
    assertThat(elsewhere.purge(name)).isTrue();
  }

  @Test
  void dump_showsTheNodes() throws Exception {
    Instant begun = ProcessHandle.current().info().startInstant().orElse(Instant.EPOCH);
    Lockspace leaving = cluster.extraNode();
    String id = leaving.nodeId();
    eventually("both are there", () -> showsNode(id) && showsNode(node(1).nodeId()));
    LockspaceDump dump = node(0).dump();
    assertThat(dump.lockspace()).isEqualTo(node(0).name());
    assertThat(dump.nodeId()).isEqualTo(node(0).nodeId());
    assertThat(dump.nodes())
        .extracting(LockspaceDump.NodeEntry::nodeId)
        .contains(id, node(0).nodeId(), node(1).nodeId());
    assertThat(dump.nodes()).extracting(LockspaceDump.NodeEntry::sessionId).doesNotHaveDuplicates();
    assertThat(dump.nodes()).allMatch(node -> node.pid() == ProcessHandle.current().pid());
    assertThat(dump.nodes())
        .allSatisfy(node -> assertThat(node.host()).isNotBlank())
        .allSatisfy(node -> assertThat(node.since()).isBetween(begun, dump.at()));
    leaving.close();
    eventually("it is gone", () -> !showsNode(id));
  }

  private boolean showsNode(String id) throws InterruptedException {
    return node(0).dump().nodes().stream().anyMatch(node -> node.nodeId().equals(id));
  }

  @Test
  void close_twice_isAccepted() throws Exception {
    Lockspace node = cluster.extraNode();
    node.close();
    node.close();
  }

  @Test
  void usedAfterClose_isRefused() throws Exception {
    Lockspace node = cluster.extraNode();
    ClusterLock lock = node.allocate(freshName(), LockOptions.of(LockProperty.CACHE_WR_LK));
    exclusive(lock).unlock();
    node.close();
    assertClosed(lock);
    lock.free();
    List<ThrowingCallable> calls =
        List.of(
            () -> node.allocate("again"),
            () -> node.acquireAll(Map.of(lock, SHARED)),
            () -> node.tryAcquireAll(Map.of(lock, SHARED), Duration.ZERO),
            () -> node.purge(lock.name()),
            node::purgeUnused,
            node::dump);
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call).isInstanceOf(LockspaceClosedException.class);
    }
    assertThat(failureOf(node.acquireAllAsync(Map.of(lock, SHARED))))
        .isInstanceOf(LockspaceClosedException.class);
  }

  private static void assertClosed(ClusterLock lock) throws Exception {
    List<ThrowingCallable> calls =
        List.of(
            lock::readLock,
            lock::writeLock,
            () -> lock.acquire(SHARED),
            () -> lock.tryAcquire(EXCLUSIVE),
            () -> lock.tryAcquire(SHARED, Duration.ZERO),
            lock::monitor);
    for (ThrowingCallable call : calls) {
      assertThatThrownBy(call).isInstanceOf(LockspaceClosedException.class);
    }
    assertThat(failureOf(lock.acquireAsync(EXCLUSIVE)))
        .isInstanceOf(LockspaceClosedException.class);
    assertThat(failureOf(lock.monitorAsync())).isInstanceOf(LockspaceClosedException.class);
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
  }

  // ---- purge

  @Test
  void purge_neverUsed_hasNothingToDo() throws Exception {
    assertThat(node(0).purge(freshName())).isTrue();
  }

  @Test
  void purge_heldOrWaitedFor_isRefused() throws Exception {
    List<ClusterLock> locks = locks(2);
    LockName name = locks.get(0).name();
    for (LockMode held : LockMode.values()) {
      Hold hold = acquire(locks.get(0), held);
      assertThat(node(0).purge(name)).isFalse();
      assertThat(node(1).purge(name)).isFalse();
      CompletableFuture<Hold> waiter = locks.get(1).acquireAsync(EXCLUSIVE);
      hold.ensureHeld();
      hold.unlock();
      Hold next = get(waiter);
      assertThat(node(0).purge(name)).isFalse();
      release(next);
    }
    eventually("purged", () -> node(1).purge(name));
    eventually("gone", () -> entry(node(0), name).isEmpty());
  }

  @Test
  void purge_cached_isRefused() throws Exception {
    ClusterLock lock = lock(node(0), freshName(), LockOptions.of(LockProperty.CACHE_RD_LK));
    shared(lock).unlock();
    assertThat(node(0).purge(lock.name())).isFalse();
    assertThat(node(1).purge(lock.name())).isFalse();
    get(lock.drop());
    eventually("purged", () -> node(1).purge(lock.name()));
  }

  @Test
  void purgeUnused_leavesWhatIsUsed() throws Exception {
    Lockspace node = cluster.extraNode("contract-purge");
    List<ClusterLock> locks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      locks.add(node.allocate(i, LockProperty.PREALLOC_DLM));
    }
    Hold hold = exclusive(locks.get(1));
    assertThat(node.purgeUnused()).isEqualTo(2);
    assertThat(node.dump().locks())
        .extracting(LockspaceDump.LockEntry::name)
        .containsExactly(LockName.of(1));
    hold.ensureHeld();
    release(hold);
    assertThat(node.purgeUnused()).isEqualTo(1);
    assertThat(node.dump().locks()).isEmpty();
    exclusive(locks.get(1)).unlock();
    release(exclusive(locks.get(2)));
    locks.forEach(ClusterLock::free);
    assertThat(node.purgeUnused()).isEqualTo(2);
  }
}
