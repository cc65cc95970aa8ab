package io.dmcl.lock.contract;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Several locks at once. */
abstract class SetContract extends ContractTests {
  private static final int WRITER = 1000;

  SetContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  private static Map<ClusterLock, LockMode> set(
      ClusterLock first, LockMode firstMode, ClusterLock second, LockMode secondMode) {
    Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
    set.put(first, firstMode);
    set.put(second, secondMode);
    return set;
  }

  private static HoldSet acquireAll(Lockspace node, Map<ClusterLock, LockMode> set)
      throws InterruptedException {
    HoldSet holds = node.tryAcquireAll(set, PATIENCE);
    if (holds == null) {
      throw new AssertionError(set + " was not granted within " + PATIENCE);
    }
    return holds;
  }

  @Test
  void acquireAll_free_holdsAllInTheirModesAndOrder() throws Exception {
    List<ClusterLock> p = locks(2);
    List<ClusterLock> q = locks(2);
    HoldSet set = node(0).acquireAll(set(q.get(0), SHARED, p.get(0), EXCLUSIVE));
    assertThat(set.holds()).extracting(Hold::lock).containsExactly(q.get(0), p.get(0));
    assertThat(set.holds()).extracting(Hold::mode).containsExactly(SHARED, EXCLUSIVE);
    assertThat(set.holds()).extracting(Hold::freshness).containsOnly(Freshness.UNKNOWN);
    assertThat(set.of(p.get(0))).isSameAs(set.holds().get(1));
    assertThatThrownBy(() -> set.of(p.get(1))).isInstanceOf(IllegalArgumentException.class);

    CompletableFuture<Hold> other = p.get(1).acquireAsync(SHARED);
    awaitQueue(p.get(0).name(), 2);
    Hold reader = shared(q.get(1));
    assertWaits(other);
    set.close();
    get(other).unlock();
    reader.unlock();
    assertThat(set.holds()).extracting(Hold::state).containsOnly(HoldState.RELEASED);
    set.close();
  }

  @Test
  void acquireAll_again_isGrantedAndFresh() throws Exception {
    ClusterLock p = locks(1).get(0);
    ClusterLock q = locks(1).get(0);
    node(0).acquireAll(set(p, EXCLUSIVE, q, EXCLUSIVE)).close();
    for (int round = 0; round < 3; round++) {
      HoldSet set = acquireAll(node(0), set(q, SHARED, p, EXCLUSIVE));
      assertThat(set.holds()).extracting(Hold::freshness).containsOnly(Freshness.UNCHANGED);
      set.close();
    }
  }

  @Test
  void acquireAll_oneMemberModifiedElsewhere_tellsForThatOne() throws Exception {
    List<ClusterLock> p = locks(2);
    List<ClusterLock> q = locks(2);
    node(0).acquireAll(set(p.get(0), SHARED, q.get(0), SHARED)).close();
    modify(q.get(1));
    HoldSet set = acquireAll(node(0), set(p.get(0), SHARED, q.get(0), EXCLUSIVE));
    assertThat(set.of(p.get(0)).freshness()).isEqualTo(Freshness.UNCHANGED);
    assertThat(set.of(q.get(0)).freshness()).isEqualTo(Freshness.MODIFIED);
    set.close();
  }

  @Test
  void acquireAll_someMembersHeldSinglyBefore_isGranted() throws Exception {
    ClusterLock p = locks(1).get(0);
    ClusterLock q = locks(1).get(0);
    release(exclusive(p));
    release(shared(q));
    HoldSet set = acquireAll(node(0), set(p, SHARED, q, EXCLUSIVE));
    assertThat(set.holds()).extracting(Hold::freshness).containsOnly(Freshness.UNCHANGED);
    set.close();
    exclusive(p).unlock();
    exclusive(q).unlock();
  }

  @Test
  void acquireAll_memberUnlockedBefore_closeUnlocksTheOthers() throws Exception {
    List<ClusterLock> p = locks(2);
    List<ClusterLock> q = locks(2);
    HoldSet set = node(0).acquireAll(set(p.get(0), EXCLUSIVE, q.get(0), EXCLUSIVE));
    set.of(p.get(0)).unlock();
    exclusive(p.get(1)).unlock();
    set.of(q.get(0)).ensureHeld();
    set.close();
    exclusive(q.get(1)).unlock();
  }

  @Test
  void acquireAll_oneMemberTaken_takesItsPlaceInAllQueues() throws Exception {
    assumeTrue(cluster.entersSetsInOneStep(), NOT_APPLICABLE);
    List<ClusterLock> p = locks(3);
    List<ClusterLock> q = locks(3);
    Hold blocker = exclusive(p.get(0));
    CompletableFuture<HoldSet> set =
        node(1).acquireAllAsync(set(p.get(1), EXCLUSIVE, q.get(1), EXCLUSIVE));
    awaitQueue(p.get(0).name(), 2);
    CompletableFuture<Hold> behind = q.get(2).acquireAsync(SHARED);
    awaitQueue(q.get(0).name(), 2);
    assertWaits(set);
    assertWaits(behind);
    blocker.unlock();
    HoldSet holds = get(set);
    assertWaits(behind);
    holds.close();
    get(behind).unlock();
  }

  @Test
  void tryAcquireAll_tooLate_isNullAndLeavesNothing() throws Exception {
    List<ClusterLock> p = locks(2);
    List<ClusterLock> q = locks(2);
    Hold blocker = shared(p.get(0));
    assertThat(
            node(1)
                .tryAcquireAll(set(p.get(1), EXCLUSIVE, q.get(1), EXCLUSIVE), Duration.ofMillis(1)))
        .isNull();
    awaitQueue(p.get(0).name(), 1);
    get(q.get(1).drop());
    awaitQueue(q.get(0).name(), 0);
    blocker.unlock();
  }

  @Test
  void acquireAllAsync_cancelled_withdrawsAll() throws Exception {
    List<ClusterLock> p = locks(2);
    List<ClusterLock> q = locks(2);
    Hold blocker = shared(p.get(0));
    CompletableFuture<HoldSet> set =
        node(1).acquireAllAsync(set(q.get(1), EXCLUSIVE, p.get(1), EXCLUSIVE));
    awaitQueue(p.get(0).name(), 2);
    set.cancel(false);
    awaitQueue(p.get(0).name(), 1);
    get(q.get(1).drop());
    awaitQueue(q.get(0).name(), 0);
    blocker.unlock();
    Hold after = exclusive(q.get(0));
    assertThat(after.freshness()).isEqualTo(Freshness.UNKNOWN);
    after.unlock();
  }

  @Test
  void acquireAll_interrupted_withdrawsAll() throws Exception {
    List<ClusterLock> p = locks(2);
    List<ClusterLock> q = locks(2);
    Hold blocker = shared(p.get(0));
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                node(1).acquireAll(set(q.get(1), EXCLUSIVE, p.get(1), EXCLUSIVE));
                interrupted.complete(false);
              } catch (InterruptedException e) {
                interrupted.complete(true);
              }
            });
    thread.start();
    awaitQueue(p.get(0).name(), 2);
    thread.interrupt();
    assertThat(get(interrupted)).isTrue();
    awaitQueue(p.get(0).name(), 1);
    blocker.unlock();
  }

  @Test
  void acquireAll_wrongArguments_areRefused() throws Exception {
    List<ClusterLock> p = locks(2);
    assertThatThrownBy(() -> node(0).acquireAll(Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> node(0).acquireAll(Map.of(p.get(1), SHARED)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> node(0).tryAcquireAll(Map.of(), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void acquireAll_manyNodesInRandomOrders_neverDeadlocks() throws Exception {
    int nodes = 4;
    int lockCount = 5;
    long seed = System.nanoTime();
    List<List<ClusterLock>> locks = new ArrayList<>();
    List<AtomicInteger> inside = new ArrayList<>();
    for (int i = 0; i < lockCount; i++) {
      locks.add(locks(nodes, freshName(), mode.options(true)));
      inside.add(new AtomicInteger());
    }
    var failures = new LinkedBlockingQueue<Throwable>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 2 * nodes; i++) {
      int node = i % nodes;
      Random random = new Random(seed + i);
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int round = 0; round < 8; round++) {
                    takeSome(node, locks, inside, random, seed);
                  }
                } catch (Throwable e) {
                  failures.add(e);
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).as("seed %d", seed).isEmpty();
  }

  private void takeSome(
      int node, List<List<ClusterLock>> locks, List<AtomicInteger> inside, Random random, long seed)
      throws InterruptedException {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < locks.size(); i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
    List<Integer> taken = order.subList(0, 1 + random.nextInt(3));
    for (int lock : taken) {
      set.put(locks.get(lock).get(node), random.nextInt(3) == 0 ? SHARED : EXCLUSIVE);
    }
    try (HoldSet holds = acquireAll(node(node), set)) {
      for (int lock : taken) {
        boolean exclusive = Objects.requireNonNull(set.get(locks.get(lock).get(node))) == EXCLUSIVE;
        int now = inside.get(lock).addAndGet(exclusive ? WRITER : 1);
        assertThat(exclusive ? now == WRITER : now < WRITER)
            .as("alone, or only with readers: %d; seed %d", now, seed)
            .isTrue();
      }
      for (int lock : taken) {
        boolean exclusive = Objects.requireNonNull(set.get(locks.get(lock).get(node))) == EXCLUSIVE;
        inside.get(lock).addAndGet(exclusive ? -WRITER : -1);
      }
      holds.holds().forEach(Hold::ensureHeld);
    }
  }
}
