package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.protocol.Layout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ZKDatabase;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A lock that was used two billion times: the sequence counter of its queue is near its end, where
 * it sticks. The counter is set in a server inside of this process.
 */
@Timeout(180)
class CounterEndIT {
  private static final int NODES = 3;
  private static final int ROUNDS = 25;

  @TempDir static Path directory;

  private static ZooKeeperServer server;
  private static NIOServerCnxnFactory connections;
  private static ExecutorService threads;
  private static final List<Lockspace> nodes = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    server =
        new ZooKeeperServer(
            directory.resolve("data").toFile(),
            directory.resolve("log").toFile(),
            (int) Ensemble.TICK.toMillis());
    connections = new NIOServerCnxnFactory();
    connections.configure(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 60);
    connections.startup(server);
    threads = Executors.newCachedThreadPool();
    for (int i = 0; i < NODES; i++) {
      nodes.add(
          ZooKeeperLockspace.connect("127.0.0.1:" + connections.getLocalPort())
              .sessionTimeout(Ensemble.TICK.multipliedBy(20))
              .name("counter")
              .open());
    }
  }

  @AfterAll
  static void stop() {
    nodes.parallelStream().forEach(Lockspace::close);
    connections.shutdown();
    threads.shutdown();
  }

  private static void setCounter(ClusterLock lock, int creates) throws Exception {
    ZKDatabase data = server.getZKDatabase();
    data.getDataTree().setCversionPzxid(path(lock), creates, data.getDataTreeLastProcessedZxid());
  }

  private static int counter(ClusterLock lock) {
    return server.getZKDatabase().getNode(path(lock)).stat.getCversion();
  }

  private static String path(ClusterLock lock) {
    return new Layout("/dmcl", "counter").lock(lock.name()).lock();
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        (1 << 30) - 4, // from here on the lock is made anew
        Integer.MAX_VALUE - (1 << 20) - 4, // from here on new requests withdraw until that is done
        Integer.MAX_VALUE - 4,
        Integer.MAX_VALUE // from here on all entries get the same number
      })
  void lock_counterNearItsEnd_goesOnWorking(int creates) throws Exception {
    long seed = System.nanoTime();
    List<ClusterLock> locks = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      String name = "late-" + creates;
      locks.add(
          i == 0
              ? nodes.get(i).allocate(name, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK)
              : nodes.get(i).allocate(name));
    }
    Hold first = acquire(locks.get(1), EXCLUSIVE);
    first.setValue(bytes(0));
    release(first);
    setCounter(locks.get(1), creates);

    Shared shared = new Shared();
    List<Future<?>> done = new ArrayList<>();
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    for (int i = 0; i < NODES; i++) {
      ClusterLock lock = locks.get(i);
      Random random = new Random(seed + i);
      done.add(
          threads.submit(
              () -> {
                int known = 0;
                try {
                  for (int round = 0; round < ROUNDS && failures.isEmpty(); round++) {
                    known = shared.use(lock, random.nextBoolean() ? EXCLUSIVE : SHARED, known);
                  }
                } catch (Throwable e) {
                  failures.add(e);
                }
              }));
    }
    for (Future<?> one : done) {
      get(one);
    }
    if (!failures.isEmpty()) {
      throw new AssertionError("the first failure; seed " + seed, failures.element());
    }

    locks.forEach(ClusterLock::free);
    Hold last = acquire(nodes.get(0).allocate("late-" + creates), EXCLUSIVE);
    assertThat(ByteBuffer.wrap(last.value()).getInt()).isEqualTo(shared.writes.get());
    assertThat(last.freshness()).isNotEqualTo(Freshness.OWNER_DIED);
    release(last);
    get(last.lock().freeAsync());
    assertThat(counter(last.lock())).as("the counter").isLessThan(1 << 30);
  }

  private static byte[] bytes(int number) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
  }

  /** What the lock protects: a number that the lock's value repeats. */
  private static final class Shared {
    final AtomicInteger writes = new AtomicInteger();
    final AtomicInteger inside = new AtomicInteger(); // 1,000 for a writer, 1 for a reader

    /** Returns the number that the node knows then. */
    int use(ClusterLock lock, LockMode mode, int known) throws InterruptedException {
      try (Hold hold = acquire(lock, mode)) {
        int weight = mode == EXCLUSIVE ? 1_000 : 1;
        int now = inside.addAndGet(weight);
        assertThat(mode == EXCLUSIVE ? now == 1_000 : now < 1_000).as("excludes: %d", now).isTrue();
        int number = ByteBuffer.wrap(hold.value()).getInt();
        assertThat(number).as("the value").isEqualTo(writes.get());
        if (!hold.freshness().mustReload()) {
          assertThat(number).as("unchanged").isEqualTo(known);
        }
        assertThat(hold.freshness()).isNotEqualTo(Freshness.OWNER_DIED);
        if (mode == EXCLUSIVE) {
          number = writes.incrementAndGet();
          hold.setValue(bytes(number));
        }
        hold.ensureHeld();
        inside.addAndGet(-weight);
        return number;
      }
    }
  }
}
