package io.dmcl.lock.zookeeper;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Reports what very many locks take: {@code [--locks N] [--connect host:port,…]}. Without {@code
 * --connect} on three servers in a process of their own, so that the heap is the node's alone.
 */
public final class Scale {
  private static final String LOCKSPACE = "scale";
  private static final String SERVERS = "--servers";
  private static final int GRANTS_EACH_SESSION = 5_000;
  private static final int AT_ONCE = 2_000;
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);
  private static final MemoryMXBean MEMORY = ManagementFactory.getMemoryMXBean();

  private final int count;
  private final String connectString;
  private final CuratorFramework observer;

  private Scale(int count, String connectString) {
    this.count = count;
    this.connectString = connectString;
    observer =
        CuratorFrameworkFactory.newClient(
            connectString, (int) SESSION_TIMEOUT.toMillis(), 8_000, new RetryOneTime(1_000));
  }

  /** Runs the command. */
  public static void main(String[] args) throws Exception {
    setLogLevel(org.slf4j.Logger.ROOT_LOGGER_NAME, Level.ERROR);
    int count = 100_000;
    String connectString = null;
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--locks" -> count = Integer.parseInt(args[++i]);
        case "--connect" -> connectString = args[++i];
        case SERVERS -> {
          serve();
          return;
        }
        default -> {
          System.err.println("usage: scale [--locks N] [--connect HOST:PORT,...]");
          System.exit(2);
        }
      }
    }
    if (connectString != null) {
      new Scale(count, connectString).report();
      return;
    }
    Process servers = startServers();
    try {
      new Scale(count, connectStringOf(servers)).report();
    } finally {
      servers.getOutputStream().close();
      servers.waitFor();
    }
  }

  private static void setLogLevel(String logger, Level level) {
    ((Logger) LoggerFactory.getLogger(logger)).setLevel(level);
  }

  // --- the servers

  private static Process startServers() throws Exception {
    return new ProcessBuilder(
            ProcessHandle.current().info().command().orElse("java"),
            "-Dzookeeper.admin.enableServer=false",
            "-cp",
            System.getProperty("java.class.path"),
            Scale.class.getName(),
            SERVERS)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static String connectStringOf(Process servers) throws Exception {
    String line =
        new BufferedReader(new InputStreamReader(servers.getInputStream(), StandardCharsets.UTF_8))
            .readLine();
    if (line == null) {
      throw new IllegalStateException("the servers did not start");
    }
    return line;
  }

  /** The process of the servers: says where they are, and ends with its input. */
  private static void serve() throws Exception {
    setLogLevel("org.apache.zookeeper.server", Level.OFF); // they complain when they are stopped
    PrintStream answers = System.out;
    System.setOut(System.err); // where the logs go
    try (Ensemble ensemble = Ensemble.startQuick()) {
      answers.println(ensemble.connectString());
      while (System.in.read() >= 0) {
        // Nobody says anything.
      }
    }
  }

  // --- the report

  private void report() throws Exception {
    observer.start();
    int sessions = count / GRANTS_EACH_SESSION + 1;
    line("locks", count);
    line("sessions of the node", sessions);
    long empty = usedHeap();
    try (Lockspace node = open(sessions)) {
      warmUp(node);
      long opened = usedHeap();
      line("heap of an open lockspace, bytes a session", (opened - empty) / sessions);

      List<ClusterLock> locks = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        locks.add(node.allocate("lock-" + i, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK));
      }
      long allocated = usedHeap();
      line("heap of an allocated lock, bytes", (allocated - opened) / count);

      long znodes = znodes();
      timed("first acquire of all, EXCLUSIVE, seconds", () -> acquireAll(locks));
      long cached = usedHeap();
      line("heap of a cached lock, bytes more than that", (cached - allocated) / count);
      line("znodes of a cached EXCLUSIVE lock", perLock(znodes() - znodes));
      timed("acquire of all, cached, seconds", () -> acquireAll(locks));
      timed("release of all, seconds", () -> dropAll(locks));
      line("znodes of a lock that nobody has", perLock(znodes() - znodes));
      timed("acquire of all again, seconds", () -> acquireAll(locks));
      timed("close with all cached, seconds", node::close);
      try (Lockspace last = open(1)) {
        timed("purge of all, seconds", last::purgeUnused);
      }
    } finally {
      observer.close();
    }
  }

  private Lockspace open(int sessions) {
    return ZooKeeperLockspace.connect(connectString)
        .name(LOCKSPACE)
        .sessionTimeout(SESSION_TIMEOUT)
        .sessions(sessions)
        .idleTime(Duration.ZERO)
        .maxCachedGrants(Integer.MAX_VALUE)
        .closeTimeout(Duration.ofMinutes(10))
        .open();
  }

  /** Until every session is there. */
  private void warmUp(Lockspace node) throws Exception {
    try (ClusterLock lock = node.allocate("warm-up")) {
      lock.acquire(LockMode.EXCLUSIVE).unlock();
    }
    while (node.dump().nodes().size() < count / GRANTS_EACH_SESSION + 1) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
  }

  private static void acquireAll(List<ClusterLock> locks) throws Exception {
    Deque<CompletableFuture<Hold>> underWay = new ArrayDeque<>();
    for (ClusterLock lock : locks) {
      underWay.add(lock.acquireAsync(LockMode.EXCLUSIVE));
      if (underWay.size() == AT_ONCE) {
        underWay.remove().get().unlock();
      }
    }
    while (!underWay.isEmpty()) {
      underWay.remove().get().unlock();
    }
  }

  private static void dropAll(List<ClusterLock> locks) throws Exception {
    List<CompletableFuture<Void>> underWay = new ArrayList<>();
    for (ClusterLock lock : locks) {
      underWay.add(lock.drop());
    }
    for (CompletableFuture<Void> one : underWay) {
      one.get();
    }
  }

  private long znodes() throws Exception {
    return observer
        .getZookeeperClient()
        .getZooKeeper()
        .getAllChildrenNumber("/dmcl/" + LOCKSPACE + "/locks");
  }

  private String perLock(long znodes) {
    return String.format("%.2f", (double) znodes / count);
  }

  private static long usedHeap() throws InterruptedException {
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      TimeUnit.MILLISECONDS.sleep(100);
      used = Math.min(used, MEMORY.getHeapMemoryUsage().getUsed());
    }
    return used;
  }

  private interface Task {
    void run() throws Exception;
  }

  private static void timed(String what, Task task) throws Exception {
    long began = System.nanoTime();
    task.run();
    line(what, String.format("%.2f", (System.nanoTime() - began) / 1e9));
  }

  private static void line(String what, @Nullable Object value) {
    System.out.printf("%-50s %12s%n", what, value);
  }
}
