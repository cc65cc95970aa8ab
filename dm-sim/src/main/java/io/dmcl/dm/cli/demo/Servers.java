package io.dmcl.dm.cli.demo;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ensemble that the demo runs on: three servers in this process, or one that is there. */
public final class Servers implements AutoCloseable {
  /** Short, so that a dead node is found out soon. */
  private static final Duration EMBEDDED_TICK = Duration.ofMillis(400);

  private static final Duration EMBEDDED_SESSION_TIMEOUT = Duration.ofSeconds(3);
  private static final int EMBEDDED_SERVERS = 3;
  private static final int PORTS_EACH = 3;

  /** Below what systems give to outgoing connections, which would take the port of a server. */
  private static final int FIRST_PORT = 12_000;

  private static final int LAST_PORT = 30_000;
  private static final int SESSION_TICKS = 5;
  private static final int START_ATTEMPTS = 3;
  private static final Duration START_TIMEOUT = Duration.ofSeconds(40);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(20);
  private static final Logger log = LoggerFactory.getLogger(Servers.class);

  private final String connectString;
  private final Duration tick;
  private final Duration sessionTimeout;
  private final @Nullable AutoCloseable embedded;

  private Servers(
      String connectString,
      Duration tick,
      Duration sessionTimeout,
      @Nullable AutoCloseable embedded) {
    this.connectString = connectString;
    this.tick = tick;
    this.sessionTimeout = sessionTimeout;
    this.embedded = embedded;
  }

  /** An ensemble that is there; {@code tick} is at least its tickTime. */
  public static Servers at(String connectString, Duration tick) {
    return new Servers(connectString, tick, tick.multipliedBy(SESSION_TICKS), null);
  }

  /**
   * Starts servers that keep their files in the directory. If they do not start, they are tried on
   * other ports.
   */
  public static Servers start(Path directory) throws Exception {
    for (int attempt = 1; ; attempt++) {
      TestingCluster cluster = cluster(directory.resolve("ensemble-" + attempt));
      try {
        within(START_TIMEOUT, "starting the servers", cluster::start);
        return new Servers(
            cluster.getConnectString(), EMBEDDED_TICK, EMBEDDED_SESSION_TIMEOUT, cluster);
      } catch (Exception e) {
        close(cluster);
        if (e instanceof InterruptedException || attempt == START_ATTEMPTS) {
          throw e;
        }
      }
    }
  }

  private static TestingCluster cluster(Path directory) throws IOException {
    List<InstanceSpec> specs = new ArrayList<>();
    Iterator<Integer> ports = freePorts(EMBEDDED_SERVERS * PORTS_EACH).iterator();
    for (int i = 1; i <= EMBEDDED_SERVERS; i++) {
      Path data = Files.createDirectories(directory.resolve("zookeeper-" + i));
      specs.add(
          new InstanceSpec(
              data.toFile(),
              ports.next(),
              ports.next(),
              ports.next(),
              true,
              i,
              (int) EMBEDDED_TICK.toMillis(),
              -1));
    }
    return new TestingCluster(specs);
  }

  /** A server that finds its port taken ends this whole process, sooner or later. */
  private static Set<Integer> freePorts(int count) {
    Set<Integer> free = new LinkedHashSet<>();
    while (free.size() < count) {
      int port = ThreadLocalRandom.current().nextInt(FIRST_PORT, LAST_PORT);
      try (ServerSocket socket = new ServerSocket(port)) {
        free.add(socket.getLocalPort());
      } catch (IOException e) {
        // somebody else has it
      }
    }
    return free;
  }

  private interface Step {
    void run() throws Exception;
  }

  /**
   * What servers do in this process is not always bounded in time: one that ends the process waits
   * for the process to end before it lets itself be closed.
   */
  private static void within(Duration limit, String what, Step step) throws Exception {
    FutureTask<Boolean> task =
        new FutureTask<>(
            () -> {
              step.run();
              return true;
            });
    Thread thread = new Thread(task, what);
    thread.setDaemon(true);
    thread.start();
    try {
      task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IOException(what + " has not ended after " + limit.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private static void close(AutoCloseable cluster) {
    try {
      within(CLOSE_TIMEOUT, "closing the servers", cluster::close);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      log.warn("the servers go with this process", e);
    }
  }

  /** Whether they are in this process. */
  public boolean areEmbedded() {
    return embedded != null;
  }

  /** As ZooKeeper's clients take it. */
  public String connectString() {
    return connectString;
  }

  /** At least the servers' tickTime. */
  public Duration tick() {
    return tick;
  }

  /** For the nodes. */
  public Duration sessionTimeout() {
    return sessionTimeout;
  }

  @Override
  public void close() {
    if (embedded != null) {
      close(embedded);
    }
  }
}
