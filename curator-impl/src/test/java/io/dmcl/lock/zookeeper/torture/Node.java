package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.zookeeper.Link;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/** A node as seen from outside: its process, and its links to the servers. */
final class Node implements AutoCloseable {
  private final Options options;
  private final int number;
  private final int port;
  private final Random random;
  private final History history;
  private final List<Link> links = new ArrayList<>();
  private int incarnation;
  private ChildProcess process;
  private StateBoard board;
  private boolean killed;

  Node(Options options, int number, Servers servers, int port, History history, Random random)
      throws IOException {
    this.options = options;
    this.number = number;
    this.port = port;
    this.history = history;
    this.random = random;
    for (int server = 0; server < Servers.COUNT; server++) {
      links.add(new Link(servers.clientPort(server)));
    }
    start();
  }

  /** Starts a new incarnation. */
  void start() throws IOException {
    incarnation++;
    killed = false;
    Path file = options.out().resolve("states-" + name());
    board = StateBoard.at(file, options.resources());
    history.tell("nemesis", "started node=" + name());
    process =
        ChildProcess.start(
            NodeProgram.class,
            options.out().resolve("node-" + number + ".log"),
            List.of(
                name(),
                Integer.toString(port),
                links.stream().map(Link::address).collect(Collectors.joining(",")),
                Long.toString(options.sessionTimeout().toMillis()),
                Long.toString(Options.TICK.toMillis()),
                Long.toString(random.nextLong()),
                Integer.toString(options.resources()),
                file.toString(),
                Long.toString(number * 10_000L + incarnation),
                options.lie().name()));
  }

  /** Kills it, and says so when it is dead. */
  void kill() throws InterruptedException {
    killed = true;
    process.kill();
    history.tell("nemesis", "killed node=" + name());
  }

  /** It has ended by itself; another incarnation takes its place. */
  void bury() throws IOException {
    history.tell("nemesis", "killed node=" + name());
    start();
  }

  /** The node and its incarnation. */
  String name() {
    return "n" + number + '.' + incarnation;
  }

  int number() {
    return number;
  }

  ChildProcess process() {
    return process;
  }

  List<Link> links() {
    return links;
  }

  Set<ProtocolState> states() {
    return board.states();
  }

  /** Whether it has ended by itself. */
  boolean hasEnded() {
    return !killed && !process.isAlive();
  }

  /** Whether it has begun to use its locks. */
  boolean isAtWork() {
    return process.isAlive() && !board.states().isEmpty();
  }

  @Override
  public void close() throws IOException, InterruptedException {
    process.kill();
    for (Link link : links) {
      link.close();
    }
  }
}
