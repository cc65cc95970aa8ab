package io.dmcl.lock.contract;

import static io.dmcl.lock.Freshness.MODIFIED;
import static io.dmcl.lock.Freshness.OWNER_DIED;
import static io.dmcl.lock.Freshness.UNCHANGED;
import static io.dmcl.lock.Freshness.UNKNOWN;
import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.FencingGate;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockName;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.LockspaceListener;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Nodes that die, sessions that end, lockspaces that are closed. */
abstract class DeathContract extends ContractTests {
  DeathContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  private static Freshness touchShared(ClusterLock lock) throws Exception {
    Hold hold = shared(lock);
    Freshness freshness = hold.freshness();
    release(hold);
    return freshness;
  }

  private static void recover(ClusterLock lock) throws Exception {
    Hold hold = exclusive(lock);
    hold.markRecovered();
    release(hold);
    get(lock.drop());
  }

  /** A handle of a node that will not see the end of the test. */
  private ClusterLock doomed(Lockspace node, LockName name) {
    return node.allocate(name, mode.options());
  }

  // ---- a dead owner

  @Test
  void kill_exclusiveHolder_everybodyIsToldUntilRecovered() throws Exception {
    List<ClusterLock> locks = locks(2);
    touchShared(locks.get(0));
    Lockspace dying = cluster.extraNode();
    Hold dead = exclusive(doomed(dying, locks.get(0).name()));
    cluster.kill(dying);
    eventually("its holds are lost", () -> dead.state() == HoldState.LOST);
    assertThatThrownBy(dead::ensureHeld).isInstanceOf(LockLostException.class);
    assertThatThrownBy(dead::unlock).isInstanceOf(LockLostException.class);

    assertThat(touchShared(locks.get(0))).isEqualTo(OWNER_DIED);
    assertThat(touchShared(locks.get(1))).isEqualTo(OWNER_DIED);
    assertThat(touchShared(locks.get(0))).as("it sticks").isEqualTo(OWNER_DIED);
    Hold writer = exclusive(locks.get(1));
    assertThat(writer.freshness()).isEqualTo(OWNER_DIED);
    release(writer);
    Hold again = exclusive(locks.get(0));
    assertThat(again.freshness()).as("nobody has recovered it").isEqualTo(OWNER_DIED);
    again.markRecovered();
    assertThat(again.freshness()).as("what was told stays").isEqualTo(OWNER_DIED);
    release(again);

    assertThat(touchShared(locks.get(0))).isEqualTo(UNCHANGED);
    assertThat(touchShared(locks.get(1))).isEqualTo(MODIFIED);
    Hold last = exclusive(locks.get(1));
    assertThat(last.freshness()).isEqualTo(UNCHANGED);
    last.unlock();
  }

  @Test
  void kill_recoveredByDowngrade_isOver() throws Exception {
    List<ClusterLock> locks = locks(2);
    Lockspace dying = cluster.extraNode();
    exclusive(doomed(dying, locks.get(0).name()));
    cluster.kill(dying);
    Hold hold = exclusive(locks.get(0));
    assertThat(hold.freshness()).isEqualTo(OWNER_DIED);
    hold.markRecovered();
    hold.downgrade();
    assertThat(touchShared(locks.get(1))).isEqualTo(UNKNOWN);
    hold.unlock();
  }

  @Test
  void kill_cachedExclusiveOwner_isToldToo() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Lockspace dying = cluster.extraNode();
    release(exclusive(doomed(dying, lock.name())));
    cluster.kill(dying);
    boolean wasCached = mode.options().caches(EXCLUSIVE);
    assertThat(touchShared(lock)).isEqualTo(wasCached ? OWNER_DIED : UNKNOWN);
    recover(lock);
  }

  @Test
  void kill_sharedHolder_isNoDeadOwner() throws Exception {
    ClusterLock lock = locks(1).get(0);
    touchShared(lock);
    Lockspace dying = cluster.extraNode();
    Hold dead = shared(doomed(dying, lock.name()));
    CompletableFuture<Hold> writer = lock.acquireAsync(EXCLUSIVE);
    awaitWaiting(lock.name(), 1);
    assertWaits(writer);
    cluster.kill(dying);
    Hold hold = get(writer);
    assertThat(hold.freshness()).isEqualTo(UNCHANGED);
    hold.unlock();
    eventually("its holds are lost", () -> dead.state() == HoldState.LOST);
  }

  @Test
  void kill_exclusiveWaiter_isToldToo() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold holder = exclusive(locks.get(0));
    Lockspace dying = cluster.extraNode();
    CompletableFuture<Hold> waiter = doomed(dying, holder.lock().name()).acquireAsync(EXCLUSIVE);
    awaitWaiting(holder.lock().name(), 1);
    cluster.kill(dying);
    release(holder);
    get(locks.get(0).drop());
    assertThat(touchShared(locks.get(1))).isEqualTo(OWNER_DIED);
    recover(locks.get(0));
    assertThat(waiter.isDone() && !waiter.isCompletedExceptionally()).isFalse();
  }

  @Test
  void kill_waitersBehind_goOn() throws Exception {
    List<ClusterLock> locks = locks(2);
    Lockspace dying = cluster.extraNode();
    exclusive(doomed(dying, locks.get(0).name()));
    CompletableFuture<Hold> first = locks.get(0).acquireAsync(EXCLUSIVE);
    awaitQueue(locks.get(0).name(), 2);
    CompletableFuture<Hold> second = locks.get(1).acquireAsync(SHARED);
    awaitQueue(locks.get(0).name(), 3);
    cluster.kill(dying);
    Hold repairing = get(first);
    assertThat(repairing.freshness()).isEqualTo(OWNER_DIED);
    repairing.markRecovered();
    repairing.unlock();
    Hold reader = get(second);
    assertThat(reader.freshness()).isEqualTo(UNKNOWN);
    reader.unlock();
  }

  @Test
  void kill_whileRecovering_isToldToTheNext() throws Exception {
    ClusterLock lock = locks(1).get(0);
    for (int death = 0; death < 2; death++) {
      Lockspace dying = cluster.extraNode();
      Hold hold = exclusive(doomed(dying, lock.name()));
      assertThat(hold.freshness()).isEqualTo(death == 0 ? UNKNOWN : OWNER_DIED);
      hold.markRecovered();
      cluster.kill(dying);
    }
    assertThat(touchShared(lock)).isEqualTo(OWNER_DIED);
    recover(lock);
    assertThat(touchShared(lock)).isEqualTo(UNCHANGED);
  }

  @Test
  void kill_exclusiveHolder_isInTheDumpAndHindersPurge() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Lockspace dying = cluster.extraNode();
    exclusive(doomed(dying, lock.name()));
    String id = dying.nodeId();
    cluster.kill(dying);
    eventually("the node is gone", () -> queue(node(0), lock.name()).isEmpty());
    LockEntry entry = entry(node(0), lock.name()).orElseThrow();
    assertThat(entry.deadIntents()).hasSize(1);
    assertThat(node(0).dump().nodes()).noneMatch(node -> node.nodeId().equals(id));
    assertThat(node(0).purge(lock.name())).isFalse();
    recover(lock);
    eventually(
        "nothing dead is left",
        () -> entry(node(0), lock.name()).orElseThrow().deadIntents().isEmpty());
  }

  @Test
  void markRecovered_nobodyDied_doesNothing() throws Exception {
    List<ClusterLock> locks = locks(2);
    touchShared(locks.get(1));
    Hold hold = exclusive(locks.get(0));
    hold.markRecovered();
    release(hold);
    assertThat(touchShared(locks.get(1))).isEqualTo(MODIFIED);
    assertThat(touchShared(locks.get(0))).isEqualTo(UNCHANGED);
  }

  @Test
  void markRecovered_shared_isRefused() throws Exception {
    Hold hold = shared(locks(1).get(0));
    assertThatThrownBy(hold::markRecovered).isInstanceOf(IllegalStateException.class);
    hold.unlock();
  }

  // ---- a session that ends

  @Test
  void loseSession_exclusiveHold_isLostAndSaysSo() throws Exception {
    ClusterLock other = locks(1).get(0);
    Lockspace node = cluster.extraNode();
    BlockingQueue<String> events = new LinkedBlockingQueue<>();
    node.addListener(
        new LockspaceListener() {
          @Override
          public void sessionLost(Lockspace lockspace) {
            events.add("lost");
          }

          @Override
          public void sessionEstablished(Lockspace lockspace) {
            events.add("established");
          }
        });
    ClusterLock lock = node.allocate(other.name(), mode.options());
    Hold hold = exclusive(lock);
    FencingGate gate = new FencingGate();
    gate.admit(EXCLUSIVE, hold.token());
    BlockingQueue<HoldState> states = new LinkedBlockingQueue<>();
    hold.addListener((lostHold, state) -> states.add(state));
    cluster.loseSession(node);

    Hold next = exclusive(other);
    assertThat(hold.state()).as("lost before another node is granted").isEqualTo(HoldState.LOST);
    assertThat(next.freshness()).isEqualTo(OWNER_DIED);
    gate.admit(EXCLUSIVE, next.token());
    assertThat(gate.tryAdmit(EXCLUSIVE, hold.token())).as("a stale writer").isFalse();
    assertThat(hold.leaseRemainingNanos()).isZero();
    assertThatThrownBy(hold::ensureHeld).isInstanceOf(LockLostException.class);
    assertThatThrownBy(hold::downgrade).isInstanceOf(LockLostException.class);
    awaitEvent(states, HoldState.LOST);
    BlockingQueue<HoldState> later = new LinkedBlockingQueue<>();
    hold.addListener((lostHold, state) -> later.add(state));
    awaitEvent(later, HoldState.LOST);
    next.markRecovered();
    release(next);
    get(other.drop());

    // The node goes on, but not before the lost hold was unlocked.
    CompletableFuture<Hold> again = lock.acquireAsync(EXCLUSIVE);
    assertWaits(again);
    assertThatThrownBy(hold::unlock).isInstanceOf(LockLostException.class);
    assertThat(hold.state()).isEqualTo(HoldState.LOST);
    assertThatThrownBy(hold::unlock).isInstanceOf(IllegalStateException.class);
    assertThatCode(hold::close).doesNotThrowAnyException();
    Hold held = get(again);
    assertThat(held.freshness()).as("continuity was lost").isEqualTo(UNKNOWN);
    release(held);
    lock.free();
    awaitEvent(events, "lost");
    awaitEvent(events, "established");
  }

  @Test
  void loseSession_sharedHoldAndBareCall_areLost() throws Exception {
    Lockspace node = cluster.extraNode();
    ClusterLock lock = node.allocate(freshName(), mode.options());
    release(shared(lock));
    Hold hold = shared(lock);
    assertThat(lock.readLock()).isEqualTo(UNCHANGED);
    cluster.loseSession(node);
    eventually("lost", () -> hold.state() == HoldState.LOST);
    assertThatThrownBy(hold::close).isInstanceOf(LockLostException.class);
    assertThatThrownBy(lock::unlock).isInstanceOf(LockLostException.class);
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    assertThat(touchShared(lock)).isEqualTo(UNKNOWN);
    lock.free();
  }

  @Test
  void loseSession_holdUnlockedBefore_itsListenerIsNotTold() throws Exception {
    Lockspace node = cluster.extraNode();
    ClusterLock lock = node.allocate(freshName(), mode.options());
    release(shared(lock));
    BlockingQueue<HoldState> early = new LinkedBlockingQueue<>();
    BlockingQueue<HoldState> late = new LinkedBlockingQueue<>();
    Hold first = shared(lock);
    first.addListener((hold, state) -> early.add(state));
    first.unlock();
    Hold second = shared(lock); // of the same grant, if that is kept
    second.addListener((hold, state) -> late.add(state));
    cluster.loseSession(node);
    awaitEvent(late, HoldState.LOST); // listeners are told one after the other
    assertThat(early).doesNotContain(HoldState.LOST);
    first.addListener((hold, state) -> early.add(state));
    assertThatThrownBy(second::unlock).isInstanceOf(LockLostException.class);
    assertThat(early).doesNotContain(HoldState.LOST);
    lock.free();
  }

  @Test
  void loseSession_unlockAsync_fails() throws Exception {
    Lockspace node = cluster.extraNode();
    ClusterLock lock = node.allocate(freshName(), mode.options());
    Hold hold = shared(lock);
    cluster.loseSession(node);
    eventually("lost", () -> hold.state() == HoldState.LOST);
    assertThat(failureOf(hold.unlockAsync())).isInstanceOf(LockLostException.class);
    lock.free();
  }

  @Test
  void loseSession_bodyThrows_itsExceptionIsNotMasked() throws Exception {
    Lockspace node = cluster.extraNode();
    ClusterLock lock = node.allocate(freshName(), mode.options());
    assertThatThrownBy(
            () -> {
              try (Hold hold = shared(lock)) {
                cluster.loseSession(node);
                eventually("lost", () -> hold.state() == HoldState.LOST);
                throw new IllegalArgumentException("from the body");
              }
            })
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(
            e -> assertThat(e.getSuppressed()).hasOnlyElementsOfType(LockLostException.class))
        .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    lock.free();
  }

  @Test
  void loseSession_waiter_isGrantedInTheNewSessionAndIsNoDeadOwner() throws Exception {
    ClusterLock other = locks(1).get(0);
    touchShared(other);
    Lockspace node = cluster.extraNode();
    ClusterLock lock = node.allocate(other.name(), mode.options());
    Hold holder = shared(other);
    CompletableFuture<Hold> waiter = lock.acquireAsync(EXCLUSIVE);
    awaitWaiting(other.name(), 1);
    cluster.loseSession(node);
    awaitWaiting(other.name(), 1);
    assertWaits(waiter);
    holder.unlock();
    Hold hold = get(waiter);
    assertThat(hold.freshness()).isEqualTo(UNKNOWN);
    release(hold);
    assertThat(touchShared(other)).isEqualTo(MODIFIED);
    lock.free();
  }

  // ---- closing

  @Test
  void close_exclusiveHoldOut_isADeadOwner() throws Exception {
    ClusterLock other = locks(1).get(0);
    Lockspace node = cluster.extraNode();
    Hold hold = exclusive(doomed(node, other.name()));
    node.close();
    assertThat(hold.state()).isEqualTo(HoldState.LOST);
    assertThatThrownBy(hold::unlock).isInstanceOf(LockLostException.class);
    assertThat(touchShared(other)).isEqualTo(OWNER_DIED);
    recover(other);
  }

  @Test
  void close_sharedHoldOut_isReleased() throws Exception {
    ClusterLock other = locks(1).get(0);
    touchShared(other);
    Lockspace node = cluster.extraNode();
    Hold hold = shared(doomed(node, other.name()));
    node.close();
    assertThat(hold.state()).isEqualTo(HoldState.LOST);
    assertThatThrownBy(hold::unlock).isInstanceOf(LockLostException.class);
    Hold writer = exclusive(other);
    assertThat(writer.freshness()).isEqualTo(UNCHANGED);
    writer.unlock();
  }

  @Test
  void close_idle_releasesEverythingAndIsNoDeadOwner() throws Exception {
    List<ClusterLock> locks = locks(1);
    ClusterLock p = locks.get(0);
    ClusterLock q = locks(1).get(0);
    touchShared(p);
    touchShared(q);
    Lockspace node = cluster.extraNode();
    Hold writer = exclusive(doomed(node, p.name()));
    writer.setValue(new byte[] {7});
    writer.unlock();
    shared(doomed(node, q.name())).unlock();
    node.close();
    Hold hold = exclusive(p);
    assertThat(hold.freshness()).isEqualTo(MODIFIED);
    assertThat(hold.value()).containsExactly(7);
    hold.unlock();
    Hold other = exclusive(q);
    assertThat(other.freshness()).isEqualTo(UNCHANGED);
    other.unlock();
  }

  @Test
  void close_waiters_areToldAndWithdrawn() throws Exception {
    ClusterLock other = locks(1).get(0);
    Hold holder = exclusive(other);
    Lockspace node = cluster.extraNode();
    ClusterLock lock = doomed(node, other.name());
    CompletableFuture<Hold> waiter = lock.acquireAsync(EXCLUSIVE);
    awaitQueue(other.name(), 2);
    ClusterLock free = doomed(node, freshName());
    CompletableFuture<?> set = node.acquireAllAsync(Map.of(lock, SHARED, free, SHARED));
    awaitLocalWaiters(lock, 2);
    node.close();
    assertThat(failureOf(waiter)).isInstanceOf(LockspaceClosedException.class);
    assertThat(failureOf(set)).isInstanceOf(LockspaceClosedException.class);
    awaitQueue(other.name(), 1);
    release(holder);
    assertThat(touchShared(other)).isEqualTo(UNCHANGED);
  }

  private static <T> void awaitEvent(BlockingQueue<T> events, T wanted) throws Exception {
    T event = events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    while (event != null && !event.equals(wanted)) {
      event = events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    assertThat(event).isEqualTo(wanted);
  }
}
