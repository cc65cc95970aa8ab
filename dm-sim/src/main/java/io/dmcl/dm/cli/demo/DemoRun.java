package io.dmcl.dm.cli.demo;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.StaleTokenException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One run of the demo: servers, table, nodes, three phases, verification. {@link #close} undoes
 * everything, whatever was reached, and may come from another thread in the middle of it.
 */
final class DemoRun extends ClosingRun {
  private static final int SEGMENTS_PER_NODE = 4;
  private static final int RECORDS = 32;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration WARM_UP = Duration.ofSeconds(1);
  private static final Duration BEFORE_DEATH = Duration.ofSeconds(1);
  private static final String NON_CACHED = "non-cached";
  private static final String CACHED = "cached";

  private final Settings settings;
  private final Progress progress;
  private final TableShape shape;
  private final Report report = new Report();

  private final List<NodeProcess> nodes = new ArrayList<>();
  private final Deaths deaths = new Deaths();

  /**
   * What was asked for.
   *
   * @param phase how long a phase is
   * @param connectString of an ensemble that is there, or null
   * @param tick of that ensemble
   * @param ignoreFreshness whether node 1 has the fault
   */
  record Settings(
      int nodes,
      Duration phase,
      long seed,
      @Nullable String connectString,
      Duration tick,
      boolean ignoreFreshness) {}

  /** How a node is started. */
  private interface NodeStart {
    NodeProcess start(int node) throws IOException;
  }

  DemoRun(Settings settings, Progress progress) {
    this.settings = settings;
    this.progress = progress;
    shape = new TableShape(settings.nodes(), SEGMENTS_PER_NODE, RECORDS);
  }

  /** Runs it all; whether nothing was lost and nothing was stale. */
  @Override
  protected boolean run() throws Exception {
    Path directory = closeLater(new WorkDirectory()).path();
    Path file = directory.resolve(NodeCommand.TABLE);
    TableFile.create(file, shape);
    TableFile table = closeLater(TableFile.open(file, shape));
    Servers servers = startServers(directory);
    LockRoot root = new LockRoot(servers);
    if (!servers.areEmbedded()) {
      closeLater(root); // after the nodes, which come later
    }
    NodeStart start = node -> startNode(node, servers, root, directory);
    startNodes(start);

    begin(NON_CACHED);
    watch("warming up", WARM_UP);
    report.warmedUp(end());
    report.nonCached(phase(NON_CACHED));
    tour();
    report.cached(phase(CACHED));
    tour();
    report.died(deathPhase(start, table));
    tour();

    for (NodeProcess node : nodes) {
      node.order("exit");
    }
    for (NodeProcess node : nodes) {
      node.await("bye", PATIENCE);
      node.awaitEnd(PATIENCE);
    }
    report.leftBehind(root.removeAll(shape));
    report.verified(
        shape, Verification.of(table, shape, Journal.readAll(directory)), deaths.problems());
    report.lines().forEach(progress::line);
    return report.isGood();
  }

  private Servers startServers(Path directory) throws Exception {
    String connectString = settings.connectString();
    if (connectString == null) {
      progress.say("starting 3 ZooKeeper servers in this process");
    }
    Servers servers =
        closeLater(
            connectString == null
                ? Servers.start(directory)
                : Servers.at(connectString, settings.tick()));
    progress.say("ZooKeeper is at %s", servers.connectString());
    return servers;
  }

  private void startNodes(NodeStart start) throws Exception {
    for (int node = 1; node <= settings.nodes(); node++) {
      nodes.add(start.start(node));
    }
    for (NodeProcess node : nodes) {
      node.await("ready", PATIENCE);
    }
    progress.say(
        "%d nodes: processes %s; %d segments of %d records, each with a lock",
        nodes.size(),
        nodes.stream().map(node -> Long.toString(node.pid())).collect(Collectors.joining(", ")),
        shape.segments(),
        shape.records());
  }

  private NodeProcess startNode(int node, Servers servers, LockRoot root, Path directory)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--dir=" + directory,
                "--connect=" + servers.connectString(),
                "--root=" + root.path(),
                "--node=" + node,
                "--seed=" + settings.seed(),
                "--session-timeout-ms=" + servers.sessionTimeout().toMillis(),
                "--tick-ms=" + servers.tick().toMillis(),
                "--shape",
                Integer.toString(shape.nodes()),
                Integer.toString(shape.segmentsPerNode()),
                Integer.toString(shape.records())));
    if (settings.ignoreFreshness() && node == 1) {
      arguments.add("--ignore-freshness");
    }
    return closeLater(NodeProcess.start(node, directory, NodeCommand.NAME, arguments, this::heard));
  }

  // --- the phases

  private PhaseResult phase(String mode) throws InterruptedException {
    begin(mode);
    watch(mode, settings.phase());
    return end();
  }

  private void begin(String mode) throws InterruptedException {
    for (NodeProcess node : nodes) {
      node.order("prepare " + mode);
    }
    for (NodeProcess node : nodes) {
      node.await("prepared", PATIENCE);
    }
    for (NodeProcess node : nodes) {
      node.order("go");
    }
  }

  /** Lets them work, and says every second how far they have come. */
  private void watch(String what, Duration length) throws InterruptedException {
    long end = System.nanoTime() + length.toNanos();
    while (true) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        return;
      }
      TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.SECONDS.toNanos(1)));
      progress.say(
          "%s: %,d operations", what, nodes.stream().mapToLong(NodeProcess::operations).sum());
    }
  }

  private PhaseResult end() throws InterruptedException {
    for (NodeProcess node : nodes) {
      node.order("stop");
    }
    return collect("done");
  }

  private void tour() throws InterruptedException {
    for (NodeProcess node : nodes) {
      node.order("tour");
    }
    report.toured(collect("toured"));
  }

  private PhaseResult collect(String word) throws InterruptedException {
    PhaseResult sum = new PhaseResult();
    for (NodeProcess node : nodes) {
      sum.addAll(PhaseResult.parse(node.await(word, PATIENCE)));
    }
    return sum;
  }

  private PhaseResult deathPhase(NodeStart start, TableFile table) throws Exception {
    begin(CACHED);
    watch("cached, before a death", BEFORE_DEATH);
    int index = (int) Math.floorMod(-settings.seed(), (long) settings.nodes());
    NodeProcess victim = nodes.get(index);
    victim.order("die");
    String[] where = victim.await("midwrite", PATIENCE).split(" ", -1);
    int segment = Integer.parseInt(where[0]);
    int record = Integer.parseInt(where[1]);
    long token = Long.parseLong(where[2]);
    boolean torn = !Content.isWhole(table.read(segment), segment, record);
    deaths.expect(segment, record);
    victim.kill();
    progress.say(
        "node %d (process %d) was killed with SIGKILL in the middle of a write: segment %d, record"
            + " %d%s",
        victim.node(), victim.pid(), segment, record, torn ? " is torn" : "");

    NodeProcess heir = start.start(victim.node());
    nodes.set(index, heir);
    heir.await("ready", PATIENCE);
    heir.order("prepare cached");
    heir.await("prepared", PATIENCE);
    report.repaired(deaths.awaitRepair(PATIENCE), torn); // by one of those that live
    heir.order("go");
    progress.say("node %d is back as process %d", heir.node(), heir.pid());

    watch("cached, after a death", settings.phase());
    PhaseResult result = end();
    report.fenced(isRefused(table, segment, token), token);
    return result;
  }

  /** Whether the table refuses the dead node, should it wake up. */
  private static boolean isRefused(TableFile table, int segment, long token) throws IOException {
    try {
      table.read(segment, LockMode.EXCLUSIVE, token);
      return false;
    } catch (StaleTokenException e) {
      return true;
    }
  }

  private void heard(NodeProcess from, String line) {
    if (line.startsWith("repaired ")) {
      String[] where = line.split(" ", -1);
      int segment = Integer.parseInt(where[1]);
      int record = Integer.parseInt(where[2]);
      double seconds = deaths.repaired(from.node(), segment, record);
      progress.say(
          "node %d was told OWNER_DIED for segment %d%s%s",
          from.node(),
          segment,
          record < 0 ? ", found nothing torn" : ", put record " + record + " back",
          seconds < 0
              ? " and went on"
              : String.format(Locale.ROOT, " and went on, %.1f s after the death", seconds));
    } else {
      progress.say("node %d: %s", from.node(), line);
    }
  }
}
