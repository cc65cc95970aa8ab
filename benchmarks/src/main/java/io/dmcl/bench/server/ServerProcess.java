package io.dmcl.bench.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server's process. It ends with this one, however this one ends, if it is a JVM of ours. */
final class ServerProcess implements AutoCloseable {
  private static final int LOG_LINES = 20;

  private final Process process;
  private final Path log;
  private final Thread atExit;

  private ServerProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
    atExit = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** Starts a command whose output goes to {@code log}. */
  static ServerProcess start(List<String> command, Path log) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return new ServerProcess(builder.start(), log);
  }

  /**
   * Returns if it is still there.
   *
   * @throws IOException with the end of its log, if it is not
   */
  void ensureAlive() throws IOException {
    if (!process.isAlive()) {
      List<String> lines = Files.readAllLines(log);
      throw new IOException(
          "a server has ended: "
              + String.join(
                  System.lineSeparator(),
                  lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size())));
    }
  }

  /** How long it has run on a processor; 0 if the operating system does not tell. */
  Duration cpu() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO);
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    boolean interrupted = Thread.interrupted();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (IllegalStateException e) {
      // this process is ending, and runs the hook
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
