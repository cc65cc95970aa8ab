package io.dmcl.dm.cli.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.jspecify.annotations.Nullable;

/** The ensemble that the demo runs on: three servers in this process, or one that is there. */
public final class Servers implements AutoCloseable {
  /** Short, so that a dead node is found out soon. */
  private static final Duration EMBEDDED_TICK = Duration.ofMillis(400);

  private static final Duration EMBEDDED_SESSION_TIMEOUT = Duration.ofSeconds(3);
  private static final int EMBEDDED_SERVERS = 3;
  private static final int SESSION_TICKS = 5;

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

  /** Starts servers that keep their files in the directory. */
  public static Servers start(Path directory) throws Exception {
    List<InstanceSpec> specs = new ArrayList<>();
    for (int i = 1; i <= EMBEDDED_SERVERS; i++) {
      Path data = Files.createDirectories(directory.resolve("zookeeper-" + i));
      specs.add(
          new InstanceSpec(data.toFile(), -1, -1, -1, true, i, (int) EMBEDDED_TICK.toMillis(), -1));
    }
    TestingCluster cluster = new TestingCluster(specs);
    try {
      cluster.start();
    } catch (Exception e) {
      cluster.close();
      throw e;
    }
    return new Servers(
        cluster.getConnectString(), EMBEDDED_TICK, EMBEDDED_SESSION_TIMEOUT, cluster);
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
  public void close() throws IOException {
    try {
      if (embedded != null) {
        embedded.close();
      }
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException(e);
    }
  }
}
