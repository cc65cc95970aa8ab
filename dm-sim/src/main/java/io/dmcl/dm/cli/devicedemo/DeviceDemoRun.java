package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.cli.demo.ClosingRun;
import io.dmcl.dm.cli.demo.LockRoot;
import io.dmcl.dm.cli.demo.NodeProcess;
import io.dmcl.dm.cli.demo.Progress;
import io.dmcl.dm.cli.demo.Servers;
import io.dmcl.dm.cli.demo.WorkDirectory;
import io.dmcl.dm.cli.devicedemo.Tally.Counter;
import io.dmcl.dm.cli.devicedemo.Volume.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One run of the demo. {@link #close} undoes everything, whatever was reached, and may come from
 * another thread in the middle of it.
 */
final class DeviceDemoRun extends ClosingRun {
  private final Settings settings;
  private final Progress progress;
  private final Volume volume;
  private final DeviceReport report = new DeviceReport();
  private final Tally total = new Tally();
  private String firstView = "";
  private int killedBlock;
  private long killedNanos;

  /**
   * What was asked for.
   *
   * @param phase how long a phase is
   * @param sectors of the volume
   * @param connectString of an ensemble that is there, or null
   * @param tick of that ensemble
   * @param stopAtKill whether to end when a node was killed
   * @param keep where to leave the disks, or null
   * @param damaged a block of a leg that is overwritten before the disks are compared, or null
   */
  record Settings(
      int nodes,
      Duration phase,
      long seed,
      long sectors,
      @Nullable String connectString,
      Duration tick,
      boolean stopAtKill,
      @Nullable Path keep,
      @Nullable Integer damaged) {}

  DeviceDemoRun(Settings settings, Progress progress) {
    this.settings = settings;
    this.progress = progress;
    volume = new Volume(settings.sectors(), settings.nodes());
  }

  /** Runs it all; whether every block was what it must be. */
  @Override
  protected boolean run() throws Exception {
    Path directory = closeLater(new WorkDirectory()).path();
    Disks.create(volume, directory);
    Disks disks = closeLater(Disks.open(volume, directory));
    Servers servers = startServers(directory);
    LockRoot root = new LockRoot(servers);
    if (!servers.areEmbedded()) {
      closeLater(root); // after the nodes, which come later
    }
    Cluster cluster =
        new Cluster(volume, directory, servers, root, settings.seed(), progress, this::heard);
    for (int node = 1; node <= volume.nodes(); node++) {
      closeLater(cluster.start(node));
    }
    cluster.awaitAll("ready");
    cluster.open("cached");
    progress.say(
        "%d nodes, processes %s, on a mirror of two legs of %d MiB, in sync",
        volume.nodes(),
        cluster.all().stream()
            .map(node -> Long.toString(node.pid()))
            .collect(Collectors.joining(", ")),
        volume.sectors() / 2048);

    Board board = Board.open(directory, Volume.ORIGIN, volume.blocks());
    snapshotWhileWriting(cluster, board, directory);
    if (!settings.stopAtKill()) {
      compare(cluster);
    }
    cluster.orderAll("go");
    cluster.watch("before a death", settings.phase().dividedBy(2));
    take(Snapshot.SNAP2, 2, cluster, board, directory);
    cluster.watch("before a death", settings.phase().dividedBy(2));
    kill(cluster, disks);
    if (!settings.stopAtKill()) {
      recover(cluster, disks);
      pause(cluster);
      cluster.watch("after it all", settings.phase());
      total.addAll(cluster.stop());
      verifyViews(cluster, disks, directory);
    } else {
      for (NodeProcess node : cluster.all()) {
        node.kill();
      }
      progress.say("killed the others too; comparing the disks");
      verifyDisks(disks, directory);
      report.fact(
          "%d regions are marked in the log: to be recovered by whoever opens the mirror next",
          volume.regions() - disks.cleanRegions().cardinality());
    }
    report.lines().forEach(progress::line);
    return report.isGood();
  }

  private Servers startServers(Path directory) throws Exception {
    String connectString = settings.connectString();
    if (connectString == null) {
      progress.say("starting 3 ZooKeeper servers in this process");
      return closeLater(Servers.start(directory));
    }
    return closeLater(Servers.at(connectString, settings.tick()));
  }

  // ---- phases ----

  private void snapshotWhileWriting(Cluster cluster, Board board, Path directory)
      throws IOException, InterruptedException {
    cluster.orderAll("fill");
    cluster.orderAll("go");
    cluster.watch("first writes", Duration.ofSeconds(1));
    take(Snapshot.SNAP1, 1, cluster, board, directory);
    NodeProcess reader = cluster.node(volume.nodes());
    reader.order("view " + Snapshot.SNAP1.device);
    firstView = reader.await("viewed", Cluster.PATIENCE);
    total.addAll(cluster.stop());
  }

  /** Takes a snapshot on one node while all go on, and lets the others join it. */
  private void take(Snapshot snapshot, int by, Cluster cluster, Board board, Path directory)
      throws IOException, InterruptedException {
    long begun = System.nanoTime();
    Bounds bounds =
        Bounds.around(
            board,
            volume.blocks(),
            () -> Cluster.order(cluster.node(by), "snapshot " + snapshot.device));
    progress.say(
        "node %d took %s while all write, in %.0f ms",
        by, snapshot.device, (System.nanoTime() - begun) / 1e6);
    bounds.save(directory, snapshot.device);
    for (NodeProcess node : cluster.all()) {
      if (node.node() != by) {
        Cluster.order(node, "snapshot " + snapshot.device);
      }
    }
    cluster.orderAll("use " + snapshot.device);
  }

  private void compare(Cluster cluster) throws InterruptedException {
    progress.say("writing every block once, so that both measured phases find the same");
    cluster.orderAll("fill");
    Map<String, Tally> results = new LinkedHashMap<>();
    for (String mode : List.of("non-cached", "cached")) {
      progress.say("%s: opening the devices anew", mode);
      cluster.orderAll("close");
      cluster.open(mode);
      cluster.orderAll("snapshot " + Snapshot.SNAP1.device);
      cluster.orderAll("use " + Snapshot.SNAP1.device);
      cluster.orderAll("go");
      cluster.watch(mode, settings.phase());
      Tally result = cluster.stop();
      results.put(mode, result);
      total.addAll(result);
    }
    report.compared(
        results.getOrDefault("non-cached", total), results.getOrDefault("cached", total));
  }

  private int victim() {
    return 1 + (int) Math.floorMod(settings.seed(), (long) volume.nodes());
  }

  private void kill(Cluster cluster, Disks disks) throws IOException, InterruptedException {
    NodeProcess victim = cluster.node(victim());
    String leg = Volume.LEGS.get((int) Math.floorMod(settings.seed() / volume.nodes(), 2L));
    victim.order("die " + leg);
    String[] where = victim.await("midwrite", Cluster.PATIENCE).split(" ", -1);
    killedBlock = Integer.parseInt(where[0]);
    victim.kill();
    killedNanos = System.nanoTime();
    int differences = disks.differences(killedBlock);
    progress.say(
        "node %d (process %d) was killed with SIGKILL in the middle of a write: block %d differs in"
            + " %d of 8 sectors between the legs",
        victim.node(), victim.pid(), killedBlock, differences);
    if (differences == 0) {
      report.problem("the killed node left no difference between the legs to recover from");
    }
  }

  private void recover(Cluster cluster, Disks disks) throws IOException, InterruptedException {
    NodeProcess survivor = cluster.after(victim());
    Cluster.order(survivor, "touch " + killedBlock);
    double seconds = (System.nanoTime() - killedNanos) / 1e9;
    int differences = disks.differences(killedBlock);
    if (differences != 0) {
      report.problem("block " + killedBlock + " was read before its legs were made equal");
    }
    progress.say("node %d read the block %.1f s later: recovered", survivor.node(), seconds);
    report.fact(
        "a node killed in the middle of a write: its region was recovered, and read, %.1f s later",
        seconds);
    progress.say("starting node %d again", victim());
    NodeProcess heir = cluster.start(victim());
    closeLater(heir);
    heir.await("ready", Cluster.PATIENCE);
    Cluster.order(heir, "open cached");
    for (Snapshot snapshot : Snapshot.values()) {
      Cluster.order(heir, "snapshot " + snapshot.device);
      Cluster.order(heir, "use " + snapshot.device);
    }
    Cluster.order(heir, "go");
    progress.say("node %d is back as process %d", heir.node(), heir.pid());
  }

  private void pause(Cluster cluster) throws IOException, InterruptedException {
    int number = 1 + victim() % volume.nodes();
    NodeProcess paused = cluster.node(number);
    paused.order("freeze " + Volume.LEGS.get(1));
    String[] where = paused.await("midwrite", Cluster.PATIENCE).split(" ", -1);
    Cluster.signal(paused, "STOP");
    long stopped = System.nanoTime();
    progress.say(
        "node %d was stopped with SIGSTOP in the middle of a write to block %s", number, where[0]);
    try {
      Cluster.order(cluster.after(number), "touch " + where[0]);
    } finally {
      Cluster.signal(paused, "CONT");
    }
    paused.order("thaw");
    String refused = paused.await("refused", Cluster.PATIENCE);
    double seconds = (System.nanoTime() - stopped) / 1e9;
    if (!refused.equals(where[0] + " " + where[1])) {
      report.problem("of the paused node another write was refused: " + refused);
    }
    progress.say("node %d is back after %.1f s: its write was refused", number, seconds);
    report.fact(
        "a node stopped in the middle of a write for %.1f s: the disk refused the rest of it",
        seconds);
  }

  // ---- the end ----

  /** Every node reads everything; then, when they have ended, the disks are compared. */
  private void verifyViews(Cluster cluster, Disks disks, Path directory) throws Exception {
    progress.say("verifying: every node reads every block of the origin and the snapshots");
    Map<String, String> digests = new LinkedHashMap<>();
    List<String> names = List.of(Volume.ORIGIN, Snapshot.SNAP1.device, Snapshot.SNAP2.device);
    for (String name : names) {
      for (NodeProcess node : cluster.all()) {
        node.order("view " + name);
      }
      for (NodeProcess node : cluster.all()) {
        String digest = node.await("viewed", Cluster.PATIENCE);
        String before = digests.putIfAbsent(name, digest);
        if (before != null && !before.equals(digest)) {
          report.problem("node " + node.node() + " reads " + name + " otherwise than node 1");
        }
      }
    }
    String first = digests.get(Snapshot.SNAP1.device);
    if (!firstView.equals(first)) {
      report.problem("snap1 is not what it was when it was taken");
    }
    progress.say("ending the nodes, and comparing the disks");
    cluster.orderAll("close");
    for (NodeProcess node : cluster.all()) {
      node.order("exit");
      node.await("bye", Cluster.PATIENCE);
      node.awaitEnd(Cluster.PATIENCE);
    }
    Integer damaged = settings.damaged();
    if (damaged != null) {
      Disks.damage(directory, damaged);
    }
    Map<String, String> fromDisks = verifyDisks(disks, directory);
    for (String name : names) {
      if (!String.valueOf(digests.get(name)).equals(fromDisks.get(name))) {
        report.problem(name + " is not what follows from the disks");
      }
    }
    if (disks.cleanRegions().cardinality() != volume.regions()) {
      report.problem(
          "the log has regions marked although all nodes have ended: " + disks.cleanRegions());
    }
    report.fact(
        "%,d I/Os, each read verified; %d refused to nodes that had lost their locks",
        total.ios(), total.get(Counter.REFUSED));
    report.fact("the origin and both snapshots: the same on all nodes, and as written");
  }

  private Map<String, String> verifyDisks(Disks disks, Path directory) throws IOException {
    int clean = disks.compareLegs(report::problem);
    report.fact("the legs are equal in all %d regions that the log has as clean", clean);
    Board board = Board.open(directory, Volume.ORIGIN, volume.blocks());
    Map<String, String> digests = new LinkedHashMap<>();
    String mirror =
        View.digest(
            volume, disks.mirror(), Expectation.ofOrigin(Volume.VOLUME, board), report::problem);
    digests.put(Volume.VOLUME, mirror);
    digests.put(Volume.ORIGIN, mirror);
    for (Snapshot snapshot : Snapshot.values()) {
      Board written =
          snapshot == Snapshot.SNAP2
              ? Board.open(directory, snapshot.device, volume.blocks())
              : null;
      Expectation expected =
          Expectation.ofSnapshot(snapshot.device, written, Bounds.load(directory, snapshot.device));
      digests.put(
          snapshot.device,
          View.digest(volume, disks.snapshot(snapshot), expected, report::problem));
    }
    if (!firstView.equals(digests.get(Snapshot.SNAP1.device))) {
      report.problem("snap1, as its disks have it, is not what it was when it was taken");
    }
    report.fact("%,d blocks of the mirror and of each snapshot are as written", volume.blocks());
    keep(directory, digests);
    return digests;
  }

  private void keep(Path directory, Map<String, String> digests) throws IOException {
    Path keep = settings.keep();
    if (keep == null) {
      return;
    }
    Manifest manifest = new Manifest(directory, keep);
    String mirror = digests.getOrDefault(Volume.VOLUME, "");
    manifest.device(Volume.VOLUME, volume.volumeTable(), true, mirror);
    for (Snapshot snapshot : Snapshot.values()) {
      String digest = digests.getOrDefault(snapshot.device, "");
      manifest.device(snapshot.device, volume.snapshotTable(snapshot), false, digest);
    }
    manifest.device(Volume.ORIGIN, volume.originTable(), true, mirror);
    for (int leg = 0; leg < Volume.LEGS.size(); leg++) {
      manifest.device("leg" + leg, volume.legTable(Volume.LEGS.get(leg)), true, mirror);
    }
    manifest.write(keep);
    progress.say("the disks are in %s, with manifest.json", keep);
  }

  private void heard(NodeProcess from, String line) {
    if (line.startsWith("problem ")) {
      report.problem(line.substring(line.indexOf(' ') + 1));
    }
    progress.say("node %d: %s", from.node(), line);
  }
}
