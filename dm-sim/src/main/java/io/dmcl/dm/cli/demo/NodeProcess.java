package io.dmcl.dm.cli.demo;

import io.dmcl.dm.cli.Dmcl;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/**
 * A node's process, seen from the parent. Orders go to its standard input: {@code prepare
 * non-cached}, {@code prepare cached}, {@code go}, {@code stop}, {@code die}, {@code tour}, {@code
 * exit}. Answers come from its standard output, each a word and what belongs to it: {@code ready},
 * {@code prepared}, {@code done}, {@code toured}, {@code midwrite}, {@code bye}. What comes without
 * being asked for ({@code progress}, {@code repaired}, {@code lost}, {@code problem}) goes to a
 * listener.
 */
public final class NodeProcess implements AutoCloseable {
  /** The processes live for seconds, and there are several for few processors. */
  private static final List<String> JAVA_OPTIONS =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx128m");

  private static final String GONE = "gone";
  private static final int LOG_LINES = 20;

  private final int node;
  private final Process process;
  private final Path log;
  private final BufferedWriter orders;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private volatile long operations;

  private NodeProcess(
      int node, Process process, Path log, BiConsumer<NodeProcess, String> listener) {
    this.node = node;
    this.process = process;
    this.log = log;
    orders =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    Thread reader = new Thread(() -> read(listener), "node-" + node);
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts a process.
   *
   * @param command the command that the node is, as {@link NodeCommand}
   * @param arguments of the command
   * @param listener told, on a thread of its own, what comes without being asked for
   */
  public static NodeProcess start(
      int node,
      Path directory,
      String command,
      List<String> arguments,
      BiConsumer<NodeProcess, String> listener)
      throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    List<String> words = new ArrayList<>();
    words.add(java.toString());
    words.addAll(JAVA_OPTIONS);
    words.addAll(List.of(Dmcl.class.getName(), command));
    words.addAll(arguments);
    Path log = directory.resolve("node-" + node + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return new NodeProcess(node, builder.start(), log, listener);
  }

  /** Its number. */
  public int node() {
    return node;
  }

  /** Its process. */
  public long pid() {
    return process.pid();
  }

  /** How many operations it has done in this phase, as far as it has said. */
  public long operations() {
    return operations;
  }

  /** Sends an order. */
  public void order(String order) {
    try {
      orders.write(order);
      orders.newLine();
      orders.flush();
    } catch (IOException e) {
      throw gone();
    }
  }

  /** Waits for an answer that begins with this word, and returns what belongs to it. */
  public String await(String word, Duration timeout) throws InterruptedException {
    String answer = answers.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
    if (answer == null) {
      throw new DemoFailedException(
          "node " + node + " has not said \"" + word + "\" within " + timeout.toSeconds() + " s");
    } else if (answer.equals(GONE)) {
      throw gone();
    } else if (!answer.equals(word) && !answer.startsWith(word + " ")) {
      throw new DemoFailedException(
          "node " + node + " was to say \"" + word + "\" and said \"" + answer + "\"");
    }
    return answer.substring(Math.min(answer.length(), word.length() + 1));
  }

  /** Kills the process as {@code kill -9} does, and returns when it is dead. */
  public void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  /** Waits until the process has ended by itself. */
  public void awaitEnd(Duration timeout) throws InterruptedException {
    if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new DemoFailedException("node " + node + " does not end");
    } else if (process.exitValue() != 0) {
      throw gone();
    }
  }

  /** Kills it if it is still there. */
  @Override
  public void close() {
    process.destroyForcibly();
    boolean interrupted = Thread.interrupted();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void read(BiConsumer<NodeProcess, String> listener) {
    try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.startsWith("progress ")) {
          operations = Long.parseLong(line.substring(line.indexOf(' ') + 1));
        } else if (line.startsWith("repaired ")
            || line.startsWith("lost ")
            || line.startsWith("problem ")) {
          listener.accept(this, line);
        } else {
          answers.add(line);
        }
      }
    } catch (IOException e) {
      // as if it had ended
    }
    answers.add(GONE);
  }

  private DemoFailedException gone() {
    StringBuilder text = new StringBuilder("node " + node + " has ended");
    try {
      List<String> lines = Files.readAllLines(log);
      for (String line : lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size())) {
        text.append(System.lineSeparator()).append("  ").append(line);
      }
    } catch (IOException e) {
      text.append(", and there is no log of it");
    }
    return new DemoFailedException(text.toString());
  }
}
