package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.zookeeper.curator.CuratorCoordinator;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import io.dmcl.lock.zookeeper.runtime.Nodes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the lock costs the ensemble: counted, not timed.
 *
 * <p>Transactions are counted by the difference of two transaction ids, requests by the numbers
 * that the server has seen and by what passed the port. The lease's renewals, which come when they
 * come, are known one by one and left out.
 */
@Timeout(180)
class CostsIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration TICK = Duration.ofSeconds(2);
  private static final String MARK = "/mark";
  private static final int ROUNDS = 10;

  private static Ensemble ensemble;
  private static CuratorFramework observer;

  private final List<Lockspace> opened = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // by each test
  private CountingCoordinator counter;

  @SuppressWarnings("NullAway.Init") // by each test that counts one node
  private ClusterLock neverUsed;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startQuick();
    observer = ensemble.client(SESSION_TIMEOUT);
    observer.create().forPath(MARK);
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    observer.close();
    ensemble.close();
  }

  @AfterEach
  void close() {
    counter.letIn();
    opened.parallelStream().forEach(Lockspace::close);
  }

  /** The node that is counted. */
  private Lockspace openCounted() {
    counter = new CountingCoordinator(ownClient());
    Lockspace node = open(counter);
    neverUsed = node.allocate("never-used");
    return node;
  }

  private Lockspace open() {
    return open(ownClient());
  }

  private static Coordinator ownClient() {
    return CuratorCoordinator.connectingTo(
        ensemble.connectString(), SESSION_TIMEOUT, System::nanoTime);
  }

  private Lockspace open(Coordinator coordinator) {
    NodeConfig config =
        new NodeConfig("/dmcl", "costs", TICK.toNanos(), 0, Integer.MAX_VALUE, 512 * 1024);
    Lockspace node =
        Nodes.open(config, List.of(coordinator), Duration.ofSeconds(30).toNanos(), List.of());
    opened.add(node);
    return node;
  }

  /** Uses the lock once, so that it exists, and waits until its node is at rest. */
  private ClusterLock warm(ClusterLock lock) throws Exception {
    release(acquire(lock, EXCLUSIVE));
    settle();
    counter.clear();
    return lock;
  }

  private void settle() {
    eventually("the node is at rest", () -> counter.isAtRest(neverUsed));
  }

  /** Begins to count anew; returns the last request that the server has seen before. */
  private long countFromNow() throws Exception {
    while (true) {
      settle();
      counter.clear();
      long seen = Ensemble.lastRequestOf(counter.sessionId());
      if (counter.renewals() == 0) { // or one is counted that the server had seen
        return seen;
      }
    }
  }

  /** A transaction of the observer's. */
  private static long mark() throws Exception {
    Stat stat = observer.setData().forPath(MARK);
    return stat.getMzxid();
  }

  private interface Work {
    void run() throws Exception;
  }

  /** The transactions of the whole ensemble during the work, renewals excepted. */
  private long transactionsDuring(Work work) throws Exception {
    long from = mark();
    work.run();
    long to = mark();
    settle();
    return to - from - 1 - counter.renewalsBetween(from, to);
  }

  @ParameterizedTest
  @EnumSource
  void lockAndUnlock_uncached_isTwoTransactionsAndOneMultiRead(LockMode mode) throws Exception {
    ClusterLock lock = warm(openCounted().allocate("two-transactions-" + mode));
    long sentBefore = countFromNow();

    long transactions =
        transactionsDuring(
            () -> {
              for (int i = 0; i < ROUNDS; i++) {
                release(acquire(lock, mode));
              }
            });

    assertThat(transactions).isEqualTo(2 * ROUNDS);
    assertThat(counter.transactions()).hasSize(2 * ROUNDS);
    assertThat(counter.requests()).isEqualTo(3 * ROUNDS);
    assertSentSince(sentBefore, 3 * ROUNDS);
  }

  /** What passed the port is all that the server has seen. */
  private void assertSentSince(long sentBefore, int requests) {
    eventually(
        "the server has seen " + requests + " requests and the renewals",
        () -> {
          long sent = Ensemble.lastRequestOf(counter.sessionId()) - sentBefore;
          return counter.isSettled() && sent == requests + counter.renewals();
        });
  }

  @ParameterizedTest
  @EnumSource
  void acquire_uncontended_waitsForOnePipeline(LockMode mode) throws Exception {
    ClusterLock lock = warm(openCounted().allocate("one-pipeline-" + mode));

    Hold hold = acquire(lock, mode);

    // Both are sent before either is answered, and nothing else is waited for.
    assertThat(counter.trace())
        .containsExactly("transact", "read", "transact answered", "read answered");
    release(hold);
  }

  @Test
  void unlock_uncached_doesNotWait() throws Exception {
    ClusterLock lock = warm(openCounted().allocate("release-does-not-wait"));
    Hold hold = acquire(lock, EXCLUSIVE);
    counter.clear();
    counter.holdBack();

    hold.unlock();

    // Nothing has been answered, and so the next request goes out behind the release.
    CompletableFuture<Hold> next = lock.acquireAsync(SHARED);
    // (In the same transaction, if the event loop was just busy.)
    eventually("the next request is sent", () -> counter.trace().contains("read"));
    assertThat(counter.trace())
        .isIn(List.of("transact", "read"), List.of("transact", "transact", "read"));
    counter.letIn();
    release(get(next));
  }

  @Test
  void acquireAgain_inTheTransactionOfTheRelease_readsNothing() throws Exception {
    Lockspace node = openCounted();
    ClusterLock lock = warm(node.allocate("again"));
    byte[] value = {1, 2, 3};
    Hold before = acquire(lock, EXCLUSIVE);
    before.setValue(value);

    CompletableFuture<Hold> next =
        inOneTransaction(
            node,
            () -> {
              before.unlock();
              return lock.acquireAsync(EXCLUSIVE);
            });
    counter.letIn();
    Hold again = get(next);

    assertThat(counter.transactions()).hasSize(3);
    assertThat(counter.trace()).doesNotContain("read");
    assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
    assertThat(again.value()).isEqualTo(value);
    assertThat(again.token()).isGreaterThan(before.token());
    release(again);
  }

  @Test
  void acquireAgain_inTheTransactionOfTheRelease_butSomebodyHasCome_reads() throws Exception {
    Lockspace node = openCounted();
    Lockspace elsewhere = open();
    ClusterLock lock = warm(node.allocate("again-behind"));
    ClusterLock theirs = elsewhere.allocate("again-behind");
    Hold before = acquire(lock, EXCLUSIVE);
    CompletableFuture<Hold> other = new CompletableFuture<>();

    CompletableFuture<Hold> next =
        inOneTransaction(
            node,
            () -> {
              // A reader has no intent, so that only its place in the queue tells of it.
              theirs.acquireAsync(SHARED).thenAccept(other::complete);
              eventually("the other one waits", () -> queueOf(elsewhere, theirs) == 2);
              before.unlock();
              return lock.acquireAsync(EXCLUSIVE);
            });
    counter.letIn();
    Hold first = get(other);
    eventually("both are in the queue", () -> queueOf(elsewhere, theirs) == 2);
    settle();

    assertThat(next).as("it does not overtake").isNotDone();
    assertThat(counter.transactions()).hasSize(3);
    assertThat(counter.trace()).containsOnlyOnce("read");
    release(first);
    Hold again = get(next);
    release(again);
  }

  @Test
  void acquireAllAgain_inTheTransactionOfTheReleases_readsNothing() throws Exception {
    Lockspace node = openCounted();
    Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
    set.put(warm(node.allocate("set-again-1")), EXCLUSIVE);
    set.put(warm(node.allocate("set-again-2")), EXCLUSIVE);
    HoldSet before = get(node.acquireAllAsync(set));

    CompletableFuture<HoldSet> next =
        inOneTransaction(
            node,
            () -> {
              before.close();
              return node.acquireAllAsync(set);
            });
    counter.letIn();
    HoldSet again = get(next);

    assertThat(counter.transactions()).hasSize(3);
    assertThat(counter.trace()).doesNotContain("read");
    again.close();
  }

  @Test
  void acquireAll_oneOfThemAgain_reads() throws Exception {
    Lockspace node = openCounted();
    ClusterLock lock = warm(node.allocate("set-one-again"));
    ClusterLock other = warm(node.allocate("set-one-anew"));
    Hold before = acquire(lock, EXCLUSIVE);

    CompletableFuture<HoldSet> next =
        inOneTransaction(
            node,
            () -> {
              before.unlock();
              return node.acquireAllAsync(Map.of(lock, EXCLUSIVE, other, EXCLUSIVE));
            });
    counter.letIn();
    HoldSet holds = get(next);

    assertThat(counter.trace()).containsOnlyOnce("read");
    holds.close();
  }

  /** Two transactions are on their way, and what is asked for then gathers behind them. */
  private <T> T inOneTransaction(Lockspace node, Callable<T> asked) throws Exception {
    List<Hold> others = new ArrayList<>();
    for (String name : List.of("one", "other")) {
      others.add(acquire(node.allocate("on-its-way-" + name), EXCLUSIVE));
    }
    settle();
    counter.clear();
    counter.holdBack();
    for (int i = 0; i < others.size(); i++) {
      int sent = i + 1;
      others.get(i).unlock();
      eventually("the release is sent", () -> counter.transactions().size() == sent);
    }
    return asked.call();
  }

  @Test
  void acquire_cached_sendsNothing() throws Exception {
    Lockspace node = openCounted();
    ClusterLock writes =
        warm(node.allocate("cached-w", LockProperty.CACHE_WR_LK, LockProperty.CACHE_RD_LK));
    ClusterLock reads = node.allocate("cached-r", LockProperty.CACHE_RD_LK);
    acquire(writes, EXCLUSIVE).unlock();
    acquire(reads, SHARED).unlock();
    long sentBefore = countFromNow();

    for (int i = 0; i < 1_000; i++) {
      acquire(writes, EXCLUSIVE).unlock();
      acquire(writes, SHARED).unlock();
      acquire(reads, SHARED).unlock();
      writes.writeLock();
      writes.unlock();
      reads.readLock();
      reads.unlock();
    }

    assertThat(counter.requests()).isZero();
    assertSentSince(sentBefore, 0);
  }

  @Test
  void allocate_prealloc_makesTheZnodesThere_soThatTheFirstLockDoesNot() throws Exception {
    Lockspace node = openCounted();
    warm(node.allocate("prealloc-other"));

    ClusterLock lock = node.allocate("prealloc", LockProperty.PREALLOC_DLM);

    List<WriteOp> creates = counter.transactions().get(0);
    Ensemble.catchUp(observer);
    assertThat(creates.subList(0, 2))
        .allSatisfy(
            write ->
                assertThat(observer.checkExists().forPath(write.path()))
                    .as(write.path())
                    .isNotNull());
    settle();
    counter.clear();
    CompletableFuture<Hold> hold = new CompletableFuture<>();
    assertThat(transactionsDuring(() -> hold.complete(acquire(lock, EXCLUSIVE)))).isEqualTo(1);
    assertThat(counter.transactions().get(0))
        .hasSize(3)
        .extracting(WriteOp::path)
        .doesNotContainAnyElementsOf(creates.subList(0, 2).stream().map(WriteOp::path).toList());
    release(hold.join());
  }

  @Test
  void allocate_withoutPrealloc_sendsNothing() throws Exception {
    Lockspace node = openCounted();
    warm(node.allocate("no-prealloc-other"));

    ClusterLock lock = node.allocate("no-prealloc");

    assertThat(counter.requests()).isZero();
    release(acquire(lock, EXCLUSIVE));
  }

  @Test
  void acquire_64LocksAtOnce_areFewTransactions() throws Exception {
    Lockspace node = openCounted();
    List<ClusterLock> locks = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      locks.add(node.allocate("at-once-" + i, LockProperty.PREALLOC_DLM));
    }
    warm(locks.get(0));
    List<CompletableFuture<Hold>> holds = new ArrayList<>();
    List<CompletableFuture<Void>> releases = new ArrayList<>();

    // Slow replies, so that what comes together does come together.
    counter.holdBack();
    long acquires =
        transactionsDuring(
            () -> {
              locks.forEach(lock -> holds.add(lock.acquireAsync(EXCLUSIVE)));
              counter.letIn();
              for (CompletableFuture<Hold> hold : holds) {
                get(hold).ensureHeld();
              }
            });
    counter.holdBack();
    long unlocks =
        transactionsDuring(
            () -> {
              holds.forEach(hold -> releases.add(hold.join().unlockAsync()));
              counter.letIn();
              for (CompletableFuture<Void> release : releases) {
                get(release);
              }
            });

    // Two that leave at once, and all the rest behind them.
    assertThat(acquires).isLessThanOrEqualTo(4);
    assertThat(unlocks).isLessThanOrEqualTo(4);
  }

  @Test
  void acquireAll_64Locks_isOneTransactionAndOneMultiRead_andOneTransactionBack() throws Exception {
    Lockspace node = openCounted();
    Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
    for (int i = 0; i < 64; i++) {
      set.put(node.allocate("set-" + i, LockProperty.PREALLOC_DLM), EXCLUSIVE);
    }
    get(node.acquireAllAsync(set)).close(); // so that they are known to exist
    settle();
    counter.clear();

    HoldSet holds = get(node.acquireAllAsync(set));
    assertThat(counter.trace())
        .containsExactly("transact", "read", "transact answered", "read answered");

    counter.clear();
    holds.close();
    eventually("the release is sent", () -> !counter.transactions().isEmpty());
    settle();
    assertThat(counter.trace()).containsExactly("transact", "transact answered");
  }

  @Test
  void acquire_thousandThreadsOfOneNode_areOneEntry() throws Exception {
    int threads = 1_000;
    Lockspace other = open();
    Lockspace node = openCounted();
    ClusterLock lock = warm(node.allocate("thousand", LockProperty.USE_SEMAPHORE));
    Hold holder = acquire(other.allocate("thousand"), EXCLUSIVE);
    AtomicInteger inside = new AtomicInteger();
    List<CompletableFuture<Void>> done = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      CompletableFuture<Void> one = new CompletableFuture<>();
      done.add(one);
      Thread thread =
          new Thread(
              () -> {
                try {
                  lock.writeLock();
                  assertThat(inside.incrementAndGet()).as("alone").isEqualTo(1);
                  inside.decrementAndGet();
                  lock.unlock();
                  one.complete(null);
                } catch (Throwable e) {
                  one.completeExceptionally(e);
                }
              });
      thread.setDaemon(true);
      thread.start();
    }
    eventually("all wait", () -> localWaiters(node, lock) == threads);

    assertThat(queueOf(other, lock)).isEqualTo(2);
    counter.clear();
    holder.unlock();
    for (CompletableFuture<Void> one : done) {
      get(one);
    }
    eventually("nothing is left", () -> queueOf(other, lock) == 0);
    // Local hand-over is not the ensemble's business; the minimum hold time may end a few grants.
    assertThat(counter.transactions().size()).isLessThan(threads / 10);
  }

  /** A server that lags does not know what others were told of. */
  @Test
  void dump_isReadBehindAWrite() throws Exception {
    Lockspace node = openCounted();
    warm(node.allocate("dump"));
    node.dump();
    assertThat(counter.trace()).startsWith("transact", "read").containsOnlyOnce("transact");
  }

  private static int localWaiters(Lockspace node, ClusterLock lock) throws InterruptedException {
    return node.dump().locks().stream()
        .filter(entry -> entry.name().equals(lock.name()))
        .map(LockEntry::local)
        .mapToInt(local -> local == null ? 0 : local.localWaiters())
        .sum();
  }

  private static int queueOf(Lockspace node, ClusterLock lock) throws InterruptedException {
    return node.dump().locks().stream()
        .filter(entry -> entry.name().equals(lock.name()))
        .mapToInt(entry -> entry.queue().size())
        .sum();
  }

  @Test
  void recall_200CachedReaders_areSilentForAReader_andToldOnceOfAWriter() throws Exception {
    int readers = 200;
    int clients = 4;
    List<CuratorFramework> shared = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      shared.add(ensemble.client(SESSION_TIMEOUT));
    }
    List<CountingCoordinator> counters = new ArrayList<>();
    List<ClusterLock> locks = new ArrayList<>();
    List<CompletableFuture<Hold>> first = new ArrayList<>();
    for (int i = 0; i < readers; i++) {
      CountingCoordinator each =
          new CountingCoordinator(CuratorCoordinator.on(shared.get(i % clients)));
      counters.add(each);
      counter = each;
      ClusterLock lock = open(each).allocate("herd", LockProperty.CACHE_RD_LK);
      locks.add(lock);
      first.add(lock.acquireAsync(SHARED));
    }
    for (CompletableFuture<Hold> hold : first) {
      get(hold).unlock();
    }
    for (int i = 0; i < readers; i++) {
      CountingCoordinator each = counters.get(i);
      ClusterLock lock = locks.get(i);
      eventually(
          "it watches, and is at rest",
          () -> each.trace().contains("watch answered") && each.isAtRest(lock));
    }

    Lockspace another = open();
    Hold reader = acquire(another.allocate("herd"), SHARED);
    for (CuratorFramework client : shared) {
      Ensemble.catchUp(client);
      client.getData().forPath(MARK); // comes behind any watch event
    }
    assertThat(counters).extracting(CountingCoordinator::fired).containsOnly(0);
    release(reader);

    counters.forEach(CountingCoordinator::clear);
    Hold writer = acquire(open().allocate("herd"), EXCLUSIVE);
    assertThat(counters).extracting(CountingCoordinator::fired).containsOnly(1);
    // A look, and the release.
    assertThat(counters).extracting(CountingCoordinator::requests).containsOnly(2);
    assertThat(locks).extracting(lock -> lock.stats().recalls()).containsOnly(1L);
    release(writer);
    close();
    opened.clear();
    shared.forEach(CuratorFramework::close);
  }
}
