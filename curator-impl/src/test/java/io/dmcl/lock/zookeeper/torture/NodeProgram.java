package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.zookeeper.Ensemble;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;

/**
 * A node's process. It uses the locks until it is told by its standard input to {@code stop}; then
 * {@code rest}: give up what it keeps; {@code exit}: close and end. {@code expire}: end the session
 * as if it had expired. It says so in the history when it has done what it was told.
 */
public final class NodeProgram {
  /** How a node can be made to lie, to see that it is found out. */
  enum Lie {
    NONE,
    /** Whatever it was told, it goes on with its copy. */
    FRESHNESS,
    /** It takes its holds for valid when they are lost. */
    LEASE
  }

  private static final long LONG_HOLDS_NANOS = TimeUnit.SECONDS.toNanos(8);

  final StateBoard board;
  final Random random;
  final Duration sessionTimeout;
  final List<Use> uses = new ArrayList<>();

  private final String who;
  private final int port;
  private final long numberBase;
  private final Lie lie;
  private final Wire wire;
  private final CuratorFramework client;
  private final Lockspace lockspace;
  private final List<Thread> workers = new ArrayList<>();
  private final ExecutorService reporter =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "reporter");
            thread.setDaemon(true);
            return thread;
          });
  private final AtomicLong heldLongNanos = new AtomicLong(System.nanoTime());
  private volatile boolean stopping;

  /** Until the node knows that its session is over. */
  private volatile CountDownLatch expiring = new CountDownLatch(1);

  private NodeProgram(String[] args) throws Exception {
    who = args[0];
    port = Integer.parseInt(args[1]);
    sessionTimeout = Duration.ofMillis(Long.parseLong(args[3]));
    random = new Random(Long.parseLong(args[5]));
    int locks = Integer.parseInt(args[6]);
    board = StateBoard.at(Path.of(args[7]), locks);
    numberBase = Long.parseLong(args[8]) << 32;
    lie = Lie.valueOf(args[9]);
    wire = connect();
    client = client(args[2]);
    lockspace =
        ZooKeeperLockspace.on(client)
            .tick(Duration.ofMillis(Long.parseLong(args[4])))
            .idleTime(Duration.ofSeconds(3))
            .listener(new Listener())
            .open();
    for (int i = 0; i < locks; i++) {
      uses.add(new Use(this, lockspace, i, properties()));
    }
    for (int i = 0; i <= locks; i++) {
      Worker worker = new Worker(this, lockspace, "w" + i, random.nextLong());
      Thread thread = new Thread(worker, "worker-" + i);
      workers.add(thread);
    }
  }

  /** The process. */
  public static void main(String[] args) throws Exception {
    new NodeProgram(args).obey();
  }

  private CuratorFramework client(String connectString) {
    CuratorFramework made =
        CuratorFrameworkFactory.builder()
            .connectString(connectString)
            .sessionTimeoutMs((int) sessionTimeout.toMillis())
            .connectionTimeoutMs(10_000)
            .ensembleTracker(false)
            .retryPolicy(new RetryNTimes(100, 100))
            .build();
    made.getConnectionStateListenable()
        .addListener(
            (framework, state) -> {
              board.set(0, ProtocolState.RECONNECTING, !state.isConnected());
              if (state == ConnectionState.LOST) {
                uses.forEach(use -> board.set(use.index, ProtocolState.CACHED, false));
              }
              tell("connection state=%s", state);
            });
    made.start();
    return made;
  }

  private Set<LockProperty> properties() {
    Set<LockProperty> properties = EnumSet.noneOf(LockProperty.class);
    for (LockProperty property : LockProperty.values()) {
      boolean caching =
          property == LockProperty.CACHE_RD_LK || property == LockProperty.CACHE_WR_LK;
      if (random.nextInt(10) < (caching ? 6 : 3)) {
        properties.add(property);
      }
    }
    return properties;
  }

  Wire connect() throws IOException {
    return new Wire(port, who);
  }

  /** The numbers of this node's writes are larger. */
  long numberBase() {
    return numberBase;
  }

  boolean liesOfFreshness() {
    return lie == Lie.FRESHNESS;
  }

  boolean liesOfLease() {
    return lie == Lie.LEASE;
  }

  /** Now and then somebody keeps a hold for about as long as a lease. */
  boolean mayHoldLong() {
    long now = System.nanoTime();
    long last = heldLongNanos.get();
    return !stopping && now - last > LONG_HOLDS_NANOS && heldLongNanos.compareAndSet(last, now);
  }

  boolean hooksMayFail() {
    return !stopping;
  }

  boolean isStopping() {
    return stopping;
  }

  /** Tells the history, some time later. */
  void tell(String format, Object... args) {
    reporter.execute(() -> wire.ask(format, args));
  }

  /** Something happened that must not. */
  void broke(Throwable cause) {
    cause.printStackTrace();
    tell("broke error=%s", cause.toString().replaceAll("\\s+", "_"));
  }

  private final class Listener implements LockspaceListener {
    @Override
    public void sessionLost(Lockspace of) {
      expiring.countDown();
      tell("session state=lost");
    }

    @Override
    public void sessionEstablished(Lockspace of) {
      tell("session state=established");
    }

    @Override
    public void releaseFailed(ClusterLock lock, LockException cause) {
      tell("failed-release lock=%s cause=%s", lock.name().name(), cause.getClass().getSimpleName());
    }

    @Override
    public void failed(Lockspace of, LockException cause) {
      broke(cause);
    }
  }

  private void obey() throws Exception {
    workers.forEach(Thread::start);
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String order = orders.readLine(); order != null; order = orders.readLine()) {
      switch (order) {
        case "expire" -> expire();
        case "stop" -> {
          stopping = true;
          for (Thread worker : workers) {
            worker.join();
          }
          tell("stopped");
        }
        case "rest" -> {
          for (Use use : uses) {
            use.lock.drop().get();
          }
          tell("rested");
        }
        case "exit" -> {
          exit();
          return;
        }
        default -> throw new IllegalArgumentException(order);
      }
    }
    Runtime.getRuntime().halt(1); // nobody is there to tell what to do
  }

  private void expire() {
    Thread thread =
        new Thread(
            () -> {
              CountDownLatch lost = new CountDownLatch(1);
              expiring = lost;
              try {
                Ensemble.expire(client, () -> lost.await(10, TimeUnit.SECONDS));
              } catch (Exception e) {
                tell("not-expired cause=%s", e.getClass().getSimpleName());
              }
            },
            "expire");
    thread.setDaemon(true);
    thread.start();
  }

  private void exit() throws Exception {
    for (Use use : uses) {
      use.lock.free();
    }
    lockspace.close();
    client.close();
    CompletableFuture<Void> told = CompletableFuture.runAsync(() -> wire.ask("exited"), reporter);
    told.get(10, TimeUnit.SECONDS);
    System.exit(0);
  }
}
