package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.zookeeper.Ports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.zookeeper.server.ZooKeeperServerMain;
import org.awaitility.Awaitility;

/**
 * A fixture: one real server in a process of its own, because its security settings are system
 * properties.
 */
final class ServerProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Path directory;
  private final int port;
  private final Process process;

  private ServerProcess(Path directory, int port, Process process) {
    this.directory = directory;
    this.port = port;
    this.process = process;
  }

  /**
   * Starts a server and waits until it listens.
   *
   * @param portKey {@code clientPort} or {@code secureClientPort}
   * @param settings further lines of its configuration
   * @param properties its system properties
   */
  static ServerProcess start(
      Path directory, String portKey, Map<String, String> settings, Map<String, String> properties)
      throws IOException {
    int port = Ports.free(1).get(0);
    List<String> lines = new ArrayList<>();
    lines.add(portKey + "=" + port);
    lines.add(portKey + "Address=127.0.0.1");
    lines.add("dataDir=" + directory.resolve("data"));
    lines.add("tickTime=500");
    lines.add("admin.enableServer=false");
    settings.forEach((key, value) -> lines.add(key + "=" + value));
    Path configuration = Files.write(directory.resolve("zoo.cfg"), lines);

    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx128m");
    properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(ZooKeeperServerMain.class.getName());
    command.add(configuration.toString());
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("server.log").toFile())
            .start();
    ServerProcess server = new ServerProcess(directory, port, process);
    Awaitility.await()
        .alias("the server listens; see " + directory.resolve("server.log"))
        .atMost(PATIENCE)
        .until(server::listens);
    return server;
  }

  private boolean listens() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
      return true;
    } catch (IOException e) {
      if (!process.isAlive()) {
        throw new IllegalStateException("The server has ended: " + directory, e);
      }
      return false;
    }
  }

  String connectString() {
    return "127.0.0.1:" + port;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.destroy();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
