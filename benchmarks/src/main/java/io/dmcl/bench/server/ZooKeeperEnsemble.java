package io.dmcl.bench.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

/** Three ZooKeeper servers on the loopback interface, each in a JVM of its own. */
final class ZooKeeperEnsemble implements AutoCloseable {
  /** A million locks need more than two; what is not needed is not taken. */
  private static final String MAX_HEAP = "-Xmx4g";

  private static final int SERVERS = 3;
  private static final int PORTS_EACH = 3;
  private static final int TICK_MS = 2_000;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final List<ServerProcess> processes = new ArrayList<>();
  private final List<Integer> clientPorts;
  private final String connectString;

  /** Starts the servers and waits until they form an ensemble. */
  ZooKeeperEnsemble(Path directory, boolean fsync) throws IOException, InterruptedException {
    List<Integer> ports = Ports.free(SERVERS * PORTS_EACH);
    StringBuilder members = new StringBuilder();
    for (int i = 0; i < SERVERS; i++) {
      members.append(
          String.format(
              "server.%d=127.0.0.1:%d:%d%n",
              i + 1, ports.get(SERVERS + i), ports.get(2 * SERVERS + i)));
    }
    clientPorts = List.copyOf(ports.subList(0, SERVERS));
    connectString =
        clientPorts.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    try {
      for (int i = 0; i < SERVERS; i++) {
        processes.add(
            start(directory.resolve("zookeeper-" + (i + 1)), i + 1, ports.get(i), members, fsync));
      }
      for (int i = 0; i < SERVERS; i++) {
        Ports.awaitListener(ports.get(i), processes.get(i), PATIENCE);
      }
      awaitQuorum();
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private static ServerProcess start(
      Path directory, int id, int clientPort, CharSequence members, boolean fsync)
      throws IOException {
    Path data = Files.createDirectories(directory);
    Files.writeString(data.resolve("myid"), Integer.toString(id));
    Path config = data.resolve("zoo.cfg");
    Files.writeString(
        config,
        String.format(
            "dataDir=%s%nclientPort=%d%nclientPortAddress=127.0.0.1%ntickTime=%d%ninitLimit=10%n"
                + "syncLimit=5%nmaxClientCnxns=0%nadmin.enableServer=false%n4lw.commands.whitelist=srvr,mntr%n%s",
            data, clientPort, TICK_MS, members));
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            MAX_HEAP,
            "-XX:-UsePerfData",
            "-Dzookeeper.forceSync=" + (fsync ? "yes" : "no"),
            Server.class.getName(),
            config.toString());
    return ServerProcess.start(command, data.resolve("log"));
  }

  private void awaitQuorum() throws IOException, InterruptedException {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper client =
        new ZooKeeper(
            connectString,
            (int) PATIENCE.toMillis(),
            event -> {
              if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
              }
            });
    try {
      if (!connected.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("the servers form no ensemble");
      }
    } finally {
      client.close();
    }
  }

  /** What the servers have done so far. */
  EnsembleLoad load() throws IOException {
    List<Map<String, Long>> said = new ArrayList<>();
    for (int port : clientPorts) {
      said.add(Counters.of(port));
    }
    return EnsembleLoad.of(said, processes.stream().map(ServerProcess::cpu).toList());
  }

  /**
   * The bytes of live objects on the heap of a server, garbage collected before; the least of all
   * servers'.
   */
  long liveHeap() throws IOException, InterruptedException {
    long least = Long.MAX_VALUE;
    for (ServerProcess process : processes) {
      least = Math.min(least, LiveHeap.of(process.pid()));
    }
    return least;
  }

  List<Long> pids() {
    return processes.stream().map(ServerProcess::pid).toList();
  }

  String connectString() {
    return connectString;
  }

  @Override
  public void close() {
    processes.forEach(ServerProcess::close);
    processes.clear();
  }
}
