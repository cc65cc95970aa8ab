package io.dmcl.lock.contract;

import static io.dmcl.lock.LockModes.Mode.EXCLUSIVE;
import static io.dmcl.lock.LockModes.Mode.MONITOR;
import static io.dmcl.lock.LockModes.Mode.SHARED;
import static io.dmcl.lock.LockModes.Mode.UNLOCK;
import static io.dmcl.lock.ResultCode.BUSY;
import static io.dmcl.lock.ResultCode.CLOSED;
import static io.dmcl.lock.ResultCode.GRANTED;
import static io.dmcl.lock.ResultCode.GRANTED_MODIFIED;
import static io.dmcl.lock.ResultCode.INTERRUPTED;
import static io.dmcl.lock.ResultCode.INVALID;
import static io.dmcl.lock.ResultCode.LOST;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockModes;
import io.dmcl.lock.LockModes.Mode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.ResultCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The older interface: 0 and 1 exactly as its table says. */
abstract class ModesContract extends ContractTests {
  private LockName name;

  @SuppressWarnings("NullAway.Init")
  ModesContract(ContractCluster cluster) {
    super(cluster, CachingMode.NON_CACHED);
  }

  @BeforeEach
  void nameIt() {
    name = freshName();
  }

  /** Before what is inherited, which checks that nothing is left. */
  @AfterEach
  void unlockAll() {
    for (int i = 0; i < 3; i++) {
      assertThat(modes(i).lock(name, UNLOCK)).isEqualTo(GRANTED);
      assertThat(modes(i).mode(name)).isEqualTo(UNLOCK);
    }
  }

  private LockModes modes(int node) {
    return node(node).modes();
  }

  private ResultCode lock(int node, Mode wanted) throws Exception {
    return get(lockAsync(node, wanted));
  }

  private CompletableFuture<ResultCode> lockAsync(int node, Mode wanted) {
    CompletableFuture<ResultCode> code = new CompletableFuture<>();
    modes(node).lock(name, wanted, code::complete);
    return code;
  }

  // ---- 0 and 1

  @Test
  void lock_first_is0EvenIfOthersModified() throws Exception {
    assertThat(lock(0, EXCLUSIVE)).isEqualTo(GRANTED);
    assertThat(lock(0, UNLOCK)).isEqualTo(GRANTED);
    assertThat(lock(1, SHARED)).isEqualTo(GRANTED);
  }

  @Test
  void lock_modifiedElsewhereSinceHeld_is1Once() throws Exception {
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED);
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    assertThat(lock(1, EXCLUSIVE)).isEqualTo(GRANTED);
    assertThat(lock(1, MONITOR)).isEqualTo(GRANTED);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED_MODIFIED);
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    assertThat(lock(0, EXCLUSIVE)).isEqualTo(GRANTED);
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    assertThat(lock(1, SHARED)).isEqualTo(GRANTED_MODIFIED);
  }

  @Test
  void lock_notModifiedSinceHeld_is0() throws Exception {
    for (Mode wanted : List.of(SHARED, EXCLUSIVE, SHARED)) {
      assertThat(lock(0, wanted)).isEqualTo(GRANTED);
      assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
      assertThat(lock(1, SHARED)).isEqualTo(wanted == EXCLUSIVE ? GRANTED_MODIFIED : GRANTED);
      assertThat(lock(1, MONITOR)).isEqualTo(GRANTED);
    }
  }

  @Test
  void lock_afterUnlock_is0WhateverHappened() throws Exception {
    lock(0, SHARED);
    lock(0, UNLOCK);
    lock(1, EXCLUSIVE);
    lock(1, MONITOR);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED);
  }

  @Test
  void lock_monitorThenUnlock_forgets() throws Exception {
    lock(0, SHARED);
    lock(0, MONITOR);
    lock(1, EXCLUSIVE);
    lock(1, MONITOR);
    assertThat(lock(0, UNLOCK)).isEqualTo(GRANTED);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED);
  }

  @Test
  void lock_monitorWithoutHavingHeld_remembersTheVersion() throws Exception {
    lock(1, EXCLUSIVE);
    lock(1, UNLOCK); // durable when it returns
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    assertThat(modes(0).mode(name)).isEqualTo(MONITOR);
    assertThat(lock(0, SHARED)).as("nothing since").isEqualTo(GRANTED);
    lock(0, UNLOCK);
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    assertThat(lock(1, EXCLUSIVE)).isEqualTo(GRANTED);
    lock(1, UNLOCK); // durable when it returns
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED_MODIFIED);
  }

  @Test
  void lock_monitorOfLockThatDoesNotExist_tellsOfTheFirstModification() throws Exception {
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    lock(1, EXCLUSIVE);
    lock(1, MONITOR);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED_MODIFIED);
  }

  @Test
  void lock_monitorInMonitor_doesNotSwallowTheNews() throws Exception {
    lock(0, SHARED);
    lock(0, MONITOR);
    lock(1, EXCLUSIVE);
    lock(1, MONITOR);
    lock(0, MONITOR);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED_MODIFIED);
  }

  @Test
  void lock_ownerDied_is1UntilRecovered() throws Exception {
    Lockspace dying = cluster.extraNode();
    exclusive(dying.allocate(name, LockOptions.of()));
    cluster.kill(dying);
    assertThat(lock(0, SHARED)).as("even if nothing is remembered").isEqualTo(GRANTED_MODIFIED);
    lock(0, MONITOR);
    assertThat(lock(0, EXCLUSIVE)).isEqualTo(GRANTED_MODIFIED);
    Hold hold = Objects.requireNonNull(modes(0).hold(name));
    assertThat(hold.freshness()).isEqualTo(Freshness.OWNER_DIED);
    hold.markRecovered();
    lock(0, MONITOR);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED);
  }

  @Test
  void lock_purgedAndMadeAgain_is1() throws Exception {
    lock(0, SHARED);
    lock(0, MONITOR);
    eventually("purged", () -> node(1).purge(name));
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED_MODIFIED);
    lock(0, MONITOR);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED);
  }

  @Test
  void lock_newSessionSince_is1() throws Exception {
    Lockspace node = cluster.extraNode();
    LockModes modes = node.modes();
    assertThat(modes.lock(name, SHARED)).isEqualTo(GRANTED);
    assertThat(modes.lock(name, MONITOR)).isEqualTo(GRANTED);
    assertThat(modes.lock(name, SHARED)).isEqualTo(GRANTED);
    Hold hold = Objects.requireNonNull(modes.hold(name));
    cluster.loseSession(node);
    eventually("lost", () -> hold.state() == HoldState.LOST);
    assertThat(modes.lock(name, EXCLUSIVE)).isEqualTo(LOST);
    assertThat(modes.mode(name)).as("as after every failure").isEqualTo(MONITOR);
    assertThat(modes.lock(name, EXCLUSIVE)).isEqualTo(GRANTED_MODIFIED);
    assertThat(modes.lock(name, UNLOCK)).isEqualTo(GRANTED);
    assertThat(modes.lock(name, EXCLUSIVE)).isEqualTo(GRANTED);
    assertThat(modes.lock(name, UNLOCK)).isEqualTo(GRANTED);
  }

  // ---- conversion

  @Test
  void lock_sameModeAgain_is0() throws Exception {
    for (Mode wanted : List.of(SHARED, EXCLUSIVE)) {
      lock(0, wanted);
      assertThat(lock(0, wanted)).isEqualTo(GRANTED);
      assertThat(modes(0).mode(name)).isEqualTo(wanted);
    }
  }

  @Test
  void lock_exclusiveToShared_keepsThePlace() throws Exception {
    lock(1, MONITOR);
    lock(0, EXCLUSIVE);
    CompletableFuture<ResultCode> reader = lockAsync(1, SHARED);
    awaitQueue(name, 2);
    CompletableFuture<ResultCode> writer = lockAsync(2, EXCLUSIVE);
    awaitQueue(name, 3);
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED);
    assertThat(modes(0).mode(name)).isEqualTo(SHARED);
    assertThat(get(reader)).as("a downgrade is a modification").isEqualTo(GRANTED_MODIFIED);
    assertWaits(writer);
    lock(0, MONITOR);
    lock(1, MONITOR);
    assertThat(get(writer)).isEqualTo(GRANTED);
  }

  @Test
  void lock_sharedToExclusive_tellsWhetherSomebodyCameBetween() throws Exception {
    lock(0, SHARED);
    CompletableFuture<ResultCode> between = lockAsync(1, EXCLUSIVE);
    awaitQueue(name, 2);
    CompletableFuture<ResultCode> code = lockAsync(0, EXCLUSIVE);
    assertThat(get(between)).isEqualTo(GRANTED);
    awaitQueue(name, 2);
    assertWaits(code);
    lock(1, MONITOR);
    assertThat(get(code)).isEqualTo(GRANTED_MODIFIED);
    lock(0, SHARED);
    assertThat(lock(0, EXCLUSIVE)).as("nobody this time").isEqualTo(GRANTED);
  }

  @Test
  void lock_exclusive_excludes() throws Exception {
    lock(0, EXCLUSIVE);
    CompletableFuture<ResultCode> other = lockAsync(1, SHARED);
    awaitQueue(name, 2);
    assertWaits(other);
    lock(0, UNLOCK);
    assertThat(get(other)).isEqualTo(GRANTED);
  }

  // ---- the rest

  @Test
  void lock_blockingByNumberAndString_work() throws Exception {
    LockModes modes = modes(0);
    assertThat(modes.lock(987654321L, EXCLUSIVE)).isEqualTo(GRANTED);
    assertThat(modes.lock("987654321", EXCLUSIVE)).isEqualTo(GRANTED);
    assertThat(modes.mode(LockName.of(987654321L))).isEqualTo(EXCLUSIVE);
    CompletableFuture<ResultCode> byNumber = new CompletableFuture<>();
    modes.lock(987654321L, UNLOCK, byNumber::complete);
    assertThat(get(byNumber)).isEqualTo(GRANTED);
    CompletableFuture<ResultCode> byString = new CompletableFuture<>();
    modes.lock("987654321", UNLOCK, byString::complete);
    assertThat(get(byString)).isEqualTo(GRANTED);
    used(LockName.of(987654321L));
    used(LockName.of("987654321"));
  }

  @Test
  void lock_badName_isInvalid() throws Exception {
    assertThat(modes(0).lock("", SHARED)).isEqualTo(INVALID);
    assertThat(modes(0).lock("x".repeat(129), UNLOCK)).isEqualTo(INVALID);
    CompletableFuture<ResultCode> code = new CompletableFuture<>();
    modes(0).lock("", EXCLUSIVE, code::complete);
    assertThat(get(code)).isEqualTo(INVALID);
  }

  @Test
  void lock_unlockOrMonitorWithoutHold_is0() throws Exception {
    assertThat(modes(0).mode(name)).isEqualTo(UNLOCK);
    assertThat(modes(0).hold(name)).isNull();
    assertThat(lock(0, UNLOCK)).isEqualTo(GRANTED);
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    assertThat(lock(0, MONITOR)).isEqualTo(GRANTED);
    assertThat(modes(0).hold(name)).isNull();
  }

  @Test
  void lock_whileACallIsUnderWay_isBusyAndChangesNothing() throws Exception {
    lock(0, EXCLUSIVE);
    CompletableFuture<ResultCode> first = lockAsync(1, SHARED);
    awaitQueue(name, 2);
    for (Mode wanted : Mode.values()) {
      assertThat(lock(1, wanted)).isEqualTo(BUSY);
    }
    assertWaits(first);
    lock(0, UNLOCK);
    assertThat(get(first)).isEqualTo(GRANTED);
    assertThat(modes(1).mode(name)).isEqualTo(SHARED);
  }

  @Test
  void lock_nextCallFromTheCallback_isNotBusy() throws Exception {
    CompletableFuture<ResultCode> second = new CompletableFuture<>();
    modes(0).lock(name, EXCLUSIVE, first -> modes(0).lock(name, SHARED, second::complete));
    assertThat(get(second)).isEqualTo(GRANTED);
    assertThat(modes(0).mode(name)).isEqualTo(SHARED);
  }

  @Test
  void lock_nameAllocatedAsHandle_isBusyAndTheOtherWayRound() throws Exception {
    ClusterLock handle = node(0).allocate(name, LockOptions.of());
    assertThat(lock(0, SHARED)).isEqualTo(BUSY);
    handle.free();
    assertThat(lock(0, SHARED)).isEqualTo(GRANTED);
    assertThatThrownBy(() -> node(0).allocate(name, LockOptions.of()))
        .isInstanceOf(IllegalStateException.class);
    assertThat(lock(0, UNLOCK)).isEqualTo(GRANTED);
    node(0).allocate(name, LockOptions.of()).free();
  }

  @Test
  void lock_interrupted_withdrawsAndKeepsTheInterrupt() throws Exception {
    lock(0, EXCLUSIVE);
    CompletableFuture<ResultCode> code = new CompletableFuture<>();
    CompletableFuture<Boolean> flag = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              code.complete(modes(1).lock(name, SHARED));
              flag.complete(Thread.currentThread().isInterrupted());
            });
    thread.start();
    awaitQueue(name, 2);
    thread.interrupt();
    assertThat(get(code)).isEqualTo(INTERRUPTED);
    assertThat(get(flag)).isTrue();
    assertThat(modes(1).mode(name)).isEqualTo(MONITOR);
    awaitQueue(name, 1);
    lock(0, MONITOR);
    assertThat(lock(1, SHARED)).isEqualTo(GRANTED);
  }

  @Test
  void lock_lockspaceClosed_isClosed() throws Exception {
    Lockspace node = cluster.extraNode();
    node.close();
    assertThat(node.modes().lock(name, SHARED)).isEqualTo(CLOSED);
    assertThat(node.modes().lock(name, UNLOCK)).isEqualTo(GRANTED);
  }

  @Test
  void lock_closedWhileWaiting_isClosed() throws Exception {
    lock(0, EXCLUSIVE);
    Lockspace node = cluster.extraNode();
    CompletableFuture<ResultCode> code = new CompletableFuture<>();
    node.modes().lock(name, EXCLUSIVE, code::complete);
    awaitQueue(name, 2);
    node.close();
    assertThat(get(code)).isEqualTo(CLOSED);
  }

  @Test
  void hold_heldByMode_givesValueAndToken() throws Exception {
    lock(0, EXCLUSIVE);
    Hold hold = Objects.requireNonNull(modes(0).hold(name));
    assertThat(hold.mode()).isEqualTo(LockMode.EXCLUSIVE);
    hold.setValue(new byte[] {5});
    lock(0, SHARED);
    lock(1, SHARED);
    assertThat(Objects.requireNonNull(modes(1).hold(name)).value()).containsExactly(5);
    lock(0, MONITOR);
    assertThat(modes(0).hold(name)).isNull();
  }

  @Test
  void lock_manyThreadsOnOneName_eachEndsWithACode() throws Exception {
    List<Thread> threads = new ArrayList<>();
    var failures = new LinkedBlockingQueue<Object>();
    for (int i = 0; i < 4; i++) {
      LockModes modes = modes(i % 2);
      Thread thread =
          new Thread(
              () -> {
                for (int round = 0; round < 50; round++) {
                  for (Mode wanted : List.of(EXCLUSIVE, UNLOCK)) {
                    ResultCode code = modes.lock(name, wanted);
                    if (!code.granted() && code != BUSY) {
                      failures.add(code);
                    }
                  }
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }
}
