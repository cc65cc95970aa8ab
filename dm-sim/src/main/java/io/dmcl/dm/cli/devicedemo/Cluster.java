package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.cli.demo.DemoFailedException;
import io.dmcl.dm.cli.demo.LockRoot;
import io.dmcl.dm.cli.demo.NodeProcess;
import io.dmcl.dm.cli.demo.Progress;
import io.dmcl.dm.cli.demo.Servers;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** The node processes, from 1 on, with what they are told together. */
final class Cluster {
  static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Volume volume;
  private final Path directory;
  private final Servers servers;
  private final LockRoot root;
  private final long seed;
  private final Progress progress;
  private final BiConsumer<NodeProcess, String> listener;
  private final List<NodeProcess> nodes = new ArrayList<>();

  Cluster(
      Volume volume,
      Path directory,
      Servers servers,
      LockRoot root,
      long seed,
      Progress progress,
      BiConsumer<NodeProcess, String> listener) {
    this.volume = volume;
    this.directory = directory;
    this.servers = servers;
    this.root = root;
    this.seed = seed;
    this.progress = progress;
    this.listener = listener;
  }

  /** Starts a process; whoever calls has to close it. */
  NodeProcess start(int node) throws IOException {
    List<String> arguments =
        List.of(
            "--dir=" + directory,
            "--connect=" + servers.connectString(),
            "--root=" + root.path(),
            "--node=" + node,
            "--nodes=" + volume.nodes(),
            "--sectors=" + volume.sectors(),
            "--seed=" + seed,
            "--session-timeout-ms=" + servers.sessionTimeout().toMillis(),
            "--tick-ms=" + servers.tick().toMillis());
    NodeProcess process =
        NodeProcess.start(node, directory, DeviceNodeCommand.NAME, arguments, listener);
    if (node <= nodes.size()) {
      nodes.set(node - 1, process);
    } else {
      nodes.add(process);
    }
    return process;
  }

  NodeProcess node(int number) {
    return nodes.get(number - 1);
  }

  /** The node after this one, and around. */
  NodeProcess after(int number) {
    return nodes.get(number % nodes.size());
  }

  List<NodeProcess> all() {
    return List.copyOf(nodes);
  }

  void awaitAll(String word) throws InterruptedException {
    for (NodeProcess node : nodes) {
      node.await(word, PATIENCE);
    }
  }

  /** Gives all an order, and waits until all have done it. */
  void orderAll(String order) throws InterruptedException {
    for (NodeProcess node : nodes) {
      node.order(order);
    }
    awaitAll(order.split(" ", 2)[0] + "-done");
  }

  static void order(NodeProcess node, String order) throws InterruptedException {
    node.order(order);
    node.await(order.split(" ", 2)[0] + "-done", PATIENCE);
  }

  /** Opens the devices on all nodes, and waits until the mirror is in sync. */
  void open(String mode) throws InterruptedException {
    orderAll("open " + mode);
    String wanted = " " + volume.regions() + "/" + volume.regions() + " ";
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() - end < 0) {
      nodes.get(0).order("status");
      if (nodes.get(0).await("status", PATIENCE).contains(wanted)) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    throw new DemoFailedException("the mirror does not get in sync");
  }

  /** Lets them work, and says every second how far they have come. */
  void watch(String what, Duration length) throws InterruptedException {
    long end = System.nanoTime() + length.toNanos();
    while (true) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return;
      }
      TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.SECONDS.toNanos(1)));
      progress.say("%s: %,d I/Os", what, nodes.stream().mapToLong(NodeProcess::operations).sum());
    }
  }

  Tally stop() throws InterruptedException {
    for (NodeProcess node : nodes) {
      node.order("stop");
    }
    Tally sum = new Tally();
    for (NodeProcess node : nodes) {
      sum.addAll(Tally.parse(node.await("done", PATIENCE)));
    }
    return sum;
  }

  /** Stops or continues a process as {@code kill -STOP} and {@code kill -CONT} do. */
  static void signal(NodeProcess node, String name) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + node.pid()).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new DemoFailedException("kill -" + name + " " + node.pid() + " failed");
    }
  }
}
