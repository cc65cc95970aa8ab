package io.dmcl.bench.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Three etcd servers on the loopback interface. Each write is on the disk before it is answered:
 * the version in Debian cannot be told otherwise.
 */
final class EtcdCluster implements AutoCloseable {
  static final String COMMAND = "etcd";

  private static final int SERVERS = 3;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final List<ServerProcess> processes = new ArrayList<>();
  private final String endpoints;

  /** Starts the servers. */
  EtcdCluster(Path directory) throws IOException, InterruptedException {
    List<Integer> ports = Ports.free(2 * SERVERS);
    endpoints =
        ports.subList(0, SERVERS).stream().map(EtcdCluster::url).collect(Collectors.joining(","));
    String members =
        IntStream.range(0, SERVERS)
            .mapToObj(i -> "s" + i + "=" + url(ports.get(SERVERS + i)))
            .collect(Collectors.joining(","));
    try {
      for (int i = 0; i < SERVERS; i++) {
        Path data = Files.createDirectories(directory.resolve("server-" + i));
        String client = url(ports.get(i));
        String peer = url(ports.get(SERVERS + i));
        List<String> command =
            List.of(
                COMMAND,
                "--name=s" + i,
                "--data-dir=" + data.resolve("data"),
                "--listen-client-urls=" + client,
                "--advertise-client-urls=" + client,
                "--listen-peer-urls=" + peer,
                "--initial-advertise-peer-urls=" + peer,
                "--initial-cluster=" + members,
                "--log-level=error");
        processes.add(ServerProcess.start(command, data.resolve("log")));
      }
      for (int i = 0; i < SERVERS; i++) {
        Ports.awaitListener(ports.get(i), processes.get(i), PATIENCE);
      }
    } catch (IOException | InterruptedException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private static String url(int port) {
    return "http://127.0.0.1:" + port;
  }

  /** URLs, separated by commas. */
  String endpoints() {
    return endpoints;
  }

  @Override
  public void close() {
    processes.forEach(ServerProcess::close);
    processes.clear();
  }
}
