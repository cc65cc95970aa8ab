package io.dmcl.lock.zookeeper.torture;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** A Java process of the cluster, small, that can be killed, paused, and told by lines. */
final class ChildProcess implements AutoCloseable {
  private static final List<String> JAVA_OPTIONS =
      List.of(
          "-XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC",
          "-XX:-UsePerfData",
          "-Xmx96m",
          "-Dzookeeper.admin.enableServer=false",
          // SIGKILL does not lose what the system has been given; only a crash of the machine
          // would.
          "-Dzookeeper.forceSync=no",
          "-Dzookeeper.preAllocSize=1024",
          "-Dzookeeper.4lw.commands.whitelist=srvr,wchp");

  private final Process process;

  private ChildProcess(Process process) {
    this.process = process;
  }

  /** Starts one; what it prints goes to the log. */
  static ChildProcess start(Class<?> program, Path log, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JAVA_OPTIONS);
    command.add(program.getName());
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return new ChildProcess(builder.start());
  }

  boolean isAlive() {
    return process.isAlive();
  }

  int exitValue() {
    return process.exitValue();
  }

  /** Writes a line to its standard input; nothing happens if it has ended. */
  void order(String line) {
    try {
      OutputStream orders = process.getOutputStream();
      orders.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      orders.flush();
    } catch (IOException e) {
      // It has ended, which will be seen.
    }
  }

  boolean awaitEnd(Duration timeout) throws InterruptedException {
    return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** SIGKILL; returns when it is dead. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /**
   * SIGSTOP, and SIGCONT when the time is over, by a process of its own: nobody stays stopped
   * because this one has ended.
   */
  Process pause(Duration time) throws IOException {
    String script =
        String.format(
            Locale.ROOT,
            "kill -STOP %1$d; sleep %2$.3f; kill -CONT %1$d",
            process.pid(),
            time.toMillis() / 1e3);
    return new ProcessBuilder("sh", "-c", script).start();
  }

  /** What its threads are doing goes to its log. */
  void dumpThreads() throws IOException, InterruptedException {
    new ProcessBuilder("sh", "-c", "kill -QUIT " + process.pid()).start().waitFor();
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }
}
