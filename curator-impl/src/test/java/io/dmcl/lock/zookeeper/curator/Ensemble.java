package io.dmcl.lock.zookeeper.curator;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.command.FourLetterCommands;

/** A fixture: a running ensemble of three servers, and what can be done to it. */
final class Ensemble implements AutoCloseable {
  private static final int SERVERS = 3;
  private static final String FOUR_LETTER_WORDS = "zookeeper.4lw.commands.whitelist";

  private final TestingCluster cluster;

  private Ensemble(TestingCluster cluster) {
    this.cluster = cluster;
  }

  static Ensemble start() throws Exception {
    System.setProperty(FOUR_LETTER_WORDS, "*");
    FourLetterCommands.resetWhiteList();
    TestingCluster cluster = new TestingCluster(SERVERS);
    cluster.start();
    return new Ensemble(cluster);
  }

  @Override
  public void close() throws IOException {
    cluster.close();
  }

  String connectString() {
    return cluster.getConnectString();
  }

  /** A started client. */
  CuratorFramework client(Duration sessionTimeout) {
    CuratorFramework client = builder(sessionTimeout).build();
    client.start();
    return client;
  }

  CuratorFrameworkFactory.Builder builder(Duration sessionTimeout) {
    return CuratorFrameworkFactory.builder()
        .connectString(connectString())
        .sessionTimeoutMs((int) sessionTimeout.toMillis())
        .connectionTimeoutMs(10_000)
        .retryPolicy(new RetryOneTime(100));
  }

  /** The server that the handle is connected to. */
  InstanceSpec serverOf(ZooKeeper handle) throws Exception {
    return cluster.findConnectionInstance(handle);
  }

  void kill(InstanceSpec server) throws Exception {
    cluster.killServer(server);
  }

  void restart(InstanceSpec server) throws Exception {
    cluster.restartServer(server);
  }

  /** The paths that are watched at any of the servers, once for each session that watches. */
  List<String> watchedPaths() throws IOException {
    List<String> paths = new ArrayList<>();
    for (InstanceSpec server : cluster.getInstances()) {
      String path = "";
      for (String line : ask(server, "wchp").lines().toList()) {
        if (line.startsWith("/")) {
          path = line;
        } else if (line.startsWith("\t0x")) {
          paths.add(path);
        }
      }
    }
    return paths;
  }

  private static String ask(InstanceSpec server, String word) throws IOException {
    try (Socket socket = new Socket(server.getHostname(), server.getPort())) {
      socket.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
