package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.LockspaceDump.LocalEntry;
import io.dmcl.lock.LockspaceDump.LockEntry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.test.InstanceSpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * After any mix of giving up, losing connections and closing, the queues hold exactly what is held
 * or waited for, and the servers have the watches that they had before.
 */
@Timeout(240)
class NothingLeftIT {
  private static final Duration SESSION_TIMEOUT = Ensemble.TICK.multipliedBy(20);
  private static final int NODES = 4;
  private static final int LOCKS = 5;
  private static final int THREADS_EACH = 3;
  private static final int ROUNDS = 60;

  private final List<CuratorFramework> clients = new ArrayList<>();
  private final List<Lockspace> nodes = new ArrayList<>();
  private final List<List<ClusterLock>> locks = new ArrayList<>();
  private Ensemble ensemble;
  private Lockspace observer;
  private ExecutorService threads;

  @BeforeEach
  void open() throws Exception {
    ensemble = Ensemble.start();
    threads = Executors.newCachedThreadPool();
    observer = openNode();
    for (int i = 0; i < NODES; i++) {
      nodes.add(openNode());
      locks.add(allocate(i));
    }
    for (Lockspace node : nodes) { // everybody has a session, and what belongs to it
      release(acquire(node.allocate("warm-up"), EXCLUSIVE));
    }
  }

  private Lockspace openNode() {
    CuratorFramework client = ensemble.client(SESSION_TIMEOUT);
    clients.add(client);
    return ZooKeeperLockspace.on(client).name("left").tick(Ensemble.TICK).open();
  }

  private List<ClusterLock> allocate(int node) {
    LockProperty[][] properties = {
      {},
      {LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK},
      {LockProperty.CACHE_RD_LK},
      {LockProperty.CACHE_WR_LK, LockProperty.USE_SEMAPHORE}
    };
    List<ClusterLock> own = new ArrayList<>();
    for (int lock = 0; lock < LOCKS; lock++) {
      own.add(
          nodes.get(node).allocate("mix-" + lock, properties[(node + lock) % properties.length]));
    }
    return own;
  }

  @AfterEach
  void close() throws Exception {
    threads.shutdownNow();
    nodes.parallelStream().forEach(Lockspace::close);
    observer.close();
    clients.forEach(CuratorFramework::close);
    ensemble.close();
  }

  @Test
  void randomMix_cancelTimeoutInterruptRestart_leavesNothingBehind() throws Exception {
    long seed = System.nanoTime();
    int watchesBefore = awaitSteadyWatches();
    AtomicBoolean over = new AtomicBoolean();
    Future<?> disturbance = threads.submit(() -> disturb(new Random(seed), over));
    List<Future<?>> done = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      for (int thread = 0; thread < THREADS_EACH; thread++) {
        Random random = new Random(seed + 1 + (long) i * THREADS_EACH + thread);
        int node = i;
        done.add(threads.submit(() -> useAtRandom(node, random)));
      }
    }
    try {
      for (Future<?> one : done) {
        assertThat(one).as("seed %d", seed).succeedsWithin(Duration.ofSeconds(120));
      }
    } finally {
      over.set(true);
    }
    get(disturbance);

    for (int lock = 0; lock < LOCKS; lock++) {
      assertQueueIsWhatIsGranted(lock, seed);
    }
    for (List<ClusterLock> own : locks) {
      for (ClusterLock lock : own) {
        get(lock.drop());
      }
    }
    for (ClusterLock lock : locks.get(0)) {
      recoverIfDead(lock);
    }
    eventually("no queue has anything; seed " + seed, this::queuesAreEmpty);
    eventually(
        "the watches are " + watchesBefore + "; seed " + seed,
        () -> ensemble.watchCount() == watchesBefore);

    // What is closed takes everything with it.
    nodes.parallelStream().forEach(Lockspace::close);
    LockspaceDump dump = observer.dump();
    assertThat(dump.nodes()).as("seed %d", seed).hasSize(1);
    assertThat(dump.locks())
        .allSatisfy(lock -> assertThat(lock.deadIntents()).as("dead; seed %d", seed).isEmpty());
  }

  /** The watches that clients and nodes need for themselves. */
  private int awaitSteadyWatches() throws Exception {
    int[] last = {-1, 0};
    eventually(
        "the watches do not change",
        () -> {
          int now = ensemble.watchCount();
          last[1] = now == last[0] ? last[1] + 1 : 0;
          last[0] = now;
          return last[1] > 100;
        });
    return last[0];
  }

  /** Restarts servers and breaks connections. */
  private Void disturb(Random random, AtomicBoolean over) throws Exception {
    for (InstanceSpec server : ensemble.servers()) {
      if (over.get()) {
        break;
      }
      for (int i = 0; i < 3; i++) {
        CuratorFramework client = clients.get(random.nextInt(clients.size()));
        client.getZookeeperClient().getZooKeeper().getTestable().closeSocket();
        client.blockUntilConnected();
      }
      ensemble.kill(server);
      ensemble.restart(server);
      for (CuratorFramework client : clients) {
        client.blockUntilConnected();
      }
    }
    return null;
  }

  private Void useAtRandom(int node, Random random) throws Exception {
    for (int round = 0; round < ROUNDS; round++) {
      ClusterLock lock = locks.get(node).get(random.nextInt(LOCKS));
      LockMode mode = random.nextBoolean() ? EXCLUSIVE : SHARED;
      try {
        switch (random.nextInt(8)) {
          case 0 -> endIfGranted(cancelled(lock.acquireAsync(mode), random));
          case 1 -> end(lock.tryAcquire(mode, Duration.ofMillis(random.nextInt(10))), random);
          case 2 -> end(lock.tryAcquire(mode), random);
          case 3 -> interrupted(lock, mode, random);
          case 4 -> sets(node, random);
          case 5 -> upgraded(lock, random);
          case 6 -> {
            var unused = lock.drop();
          }
          default -> end(acquire(lock, mode), random);
        }
      } catch (LockLostException e) {
        // A server was away for too long for the lease. Not what is tested here.
      }
    }
    return null;
  }

  private static CompletableFuture<Hold> cancelled(CompletableFuture<Hold> future, Random random) {
    for (int i = random.nextInt(2_000); i > 0; i--) {
      Thread.onSpinWait();
    }
    future.cancel(false);
    return future;
  }

  private static void endIfGranted(CompletableFuture<Hold> future) {
    if (!future.isCancelled()) {
      future.join().unlock();
    }
  }

  private static void interrupted(ClusterLock lock, LockMode mode, Random random) throws Exception {
    CompletableFuture<Hold> result = new CompletableFuture<>();
    Thread caller =
        new Thread(
            () -> {
              try {
                result.complete(acquire(lock, mode));
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    caller.start();
    for (int i = random.nextInt(2_000); i > 0; i--) {
      Thread.onSpinWait();
    }
    caller.interrupt();
    try {
      get(result).unlock();
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(InterruptedException.class);
    }
  }

  private void sets(int node, Random random) throws InterruptedException {
    Map<ClusterLock, LockMode> wanted = new LinkedHashMap<>();
    for (ClusterLock lock : locks.get(node)) {
      if (random.nextBoolean()) {
        wanted.put(lock, random.nextBoolean() ? EXCLUSIVE : SHARED);
      }
    }
    if (!wanted.isEmpty()) {
      try (HoldSet set =
          nodes.get(node).tryAcquireAll(wanted, Duration.ofMillis(random.nextInt(40)))) {
        assertThat(set == null || set.holds().size() == wanted.size()).isTrue();
      }
    }
  }

  private static void upgraded(ClusterLock lock, Random random) throws InterruptedException {
    try (Hold hold = acquire(lock, SHARED)) {
      boolean unused = hold.tryUpgrade(Duration.ofMillis(random.nextInt(10)));
    }
  }

  private static void end(@Nullable Hold hold, Random random) {
    if (hold == null) {
      return;
    }
    if (hold.mode() == EXCLUSIVE) {
      hold.markRecovered(); // whoever was lost on the way
      hold.setValue(new byte[random.nextInt(100)]);
      if (random.nextInt(4) == 0) {
        hold.downgrade();
      }
    }
    hold.unlock();
  }

  /** An entry of a node is in the queue if, and only if, the node knows that it has it. */
  private void assertQueueIsWhatIsGranted(int lock, long seed) {
    eventually(
        "the queue of lock " + lock + " is what is granted; seed " + seed,
        () -> {
          Set<String> granted = new HashSet<>();
          for (Lockspace node : nodes) {
            LocalEntry local = entry(node, lock).local();
            if (Objects.requireNonNull(local).granted() != null) {
              granted.add(node.nodeId());
            }
          }
          LockEntry entry = entry(observer, lock);
          Set<String> queued =
              entry.queue().stream()
                  .map(request -> Objects.requireNonNull(request.node()).nodeId())
                  .collect(toSet());
          return queued.equals(granted) && entry.queue().size() == granted.size();
        });
  }

  private LockEntry entry(Lockspace node, int lock) throws InterruptedException {
    return node.dump().locks().stream()
        .filter(entry -> entry.name().equals(locks.get(0).get(lock).name()))
        .findFirst()
        .orElseThrow();
  }

  private static void recoverIfDead(ClusterLock lock) throws Exception {
    Hold hold = acquire(lock, EXCLUSIVE);
    hold.markRecovered();
    release(hold);
    get(lock.drop());
  }

  private boolean queuesAreEmpty() throws Exception {
    return observer.dump().locks().stream()
        .allMatch(lock -> lock.queue().isEmpty() && lock.deadIntents().isEmpty());
  }

  @Test
  void close_whileManyWaitAndHold_leavesNothingBehind() throws Exception {
    Lockspace closing = openNode();
    ClusterLock held = nodes.get(0).allocate("closing");
    Hold holder = acquire(held, EXCLUSIVE);
    ClusterLock lock = closing.allocate("closing", LockProperty.CACHE_RD_LK);
    List<CompletableFuture<Hold>> waiters = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      waiters.add(lock.acquireAsync(i % 2 == 0 ? SHARED : EXCLUSIVE));
    }
    for (int i = 0; i < 50; i++) {
      acquire(closing.allocate("cached-" + i, LockProperty.CACHE_WR_LK), EXCLUSIVE).unlock();
    }

    closing.close();

    for (CompletableFuture<Hold> waiter : waiters) {
      assertThat(waiter)
          .failsWithin(Patience.LIMIT)
          .withThrowableOfType(ExecutionException.class)
          .withCauseInstanceOf(LockspaceClosedException.class);
    }
    assertThat(observer.dump().locks())
        .allSatisfy(
            entry -> {
              assertThat(entry.queue()).hasSize(entry.name().equals(held.name()) ? 1 : 0);
              assertThat(entry.deadIntents()).isEmpty();
            });
    release(holder);
  }

  @Test
  void free_handleWithMonitorListener_takesItsWatchAway() throws Exception {
    int watchesBefore = awaitSteadyWatches();
    ClusterLock lock =
        nodes
            .get(0)
            .allocate(
                LockName.of("monitored"),
                LockOptions.of().withMonitorListener((monitored, version) -> {}));
    release(acquire(lock, EXCLUSIVE));
    eventually("it is watched", () -> ensemble.watchCount() == watchesBefore + 1);

    get(lock.freeAsync());

    eventually("it is not any more", () -> ensemble.watchCount() == watchesBefore);
  }
}
