package io.dmcl.lock.zookeeper;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A fixture: a node in a process of its own, which can be paused and killed. */
final class ChildNode implements AutoCloseable {
  private static final String SIGN = "@";
  private static final String GONE = "gone";

  private final Process process;
  private final BufferedWriter commands;
  private final BlockingQueue<String> replies = new LinkedBlockingQueue<>();

  ChildNode(String connectString, Duration sessionTimeout, Duration tick, String lock)
      throws IOException {
    process =
        new ProcessBuilder(
                List.of(
                    ProcessHandle.current().info().command().orElse("java"),
                    "-XX:TieredStopAtLevel=1",
                    "-Xmx128m",
                    "-cp",
                    System.getProperty("surefire.test.class.path", classPath()),
                    ChildNode.class.getName(),
                    connectString,
                    Long.toString(sessionTimeout.toMillis()),
                    Long.toString(tick.toMillis()),
                    lock))
            .redirectErrorStream(true)
            .start();
    commands =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    Thread reader = new Thread(this::readReplies, "child-replies");
    reader.setDaemon(true);
    reader.start();
  }

  private static String classPath() {
    return System.getProperty("java.class.path");
  }

  private void readReplies() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(SIGN)) {
          replies.add(line.substring(SIGN.length()));
        } else {
          System.out.println("child: " + line);
        }
      }
    } catch (IOException e) {
      // It was killed.
    }
    replies.add(GONE);
  }

  /** Sends a command and returns the reply. */
  private String ask(String command) throws Exception {
    commands.write(command + "\n");
    commands.flush();
    String reply = replies.poll(Patience.LIMIT.toSeconds(), TimeUnit.SECONDS);
    if (reply == null || reply.equals(GONE)) {
      throw new AssertionError("the child did not answer " + command);
    }
    return reply;
  }

  /** Acquires EXCLUSIVE and returns the token. */
  long acquire() throws Exception {
    return Long.parseLong(ask("acquire"));
  }

  /** The freshness of the present hold. */
  String freshness() throws Exception {
    return ask("freshness");
  }

  /** The state of the present hold. */
  String state() throws Exception {
    return ask("state");
  }

  /** When the present hold said last that it was held. */
  long lastClaimNanos() throws Exception {
    return Long.parseLong(ask("claim"));
  }

  /** Unlocks; the simple name of the exception, or {@code unlocked}. */
  String unlock() throws Exception {
    return ask("unlock");
  }

  /** Closes the lockspace and ends the process. */
  void exit() throws Exception {
    ask("exit");
    process.waitFor();
  }

  void pause() throws Exception {
    signal("STOP");
  }

  void resume() throws Exception {
    signal("CONT");
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    var unused = process.destroyForcibly();
    process.waitFor();
  }

  private void signal(String name) throws Exception {
    int status =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    if (status != 0) {
      throw new IllegalStateException("kill -" + name + " ended with " + status);
    }
  }

  @Override
  public void close() throws InterruptedException {
    kill();
  }

  // --- the child

  /** The process. */
  public static void main(String[] args) throws Exception {
    try (Lockspace node =
            ZooKeeperLockspace.connect(args[0])
                .sessionTimeout(Duration.ofMillis(Long.parseLong(args[1])))
                .tick(Duration.ofMillis(Long.parseLong(args[2])))
                .open();
        ClusterLock lock = node.allocate(args[3], LockProperty.CACHE_WR_LK);
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      obey(lock, in);
    }
    reply("closed");
  }

  private static void obey(ClusterLock lock, BufferedReader in) throws Exception {
    Hold hold = null;
    Claim claim = null;
    for (String command = in.readLine(); command != null; command = in.readLine()) {
      switch (command) {
        case "acquire":
          hold = Patience.acquire(lock, LockMode.EXCLUSIVE);
          claim = new Claim(hold);
          reply(Long.toString(hold.token()));
          break;
        case "freshness":
          reply(Objects.requireNonNull(hold).freshness().toString());
          break;
        case "state":
          reply(Objects.requireNonNull(hold).state().toString());
          break;
        case "claim":
          reply(Long.toString(Objects.requireNonNull(claim).lastNanos()));
          break;
        case "unlock":
          Objects.requireNonNull(claim).close();
          reply(unlock(Objects.requireNonNull(hold)));
          break;
        case "exit":
          return;
        default:
          throw new IllegalArgumentException(command);
      }
    }
    Runtime.getRuntime().halt(1); // the parent is gone
  }

  private static String unlock(Hold hold) {
    try {
      hold.unlock();
      return "unlocked";
    } catch (LockException e) {
      return e.getClass().getSimpleName();
    }
  }

  private static void reply(String text) {
    System.out.println(SIGN + text);
  }
}
