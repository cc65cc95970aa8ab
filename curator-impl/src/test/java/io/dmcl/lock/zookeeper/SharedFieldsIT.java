package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.Sets;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.curator.framework.CuratorFramework;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The fields that several threads use without being the event loop, as seen while they do: those
 * are volatile, or there is a reason why they need not be.
 */
@Timeout(120)
class SharedFieldsIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(20);
  private static final int THREADS = 4;
  private static final int ROUNDS = 75;

  /** Those that are not volatile, and the reads of which come after the writes all the same. */
  private static final Set<String> ORDERED =
      Set.of(
          // written before Call.decided, and read after that
          "WaitingCaller.grant",
          "WaitingCaller.news",
          "GrantHold$UpgradeCall.grant",
          "GrantHold$UpgradeCall.told",
          // written once, before there is a grant
          "Request.token",
          // guarded by the outlet's lock, which is another object's
          "Request.answered",
          // of the coordinator's own thread
          "CuratorCoordinator.reason",
          "CuratorCoordinator.withoutConnection",
          "CuratorCoordinator.withoutConnectionSinceNanos",
          // a count that may miss some
          "HoldWord.hits");

  /** Those that are volatile, and are not seen here to need it. */
  private static final Set<String> UNSEEN =
      Set.of(
          // written through a VarHandle
          "HoldWord.word",
          "GrantHold.state",
          // written with, or before, something else that is volatile
          "Grant.freshness",
          "Grant.version",
          "SessionLease.begun",
          // read only if a hook, or the lockspace, is over while somebody uses it
          "GrantDemotion.ended",
          "Promises.failure",
          "ThreadLoop.broken");

  @Test
  void fields_usedByManyThreadsWithoutALock_areVolatile() throws Exception {
    WatchedLoader loader = new WatchedLoader();
    long seed = System.nanoTime();
    try (Ensemble ensemble = Ensemble.startQuick();
        CuratorFramework client = ensemble.client(SESSION_TIMEOUT)) {
      Method use =
          loader
              .loadClass(SharedFieldsIT.class.getName())
              .getDeclaredMethod("use", String.class, CuratorFramework.class, long.class);
      use.setAccessible(true);
      use.invoke(null, ensemble.connectString(), client, seed);
    }
    assertThat(loader.volatiles()).containsAll(UNSEEN);
    Set<String> shared = FieldAccesses.shared();
    assertThat(shared).as("seed %d", seed).containsAll(Sets.difference(loader.volatiles(), UNSEEN));
    assertThat(shared)
        .as("seed %d", seed)
        .isSubsetOf(Sets.union(loader.volatiles(), Sets.union(loader.safe(), ORDERED)));
  }

  // --- in the loader

  private static void use(String connectString, CuratorFramework client, long seed)
      throws Exception {
    List<Lockspace> nodes = new ArrayList<>();
    nodes.add(
        ZooKeeperLockspace.connect(connectString)
            .sessionTimeout(SESSION_TIMEOUT)
            .tick(Ensemble.QUICK_TICK)
            .idleTime(Duration.ofMillis(50))
            .open());
    nodes.add(ZooKeeperLockspace.on(client).tick(Ensemble.QUICK_TICK).open());
    ExecutorService threads = Executors.newCachedThreadPool();
    List<Future<?>> users = new ArrayList<>();
    for (Lockspace node : nodes) {
      List<ClusterLock> locks = new ArrayList<>();
      locks.add(node.allocate("uncached"));
      locks.add(node.allocate("cached", LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK));
      locks.add(
          node.allocate(
              LockName.of("hook"),
              LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK)
                  .withDemoteHook(demotion -> {})));
      Patience.release(Patience.acquire(locks.get(0), EXCLUSIVE)); // there is a session
      for (int i = 0; i < THREADS; i++) {
        Random random = new Random(seed++);
        users.add(threads.submit(() -> use(node, locks, random, threads)));
      }
    }
    for (Future<?> user : users) {
      Patience.get(user);
    }
    lose(nodes.get(1), client, threads);
    recover(nodes.get(0), threads);
    close(nodes, threads);
    threads.shutdown();
  }

  /** A hold in the hands of one thread, while others see its session and lease come and go. */
  private static void lose(Lockspace node, CuratorFramework client, ExecutorService threads)
      throws Exception {
    Hold hold = Patience.acquire(node.allocate("lost"), EXCLUSIVE);
    List<HoldState> told = new CopyOnWriteArrayList<>();
    Patience.get(threads.submit(() -> hold.addListener((of, state) -> told.add(state))));
    client.getZookeeperClient().getZooKeeper().getTestable().closeSocket();
    Patience.eventually(
        "it is told of both", () -> told.containsAll(List.of(HoldState.JEOPARDY, HoldState.HELD)));
    Ensemble.expire(client, hold::state);
    Patience.eventually("it is lost", () -> hold.state() == HoldState.LOST);
    assertThat(hold.leaseRemainingNanos()).isZero();
  }

  /** A grant after a dead owner, which one thread repairs, and another looks at. */
  private static void recover(Lockspace node, ExecutorService threads) throws Exception {
    ClusterLock lock = node.allocate("lost", LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);
    Hold dead = Patience.acquire(lock, EXCLUSIVE);
    assertThat(dead.freshness()).isEqualTo(Freshness.OWNER_DIED);
    Patience.get(threads.submit(() -> look(dead)));
    Patience.release(dead);
    Patience.get(lock.drop());
    Hold hold = Patience.acquire(lock, SHARED);
    for (Callable<?> step :
        List.<Callable<?>>of(() -> hold.tryUpgrade(Patience.LIMIT), () -> downgrade(hold))) {
      Patience.get(threads.submit(() -> look(hold)));
      Patience.get(threads.submit(step));
      look(hold);
    }
    Patience.release(hold);
  }

  private static void close(List<Lockspace> nodes, ExecutorService threads) throws Exception {
    for (Lockspace node : nodes) {
      ClusterLock lock = node.allocate("closed", LockProperty.USE_SEMAPHORE);
      CompletableFuture<Hold> holder = lock.acquireAsync(EXCLUSIVE);
      CompletableFuture<Hold> waiter = lock.acquireAsync(SHARED);
      assertThat(Patience.get(holder).state()).isEqualTo(HoldState.HELD);
      Patience.get(threads.submit(node::close));
      assertThat(waiter).isCompletedExceptionally();
      assertThatThrownBy(() -> lock.acquire(SHARED)).isInstanceOf(LockspaceClosedException.class);
    }
  }

  private static Void use(
      Lockspace node, List<ClusterLock> locks, Random random, ExecutorService threads)
      throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      ClusterLock lock = locks.get(random.nextInt(locks.size()));
      LockMode mode = random.nextBoolean() ? EXCLUSIVE : SHARED;
      switch (random.nextInt(12)) {
        case 0 -> {
          CompletableFuture<Hold> asked = lock.acquireAsync(mode);
          if (!asked.cancel(false)) {
            asked.join().unlock();
          }
        }
        case 1 -> Patience.get(lock.drop());
        case 2 -> node.stats();
        case 3 -> {
          try (HoldSet set =
              node.acquireAll(Map.of(locks.get(0), EXCLUSIVE, locks.get(1), SHARED))) {
            set.holds().forEach(Hold::ensureHeld);
          }
        }
        case 4 -> {
          Hold hold = lock.tryAcquire(mode);
          if (hold != null) {
            hold.unlock();
          }
        }
        default -> {
          Hold hold = Patience.acquire(lock, mode);
          Patience.get(threads.submit(() -> look(hold)));
          if (mode == EXCLUSIVE && random.nextBoolean()) {
            hold.downgrade();
          } else if (mode == SHARED && random.nextBoolean()) {
            hold.tryUpgrade(Duration.ofMillis(50));
          }
          look(hold);
          Patience.get(threads.submit(hold::unlock));
        }
      }
    }
    return null;
  }

  private static LockMode downgrade(Hold hold) {
    hold.downgrade();
    return hold.mode();
  }

  private static Void look(Hold hold) {
    if (hold.freshness() == Freshness.OWNER_DIED && hold.mode() == EXCLUSIVE) {
      hold.markRecovered();
    }
    hold.ensureHeld();
    if (hold.mode() == EXCLUSIVE) {
      hold.setValue(hold.value());
    }
    assertThat(hold.token()).isPositive();
    assertThat(hold.leaseRemainingNanos()).isPositive();
    return null;
  }
}
