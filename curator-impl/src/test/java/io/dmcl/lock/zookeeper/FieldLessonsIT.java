package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.FencingGate;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LimitExceededException;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.zookeeper.curator.CuratorCoordinator;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Queue;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import io.dmcl.lock.zookeeper.runtime.Nodes;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/**
 * What went wrong in other systems, as tests that are named after the reports, on a real ensemble.
 * The rows that are missing here need an order of events that it cannot be driven to; they are in
 * {@code FieldLessonsTest}.
 */
@Timeout(120)
public class FieldLessonsIT {
  private static final Duration SHORT = Ensemble.TICK.multipliedBy(8);
  private static final Duration LONG = Ensemble.TICK.multipliedBy(20);
  private static final LockProperty[] CACHED = {LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK};
  private static final Layout LAYOUT = new Layout("/dmcl", Lockspace.DEFAULT_NAME);

  private static Ensemble ensemble;
  private static CuratorFramework hand;
  private static Lockspace other;
  private static ExecutorService threads;

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private String name;
  private LockPaths paths;
  private ClusterLock theirs;

  @BeforeAll
  static void start() throws Exception {
    ensemble = Ensemble.start();
    hand = ensemble.client(LONG);
    other = builder(ensemble.connectString(), LONG).open();
    threads = Executors.newCachedThreadPool();
  }

  @AfterAll
  static void stop() throws Exception {
    threads.shutdownNow();
    other.close();
    hand.close();
    ensemble.close();
  }

  @BeforeEach
  void name(TestInfo test) {
    name = test.getTestMethod().orElseThrow().getName();
    paths = LAYOUT.lock(LockName.of(name));
    theirs = other.allocate(name);
  }

  @AfterEach
  void close() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
    theirs.free();
  }

  // --- nodes

  private static ZooKeeperLockspace builder(String connectString, Duration sessionTimeout) {
    return ZooKeeperLockspace.connect(connectString)
        .sessionTimeout(sessionTimeout)
        .tick(Ensemble.TICK);
  }

  private <T extends AutoCloseable> T closing(T what) {
    opened.push(what);
    return what;
  }

  private Lockspace open() {
    return closing(builder(ensemble.connectString(), LONG).open());
  }

  private Link link() throws Exception {
    return closing(new Link(ensemble.servers().get(0).getPort()));
  }

  /** A node that has a session, over a link. */
  private Lockspace openOver(Link link, Duration sessionTimeout) throws Exception {
    return openReady(link.address(), sessionTimeout);
  }

  private Lockspace openReady(String connectString, Duration sessionTimeout) throws Exception {
    Lockspace node = closing(builder(connectString, sessionTimeout).open());
    release(acquire(node.allocate("ready " + name), SHARED));
    return node;
  }

  private CuratorFramework client(String connectString, Duration sessionTimeout) {
    CuratorFramework client =
        closing(ensemble.builder(sessionTimeout).connectString(connectString).build());
    client.start();
    return client;
  }

  private Lockspace openOn(CuratorFramework client) {
    return closing(ZooKeeperLockspace.on(client).tick(Ensemble.TICK).open());
  }

  private static CountingCoordinator counting(String connectString, Duration sessionTimeout) {
    return new CountingCoordinator(
        CuratorCoordinator.connectingTo(connectString, sessionTimeout, System::nanoTime));
  }

  private Lockspace open(CountingCoordinator coordinator, int maxSessionBytes) {
    NodeConfig config =
        new NodeConfig(
            "/dmcl",
            Lockspace.DEFAULT_NAME,
            Ensemble.TICK.toNanos(),
            0,
            Integer.MAX_VALUE,
            maxSessionBytes);
    return closing(Nodes.open(config, List.of(coordinator), LONG.toNanos(), List.of()));
  }

  private Lockspace open(CountingCoordinator coordinator) {
    return open(coordinator, 512 * 1024);
  }

  // --- what is there

  private static List<String> children(String path) throws Exception {
    try {
      Ensemble.catchUp(hand);
      return hand.getChildren().forPath(path);
    } catch (KeeperException.NoNodeException e) {
      return List.of();
    }
  }

  private List<Entry> queue() throws Exception {
    return Queue.of(children(paths.lock())).entries();
  }

  private void awaitQueue(int length) {
    eventually("the queue has " + length + " entries", () -> queue().size() == length);
  }

  private static void recover(Hold hold) throws Exception {
    if (hold.freshness() == Freshness.OWNER_DIED) {
      hold.markRecovered();
    }
    release(hold);
  }

  private static void await(CountDownLatch latch) throws InterruptedException {
    assertThat(latch.await(Patience.LIMIT.toSeconds(), java.util.concurrent.TimeUnit.SECONDS))
        .isTrue();
  }

  /** Completes with whether the mark was set when the lock was granted. */
  private static CompletableFuture<Boolean> setWhenGranted(
      CompletableFuture<Hold> future, AtomicBoolean mark) {
    return future.thenApply(hold -> mark.get());
  }

  // --- the rows

  @Test
  void row01_curator604_entryOfAnEarlierSession_isNotAccepted() throws Exception {
    CuratorFramework client = client(ensemble.connectString(), SHORT);
    ClusterLock lock = openOn(client).allocate(name);
    Hold lost = acquire(lock, EXCLUSIVE);
    Entry earlier = queue().get(0);
    Ensemble.expire(client);
    eventually("lost", () -> lost.state() == HoldState.LOST);
    assertThatThrownBy(lost::unlock).isInstanceOf(LockLostException.class);
    awaitQueue(0);

    // The servers take their time to remove it.
    String path = hand.create().withMode(CreateMode.EPHEMERAL).forPath(paths.entry(earlier));
    AtomicBoolean removed = new AtomicBoolean();
    CompletableFuture<Hold> next = lock.acquireAsync(EXCLUSIVE);
    CompletableFuture<Boolean> inOrder = setWhenGranted(next, removed);
    awaitQueue(2);
    assertThat(queue()).extracting(Entry::id).filteredOn(earlier.id()::equals).hasSize(1);
    removed.set(true);
    hand.delete().forPath(path);
    assertThat(get(inOrder)).isTrue();
    recover(get(next));
  }

  @Test
  void row02_curator678_486_releaseWithoutConnection_isDoneWhenItIsBack() throws Exception {
    Link link = link();
    ClusterLock lock = openOver(link, LONG).allocate(name);
    Hold hold = acquire(lock, EXCLUSIVE);
    CompletableFuture<Hold> next = theirs.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    link.cut();
    CompletableFuture<Void> released = hold.unlockAsync();
    CompletableFuture<Hold> again = lock.acquireAsync(EXCLUSIVE);
    link.heal();
    get(released);
    Hold theirHold = get(next);
    assertThat(theirHold.freshness()).isNotEqualTo(Freshness.OWNER_DIED);
    release(theirHold);
    release(get(again));
    awaitQueue(0);
  }

  @Test
  void row03_curator716_manyLocalWaiters_areOneRequest() throws Exception {
    Hold hold = acquire(theirs, EXCLUSIVE);
    ClusterLock lock = open().allocate(name);
    List<CompletableFuture<Hold>> waiters = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      waiters.add(lock.acquireAsync(SHARED));
    }
    awaitQueue(2);
    release(hold);
    List<Hold> holds = new ArrayList<>();
    for (CompletableFuture<Hold> waiter : waiters) {
      holds.add(get(waiter));
    }
    assertThat(queue()).hasSize(1);
    assertThat(lock.stats().grants()).isEqualTo(1);
    holds.forEach(Hold::unlock);
    awaitQueue(0);
  }

  @Test
  void row04_curator1138_796_downgrade_letsNoQueuedWriterIn() throws Exception {
    CountingCoordinator coordinator = counting(ensemble.connectString(), LONG);
    ClusterLock lock = open(coordinator).allocate(name);
    Hold hold = acquire(lock, EXCLUSIVE);
    Entry exclusive = queue().get(0);
    AtomicBoolean unlocked = new AtomicBoolean();
    CompletableFuture<Hold> writer = theirs.acquireAsync(EXCLUSIVE);
    CompletableFuture<Boolean> inOrder = setWhenGranted(writer, unlocked);
    awaitQueue(2);
    coordinator.clear();
    hold.downgrade();
    eventually("downgraded", () -> queue().get(0).equals(exclusive.inMode(SHARED)));

    assertThat(coordinator.transactions()).hasSize(1);
    assertThat(coordinator.transactions().get(0))
        .extracting(WriteOp::path)
        .contains(paths.entry(exclusive), paths.entry(exclusive.inMode(SHARED)));
    unlocked.set(true);
    release(hold);
    assertThat(get(inOrder)).isTrue();
    release(get(writer));
  }

  @Test
  void row05_curator1112_835_982_interruptReconnectAndLoss_leaveNoRequest() throws Exception {
    Hold hold = acquire(theirs, EXCLUSIVE);
    Link link = link();
    CuratorFramework client = client(link.address(), LONG);
    ClusterLock lock = openOn(client).allocate(name);

    CountDownLatch interrupted = new CountDownLatch(1);
    Thread waiter =
        new Thread(
            () -> {
              try {
                lock.acquire(EXCLUSIVE);
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
            });
    waiter.start();
    awaitQueue(2);
    waiter.interrupt();
    await(interrupted);
    awaitQueue(1);

    CompletableFuture<Hold> cutOff = lock.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    link.cut();
    cutOff.cancel(false);
    link.heal();
    awaitQueue(1);

    CompletableFuture<Hold> expired = lock.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    Ensemble.expire(client);
    expired.cancel(false);
    awaitQueue(1);
    eventually("one intent is left", () -> children(paths.version()).size() == 1);
    release(hold);
  }

  @Test
  void row06_curator1015_blockedUserCode_holdsNothingUp() throws Exception {
    CountDownLatch blocked = new CountDownLatch(2);
    CountDownLatch goOn = new CountDownLatch(1);
    Lockspace node = open();
    ClusterLock hooked =
        node.allocate(
            LockName.of(name),
            LockOptions.of(CACHED)
                .withDemoteHook(
                    demotion -> {
                      blocked.countDown();
                      await(goOn);
                    }));
    release(acquire(hooked, EXCLUSIVE));
    CompletableFuture<Hold> wanted = theirs.acquireAsync(EXCLUSIVE);
    CompletableFuture<Void> dependent =
        node.allocate("dependent of " + name)
            .acquireAsync(EXCLUSIVE)
            .thenAccept(
                hold -> {
                  blocked.countDown();
                  try {
                    await(goOn);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  hold.unlock();
                });
    await(blocked);

    ClusterLock lock = node.allocate("goes on beside " + name);
    synchronized (node) {
      synchronized (lock) {
        Future<?> user =
            threads.submit(
                () -> {
                  release(acquire(lock, EXCLUSIVE));
                  return null;
                });
        get(user);
      }
    }
    assertThat(wanted).isNotDone();
    goOn.countDown();
    get(dependent);
    release(get(wanted));
  }

  @Test
  void row07_curator564_foreignChildren_areNotContenders() throws Exception {
    ClusterLock lock = open().allocate(name);
    Hold first = acquire(lock, EXCLUSIVE);
    String id = queue().get(0).id().text();
    release(first);
    List<String> foreign =
        List.of(
            "lock-0000000000",
            "x-",
            "x-0000000000",
            "x-foreign-0000000000",
            "X-" + id + "-0000000000",
            "x-" + id + "-1",
            "x-" + id + "-00000000001",
            "s-" + id + "-9999999999");
    for (String child : foreign) {
      hand.create().forPath(paths.lock() + '/' + child);
    }
    release(acquire(lock, EXCLUSIVE));
    release(acquire(theirs, SHARED));
    assertThat(children(paths.lock())).containsAll(foreign);
  }

  @Test
  void row08_curator827_queueEmptiedByHand_isLossAndNotAFault() throws Exception {
    Lockspace node = open();
    ClusterLock lock = node.allocate(name, CACHED);
    Hold hold = acquire(lock, EXCLUSIVE);
    hand.delete().forPath(paths.entry(queue().get(0)));
    eventually("lost", () -> hold.state() == HoldState.LOST);
    assertThatThrownBy(hold::unlock).isInstanceOf(LockLostException.class);
    recover(acquire(lock, EXCLUSIVE));
    get(lock.drop());

    Hold before = acquire(theirs, EXCLUSIVE);
    CompletableFuture<Hold> waiter = lock.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    hand.delete().forPath(paths.entry(queue().get(1)));
    release(before);
    recover(get(waiter));
    get(lock.drop());

    hand.delete().deletingChildrenIfNeeded().forPath(paths.lock());
    Hold again = acquire(lock, EXCLUSIVE);
    assertThat(again.freshness()).isEqualTo(Freshness.UNKNOWN);
    release(again);
  }

  @Test
  void row09_netflix3_curator600_accumulo1866_lostReplyOfTheCreate_leavesOneRequest()
      throws Exception {
    Link link = link();
    ClusterLock lock = openOver(link, LONG).allocate(name);
    release(acquire(lock, EXCLUSIVE));
    for (LockMode mode : LockMode.values()) {
      link.stallReplies();
      CompletableFuture<Hold> future = lock.acquireAsync(mode);
      awaitQueue(1);
      long zxid = hand.checkExists().forPath(paths.entry(queue().get(0))).getCzxid();
      link.heal();
      Hold hold = get(future);
      assertThat(hold.token()).isEqualTo(zxid);
      assertThat(queue()).hasSize(1);
      release(hold);

      link.stallReplies();
      CompletableFuture<Hold> cancelled = lock.acquireAsync(mode);
      awaitQueue(1);
      cancelled.cancel(false);
      link.heal();
      awaitQueue(0);
      eventually("no intent is left", () -> children(paths.version()).isEmpty());
    }
  }

  @Test
  void row10_accumulo5132_eventsNeverCome_theLeaseEndsByItself() throws Exception {
    Link link = link();
    CountingCoordinator coordinator = counting(link.address(), SHORT);
    ClusterLock lock = open(coordinator).allocate(name);
    Hold hold = acquire(lock, EXCLUSIVE);
    FencingGate gate = new FencingGate();
    gate.admit(EXCLUSIVE, hold.token());
    CompletableFuture<Hold> next = theirs.acquireAsync(EXCLUSIVE);
    CompletableFuture<HoldState> stateThen = next.thenApply(granted -> hold.state());
    awaitQueue(2);
    coordinator.holdBack();
    link.stall();

    assertThat(get(stateThen)).isEqualTo(HoldState.LOST);
    assertThatThrownBy(hold::ensureHeld).isInstanceOf(LockLostException.class);
    assertThatThrownBy(hold::unlock).isInstanceOf(LockLostException.class);
    gate.admit(EXCLUSIVE, get(next).token());
    assertThat(gate.tryAdmit(EXCLUSIVE, hold.token())).isFalse();
    recover(get(next));
    link.heal();
    coordinator.letIn();
  }

  @Test
  void row11_etcd11456_waiterWhoseSessionDied_isGrantedInItsNextOneOnly() throws Exception {
    Hold hold = acquire(theirs, EXCLUSIVE);
    Link link = link();
    ClusterLock lock = openOver(link, SHORT).allocate(name);
    CompletableFuture<Hold> waiter = lock.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    link.stall();
    awaitQueue(1);
    FencingGate gate = new FencingGate();
    release(hold);
    Hold meanwhile = acquire(theirs, EXCLUSIVE);
    gate.admit(EXCLUSIVE, meanwhile.token());
    link.heal();
    recover(meanwhile);

    Hold granted = get(waiter);
    granted.ensureHeld();
    assertThat(granted.leaseRemainingNanos()).isPositive();
    gate.admit(EXCLUSIVE, granted.token());
    assertThat(granted.token()).isGreaterThan(meanwhile.token());
    recover(granted);
  }

  @Test
  void row12_etcd22082_repeatedRelease_doesNotEndALaterHold() throws Exception {
    Link link = link();
    ClusterLock lock = openOver(link, LONG).allocate(name);
    Hold hold = acquire(lock, EXCLUSIVE);
    CompletableFuture<Hold> next = theirs.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    link.stallReplies();
    CompletableFuture<Void> released = hold.unlockAsync();
    Hold later = get(next);
    CompletableFuture<Hold> again = lock.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    link.heal();
    get(released);
    assertThat(hand.checkExists().forPath(paths.entry(queue().get(0))).getCzxid())
        .isEqualTo(later.token());
    release(later);
    Hold own = get(again);
    assertThat(queue()).hasSize(1);
    release(own);
  }

  @Test
  void row13_jetcd291_waiterThatGaveUp_isNeverGranted() throws Exception {
    Lockspace node = openReady(ensemble.connectString(), LONG);
    Hold hold = acquire(theirs, EXCLUSIVE);
    ClusterLock lock = node.allocate(name);
    assertThat(lock.tryAcquire(EXCLUSIVE, Duration.ofMillis(1))).isNull();
    awaitQueue(1);
    release(hold);
    release(acquire(theirs, EXCLUSIVE));
    assertThat(lock.stats().grants()).isZero();
  }

  @Test
  void row13_etcd19597_waiterWhoseSessionExpired_waitsAnew() throws Exception {
    Hold hold = acquire(theirs, EXCLUSIVE);
    CuratorFramework client = client(ensemble.connectString(), SHORT);
    ClusterLock lock = openOn(client).allocate(name);
    CompletableFuture<Hold> waiter = lock.acquireAsync(EXCLUSIVE);
    awaitQueue(2);
    Entry expired = queue().get(1);
    Ensemble.expire(client);
    eventually(
        "it waits anew", () -> queue().size() == 2 && !queue().get(1).id().equals(expired.id()));
    release(hold);
    recover(get(waiter));
  }

  @Test
  void row14_redisson7272_afterUnlock_nothingIsWrittenForTheLock() throws Exception {
    List<String> others = children(LAYOUT.nodes());
    CountingCoordinator coordinator = counting(ensemble.connectString(), LONG);
    Lockspace node = open(coordinator);
    ClusterLock lock = node.allocate(name);
    Hold hold = acquire(lock, EXCLUSIVE);
    release(hold);
    coordinator.clear();
    eventually("the session goes on", () -> coordinator.renewals() >= 2);
    assertThat(coordinator.transactions()).isEmpty();
    assertThat(queue()).isEmpty();
    assertThat(hold.state()).isEqualTo(HoldState.RELEASED);

    List<String> own = new ArrayList<>(children(LAYOUT.nodes()));
    own.removeAll(others);
    assertThat(own).hasSize(1);
    node.close();
    assertThat(children(LAYOUT.nodes())).doesNotContainAnyElementsOf(own);
  }

  @Test
  void row15_redisson4698_curator985_jeopardyAndLoss_areToldPerHold() throws Exception {
    Link link = link();
    CuratorFramework client = client(link.address(), LONG);
    Lockspace node = openOn(client);
    Map<Hold, java.util.Queue<HoldState>> told = new LinkedHashMap<>();
    for (LockMode mode : LockMode.values()) {
      Hold hold = acquire(node.allocate(name + ' ' + mode), mode);
      java.util.Queue<HoldState> states = new ConcurrentLinkedQueue<>();
      told.put(hold, states);
      hold.addListener((of, state) -> states.add(state));
    }
    Hold unlocked = acquire(node.allocate(name + " unlocked"), SHARED);
    ConcurrentLinkedQueue<HoldState> nothing = new ConcurrentLinkedQueue<>();
    unlocked.addListener((of, state) -> nothing.add(state));
    release(unlocked);

    link.cut();
    toldAll(told, HoldState.JEOPARDY);
    link.heal();
    toldAll(told, HoldState.HELD);
    client.close();
    told.keySet().forEach(hold -> assertThat(hold.state()).isEqualTo(HoldState.LOST));
    toldAll(told, HoldState.LOST);
    assertThat(nothing).isEmpty();
  }

  private static void toldAll(Map<Hold, java.util.Queue<HoldState>> told, HoldState state) {
    eventually(
        "all are told " + state,
        () -> told.values().stream().allMatch(states -> states.contains(state)));
  }

  @Test
  void row16_redisson6510_hazelcast26526_purge_leavesNothingAndTokensGrowOn() throws Exception {
    Lockspace node = closing(builder(ensemble.connectString(), LONG).name(name).open());
    long newest = 0;
    for (int i = 0; i < 50; i++) {
      try (ClusterLock lock = node.allocate(i)) {
        Hold hold = acquire(lock, EXCLUSIVE);
        assertThat(hold.token()).isGreaterThan(newest);
        newest = hold.token();
        release(hold);
      }
    }
    assertThat(node.purgeUnused()).isEqualTo(50);
    for (String bucket : new Layout("/dmcl", name).buckets()) {
      assertThat(children(bucket)).isEmpty();
    }
    for (int i = 0; i < 50; i++) {
      ClusterLock lock = node.allocate(i);
      Hold hold = acquire(lock, EXCLUSIVE);
      assertThat(hold.token()).isGreaterThan(newest);
      newest = hold.token();
      release(hold);
    }
  }

  @Test
  void row17_redisson4724_3580_owner_isTheHoldAndNotTheThread() throws Exception {
    ClusterLock lock = open().allocate(name);
    Hold first = acquire(lock, SHARED);
    Hold second = acquire(lock, SHARED);
    get(threads.submit(first::unlock));
    assertThat(first.state()).isEqualTo(HoldState.RELEASED);
    assertThatThrownBy(first::unlock).isInstanceOf(IllegalStateException.class);
    second.ensureHeld();
    assertThat(queue()).hasSize(1);
    get(second.unlockAsync());
    assertThat(queue()).isEmpty();
  }

  @Test
  void row18_redisson1160_467_setsInOppositeOrder_doNotDeadlock() throws Exception {
    CountingCoordinator coordinator = counting(ensemble.connectString(), LONG);
    List<Future<?>> users = new ArrayList<>();
    for (Lockspace node : List.of(open(coordinator), open())) {
      List<ClusterLock> locks = List.of(node.allocate(name + " a"), node.allocate(name + " b"));
      boolean forwards = users.isEmpty();
      Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
      set.put(locks.get(forwards ? 0 : 1), EXCLUSIVE);
      set.put(locks.get(forwards ? 1 : 0), EXCLUSIVE);
      users.add(
          threads.submit(
              () -> {
                for (int i = 0; i < 25; i++) {
                  try (HoldSet holds = node.acquireAll(set)) {
                    holds.holds().forEach(Hold::ensureHeld);
                  }
                }
                return null;
              }));
    }
    for (Future<?> user : users) {
      get(user);
    }
    List<String> prefixes =
        List.of(
            LAYOUT.lock(LockName.of(name + " a")).lock() + "/x-",
            LAYOUT.lock(LockName.of(name + " b")).lock() + "/x-");
    for (List<WriteOp> transaction : coordinator.transactions()) {
      long created =
          transaction.stream()
              .filter(WriteOp.Create.class::isInstance)
              .filter(write -> prefixes.stream().anyMatch(write.path()::startsWith))
              .count();
      assertThat(created).as("requests created together").isIn(0L, 2L);
    }
  }

  @Test
  void row22_springIntegration11044_11113_heldLocks_areNotEvicted() throws Exception {
    Lockspace node =
        closing(
            builder(ensemble.connectString(), LONG)
                .maxCachedGrants(0)
                .idleTime(Duration.ofMillis(1))
                .open());
    List<Hold> held = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      held.add(acquire(node.allocate(name + i, CACHED), i % 2 == 0 ? EXCLUSIVE : SHARED));
    }
    ClusterLock idle = node.allocate(name, CACHED);
    release(acquire(idle, EXCLUSIVE));
    awaitQueue(0); // evicted
    for (Hold hold : held) {
      hold.ensureHeld();
      LockPaths held1 = LAYOUT.lock(hold.lock().name());
      assertThat(Queue.of(children(held1.lock())).entries()).hasSize(1);
      release(hold);
    }
  }

  @Test
  void row23_hazelcast17709_triesWhileHeld_leaveNothing() throws Exception {
    CountingCoordinator coordinator = counting(ensemble.connectString(), LONG);
    Lockspace node = open(coordinator);
    ClusterLock lock =
        node.allocate(
            name, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK, LockProperty.USE_SEMAPHORE);
    Hold hold = acquire(lock, EXCLUSIVE);
    eventually("all is answered", coordinator::isSettled);
    coordinator.clear();
    for (int i = 0; i < 20_000; i++) {
      assertThat(lock.tryAcquire(i % 2 == 0 ? EXCLUSIVE : SHARED)).isNull();
    }
    assertThat(coordinator.transactions()).isEmpty();
    LockspaceDump.LocalEntry local =
        node.dump().locks().stream()
            .filter(entry -> entry.name().equals(lock.name()))
            .map(entry -> Objects.requireNonNull(entry.local()))
            .findFirst()
            .orElseThrow();
    assertThat(local.localWaiters()).isZero();
    assertThat(local.exclusiveHolds()).isEqualTo(1);

    for (int i = 0; i < 50; i++) {
      assertThat(theirs.tryAcquire(EXCLUSIVE)).isNull();
    }
    awaitQueue(1);
    assertThat(children(paths.version())).hasSize(1);
    release(hold);
  }

  @Test
  void row27_ocfs2_hook_mayTakeOtherClusterLocks() throws Exception {
    Lockspace node = open();
    ClusterLock inner = node.allocate("inner of " + name);
    ClusterLock theirInner = closing(other.allocate("inner of " + name, CACHED));
    release(acquire(theirInner, EXCLUSIVE)); // so that it has to be recalled
    ClusterLock lock =
        node.allocate(
            LockName.of(name),
            LockOptions.of(CACHED).withDemoteHook(demotion -> release(acquire(inner, EXCLUSIVE))));
    release(acquire(lock, EXCLUSIVE));
    release(acquire(theirs, EXCLUSIVE));
    assertThat(inner.stats().grants()).isEqualTo(1);
  }

  @Test
  void row28_gfs2_invalidation_comesBeforeTheRelease() throws Exception {
    CountDownLatch invalidating = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicBoolean invalidated = new AtomicBoolean();
    ClusterLock lock =
        open()
            .allocate(
                LockName.of(name),
                LockOptions.of(CACHED)
                    .withDemoteHook(
                        demotion -> {
                          invalidating.countDown();
                          await(goOn);
                          invalidated.set(true);
                        }));
    release(acquire(lock, EXCLUSIVE));
    Entry own = queue().get(0);
    CompletableFuture<Hold> next = theirs.acquireAsync(EXCLUSIVE);
    CompletableFuture<Boolean> inOrder = setWhenGranted(next, invalidated);
    await(invalidating);
    assertThat(queue().get(0)).isEqualTo(own);
    goOn.countDown();
    assertThat(get(inOrder)).isTrue();
    release(get(next));
  }

  @Test
  void row29_ocfs2_deadOwner_isToldUntilRecovered() throws Exception {
    CuratorFramework client = client(ensemble.connectString(), SHORT);
    Hold hold = acquire(openOn(client).allocate(name), EXCLUSIVE);
    client.close(); // dead, as far as the others can see
    assertThat(hold.state()).isEqualTo(HoldState.LOST);

    ClusterLock thirds = open().allocate(name);
    for (ClusterLock lock : List.of(theirs, thirds, theirs)) {
      Hold told = acquire(lock, EXCLUSIVE);
      assertThat(told.freshness()).isEqualTo(Freshness.OWNER_DIED);
      release(told);
    }
    recover(acquire(thirds, EXCLUSIVE));
    Hold after = acquire(theirs, EXCLUSIVE);
    assertThat(after.freshness()).isEqualTo(Freshness.MODIFIED);
    release(after);
  }

  @Test
  void row30_zookeeper4306_entriesOfASession_areBounded() throws Exception {
    int maxBytes = 400;
    Lockspace node = open(counting(ensemble.connectString(), LONG), maxBytes);
    List<Hold> held = new ArrayList<>();
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < maxBytes; i++) {
                held.add(acquire(node.allocate(100 + i), EXCLUSIVE));
              }
            })
        .isInstanceOf(LimitExceededException.class);
    assertThat(held).isNotEmpty();
    assertThat(entryBytes(100, maxBytes)).isLessThanOrEqualTo(maxBytes);
    for (Hold hold : held) {
      hold.ensureHeld();
      release(hold);
    }

    for (int i = 0; i < 20; i++) { // what is idle makes room
      release(acquire(node.allocate(1_000 + i, CACHED), EXCLUSIVE));
      assertThat(entryBytes(1_000, i + 1)).isLessThanOrEqualTo(maxBytes);
    }
  }

  private static int entryBytes(long fromNumber, int count) throws Exception {
    int bytes = 0;
    for (long number = fromNumber; number < fromNumber + count; number++) {
      LockPaths lock = LAYOUT.lock(LockName.of(number));
      for (Entry entry : Queue.of(children(lock.lock())).entries()) {
        bytes += lock.entry(entry).length();
      }
    }
    return bytes;
  }
}
