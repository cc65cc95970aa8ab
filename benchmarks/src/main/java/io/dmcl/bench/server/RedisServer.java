package io.dmcl.bench.server;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A Redis server on the loopback interface. One: Redisson's locks are made for one. */
final class RedisServer implements AutoCloseable {
  static final String COMMAND = "redis-server";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final ServerProcess process;
  private final int port;

  /** Starts it; with {@code fsync} every write is on the disk before it is answered. */
  RedisServer(Path directory, boolean fsync) throws IOException, InterruptedException {
    port = Ports.free(1).get(0);
    List<String> command =
        List.of(
            COMMAND,
            "--bind",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--dir",
            directory.toString(),
            "--save",
            "",
            "--appendonly",
            "yes",
            "--appendfsync",
            fsync ? "always" : "no");
    process = ServerProcess.start(command, directory.resolve("log"));
    try {
      Ports.awaitListener(port, process, PATIENCE);
    } catch (IOException | InterruptedException e) {
      process.close();
      throw e;
    }
  }

  String address() {
    return "redis://127.0.0.1:" + port;
  }

  @Override
  public void close() {
    process.close();
  }
}
