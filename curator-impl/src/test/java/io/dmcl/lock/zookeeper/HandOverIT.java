package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceListener;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the lock goes from node to node when many want it: in order, and to everybody. */
@Timeout(180)
class HandOverIT {
  private static final int NODES = 8;

  private static Ensemble ensemble;
  private static ExecutorService threads;
  private static final List<Lockspace> nodes = new ArrayList<>();

  @BeforeAll
  static void open() throws Exception {
    ensemble = Ensemble.startQuick();
    threads = Executors.newCachedThreadPool();
    for (int i = 0; i < NODES; i++) {
      nodes.add(
          ZooKeeperLockspace.connect(ensemble.connectString())
              .sessionTimeout(Duration.ofSeconds(30))
              .name("hand-over")
              .open());
    }
  }

  @AfterAll
  static void close() throws Exception {
    threads.shutdown();
    nodes.parallelStream().forEach(Lockspace::close);
    ensemble.close();
  }

  /** A hold that was: the stamps are from one counter, taken inside of it. */
  private record Past(int node, LockMode mode, long token, long begin, long end) {
    boolean conflictsWith(Past other) {
      return node != other.node && mode.conflictsWith(other.mode);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void acquire_mixedModesFromManyNodes_isServedInTheOrderOfTokens(boolean cached) throws Exception {
    long seed = System.nanoTime();
    AtomicLong stamps = new AtomicLong();
    Queue<Past> past = new ConcurrentLinkedQueue<>();
    List<Future<?>> done = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      int node = i;
      Random random = new Random(seed + i);
      ClusterLock lock =
          cached
              ? nodes
                  .get(i)
                  .allocate("in-order", LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK)
              : nodes.get(i).allocate("in-order");
      done.add(
          threads.submit(
              () -> {
                for (int round = 0; round < 15; round++) {
                  LockMode mode = random.nextInt(3) == 0 ? EXCLUSIVE : SHARED;
                  Hold hold = acquire(lock, mode);
                  long begin = stamps.incrementAndGet();
                  long token = hold.token();
                  hold.ensureHeld();
                  past.add(new Past(node, mode, token, begin, stamps.incrementAndGet()));
                  hold.unlock();
                }
                lock.free();
                return null;
              }));
    }
    for (Future<?> one : done) {
      get(one);
    }

    for (Past one : past) {
      for (Past other : past) {
        if (one.conflictsWith(other) && one.token() < other.token()) {
          assertThat(one.end())
              .as("%s was there before %s; seed %d", one, other, seed)
              .isLessThan(other.begin());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void acquire_localCallersNeverPause_otherNodesAreServed(LockMode busy) throws Exception {
    LockProperty[] properties = {
      LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK, LockProperty.USE_SEMAPHORE
    };
    ClusterLock mine = nodes.get(0).allocate("busy-" + busy, properties);
    AtomicBoolean enough = new AtomicBoolean();
    List<Future<?>> done = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      done.add(
          threads.submit(
              () -> {
                while (!enough.get()) {
                  acquire(mine, busy).unlock();
                }
                return null;
              }));
    }
    try {
      for (int i = 0; i < 6; i++) {
        ClusterLock theirs = nodes.get(1 + i % 2).allocate("busy-" + busy, properties);
        release(acquire(theirs, EXCLUSIVE));
        release(acquire(theirs, SHARED));
        theirs.free();
      }
    } finally {
      enough.set(true);
    }
    for (Future<?> one : done) {
      get(one);
    }
    mine.free();
  }

  @Test
  void acquireAll_manyNodesInRandomOrdersAndModes_neverDeadlocks() throws Exception {
    long seed = System.nanoTime();
    int locks = 6;
    List<AtomicLong> holders = new ArrayList<>(); // 1,000 for a writer, 1 for a reader
    for (int i = 0; i < locks; i++) {
      holders.add(new AtomicLong());
    }
    List<Future<?>> done = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      Lockspace node = nodes.get(i);
      Random random = new Random(seed + i);
      List<ClusterLock> own = new ArrayList<>();
      for (int lock = 0; lock < locks; lock++) {
        own.add(
            i % 2 == 0
                ? node.allocate("set-" + lock)
                : node.allocate("set-" + lock, LockProperty.CACHE_WR_LK, LockProperty.CACHE_RD_LK));
      }
      done.add(
          threads.submit(
              () -> {
                for (int round = 0; round < 8; round++) {
                  takeSome(node, own, holders, random);
                }
                own.forEach(ClusterLock::free);
                return null;
              }));
    }
    for (Future<?> one : done) {
      assertThat(one).as("seed %d", seed).succeedsWithin(Patience.LIMIT);
    }
  }

  private static void takeSome(
      Lockspace node, List<ClusterLock> own, List<AtomicLong> holders, Random random)
      throws InterruptedException {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < own.size(); i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    Map<ClusterLock, LockMode> wanted = new LinkedHashMap<>();
    for (int lock : order.subList(0, 2 + random.nextInt(own.size() - 1))) {
      wanted.put(own.get(lock), random.nextBoolean() ? EXCLUSIVE : SHARED);
    }
    try (HoldSet set = node.acquireAll(wanted)) {
      for (Hold hold : set.holds()) {
        AtomicLong holder = holders.get(own.indexOf(hold.lock()));
        long now = holder.addAndGet(hold.mode() == EXCLUSIVE ? 1_000 : 1);
        assertThat(hold.mode() == EXCLUSIVE ? now == 1_000 : now < 1_000)
            .as("%s excludes: %d", hold, now)
            .isTrue();
      }
      for (Hold hold : set.holds()) {
        hold.ensureHeld();
        long unused =
            holders.get(own.indexOf(hold.lock())).addAndGet(hold.mode() == EXCLUSIVE ? -1_000 : -1);
      }
    }
  }

  @Test
  void tryUpgrade_manyReadersAtOnce_atMostOneWinsAndNoneHangs() throws Exception {
    for (int round = 0; round < 5; round++) {
      List<Hold> readers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        readers.add(acquire(nodes.get(i).allocate("upgrade-" + round), SHARED));
      }
      List<Future<Boolean>> upgrades = new ArrayList<>();
      for (Hold reader : readers) {
        upgrades.add(
            threads.submit(
                () -> {
                  boolean upgraded = reader.tryUpgrade(Patience.LIMIT);
                  if (!upgraded) {
                    reader.unlock(); // so that the winner can win
                  }
                  return upgraded;
                }));
      }
      int winners = 0;
      for (int i = 0; i < readers.size(); i++) {
        if (get(upgrades.get(i))) {
          winners++;
          readers.get(i).ensureHeld();
          release(readers.get(i));
        }
      }
      assertThat(winners).isLessThanOrEqualTo(1);
      for (Hold reader : readers) {
        reader.lock().free();
      }
    }
  }

  @Test
  void tryUpgrade_writerOfAnotherNodeWaits_givesUpAtOnceAndTheWriterIsServed() throws Exception {
    Hold first = acquire(nodes.get(0).allocate("upgrade-writer"), SHARED);
    Hold second = acquire(nodes.get(1).allocate("upgrade-writer"), SHARED);
    ClusterLock third = nodes.get(2).allocate("upgrade-writer");
    CompletableFuture<Hold> writer = third.acquireAsync(EXCLUSIVE);
    eventually(
        "the writer waits",
        () ->
            nodes.get(3).dump().locks().stream()
                .filter(lock -> lock.name().equals(third.name()))
                .anyMatch(lock -> lock.queue().size() == 3));

    List<Future<Boolean>> upgrades = new ArrayList<>();
    for (Hold reader : List.of(first, second)) {
      upgrades.add(threads.submit(() -> reader.tryUpgrade(Patience.LIMIT)));
    }
    for (Future<Boolean> upgrade : upgrades) {
      assertThat(get(upgrade)).isFalse();
    }

    first.unlock();
    second.unlock();
    release(get(writer));
    for (ClusterLock lock : List.of(first.lock(), second.lock(), third)) {
      lock.free();
    }
  }

  @Test
  void hookHangs_recalledOrDropped_isReportedOnce_andTheOthersAreServedWhenItReturns()
      throws Exception {
    CountDownLatch inside = new CountDownLatch(2);
    CountDownLatch goOn = new CountDownLatch(1);
    BlockingQueue<ClusterLock> overdue = new LinkedBlockingQueue<>();
    BlockingQueue<Long> overdueNanos = new LinkedBlockingQueue<>();
    LockOptions options =
        LockOptions.of(LockProperty.CACHE_WR_LK)
            .withDemoteHook(
                demotion -> {
                  inside.countDown();
                  goOn.await();
                });
    ClusterLock recalled = nodes.get(0).allocate(LockName.of("hook-hangs"), options);
    ClusterLock dropped = nodes.get(0).allocate(LockName.of("hook-hangs-too"), options);
    ClusterLock theirs = nodes.get(1).allocate("hook-hangs");
    nodes
        .get(0)
        .addListener(
            new LockspaceListener() {
              @Override
              public void hookOverdue(ClusterLock lock, long nanos) {
                overdue.add(lock);
                overdueNanos.add(nanos);
              }
            });
    acquire(recalled, EXCLUSIVE).unlock();
    acquire(dropped, EXCLUSIVE).unlock();
    CompletableFuture<Hold> waiter = theirs.acquireAsync(EXCLUSIVE);
    CompletableFuture<Void> drop = dropped.drop();

    for (int i = 0; i < 2; i++) {
      Long nanos = overdueNanos.poll(Patience.LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertThat(nanos).as("for how long it has been running").isPositive();
    }
    assertThat(overdue).containsExactlyInAnyOrder(recalled, dropped);
    assertThat(inside.getCount()).as("each on a thread of its own").isZero();
    assertThat(waiter).isNotDone();
    assertThat(drop).isNotDone();

    goOn.countDown();
    release(get(waiter));
    get(drop);
    recalled.free();
    dropped.free();
    theirs.free();
    assertThat(overdueNanos).isEmpty();
  }

  @Test
  void tryAcquire_behindAWaitingSetOfThisNode_isNull() throws Exception {
    ClusterLock held = nodes.get(0).allocate("behind-held");
    ClusterLock free = nodes.get(0).allocate("behind-free");
    Hold hold = acquire(held, EXCLUSIVE);
    CompletableFuture<HoldSet> set =
        nodes.get(0).acquireAllAsync(Map.of(held, EXCLUSIVE, free, EXCLUSIVE));

    assertThat(free.tryAcquire(SHARED)).isNull();

    release(hold);
    get(set).close();
    held.free();
    free.free();
  }
}
