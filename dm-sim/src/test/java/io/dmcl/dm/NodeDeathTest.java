package io.dmcl.dm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.TestCluster.Arrives;
import io.dmcl.dm.TestCluster.Write;
import io.dmcl.dm.mirror.MirrorTarget;
import io.dmcl.dm.snapshot.MergeTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One of two nodes dies in each kind of write that the targets make, of which nothing, the first
 * half or all arrives; the other one goes on. What it takes is printed: the death is known at once
 * here, so a session's timeout comes on top.
 */
class NodeDeathTest {
  private static final int SECTORS = 512;
  private static final int REGION = 64;
  private static final int CHUNK = 2;
  private static final int ENTRIES = CHUNK * Bio.SECTOR / 16;
  private static final String VOL =
      "0 512 mirror disk 2 log.img " + REGION + " 2 leg0.img 0 leg1.img 0";
  private static final String ORIGIN = "0 512 snapshot-origin dev:vol";
  private static final String SNAPSHOT = "0 512 snapshot dev:vol cow.img P " + CHUNK;

  /** What the victim does when it dies. */
  private enum Work {
    WRITE_ORIGIN,
    WRITE_SNAPSHOT,
    SUSPEND,
    RESYNC,
    MERGE
  }

  /** The write that it dies in. */
  private enum Step {
    COPY_OUT(Work.WRITE_ORIGIN, write -> inStore(write) && !area(write)),
    EXCEPTION(Work.WRITE_ORIGIN, write -> inStore(write) && area(write)),
    NEXT_AREA_ZEROED(Work.WRITE_ORIGIN, write -> inStore(write) && chunk(write) == ENTRIES + 2),
    SNAPSHOT_DATA(Work.WRITE_SNAPSHOT, write -> inStore(write) && !area(write)),
    SNAPSHOT_EXCEPTION(Work.WRITE_SNAPSHOT, write -> inStore(write) && area(write)),
    REGION_MARKED(Work.WRITE_ORIGIN, write -> write.disk().equals("file:log.img")),
    FIRST_LEG(Work.WRITE_ORIGIN, write -> write.disk().equals("file:leg0.img")),
    SECOND_LEG(Work.WRITE_ORIGIN, write -> write.disk().equals("file:leg1.img")),
    REGION_CLEANED(Work.SUSPEND, write -> write.disk().equals("file:log.img")),
    RESYNC_COPIED(Work.RESYNC, write -> write.disk().equals("file:leg1.img")),
    RESYNC_LOGGED(Work.RESYNC, write -> write.disk().equals("file:log.img")),
    MERGE_COPIED(Work.MERGE, write -> write.disk().equals("file:leg0.img")),
    MERGE_ENTRIES_REMOVED(Work.MERGE, write -> inStore(write) && area(write));

    final Work work;
    final Predicate<Write> when;

    Step(Work work, Predicate<Write> when) {
      this.work = work;
      this.when = when;
    }

    private static boolean inStore(Write write) {
      return write.disk().equals("file:cow.img");
    }

    private static long chunk(Write write) {
      return write.sector() / CHUNK;
    }

    private static boolean area(Write write) {
      return chunk(write) % (ENTRIES + 1) == 1;
    }
  }

  static Stream<Arguments> deaths() {
    return Arrays.stream(Step.values())
        .flatMap(step -> Arrays.stream(Arrives.values()).map(part -> Arguments.of(step, part)));
  }

  @TempDir Path directory;

  private final Reference origin = new Reference(SECTORS);
  private Reference snap = origin;
  private long stamp = 1;

  @ParameterizedTest
  @MethodSource("deaths")
  void victimDies_survivorGoesOn_nothingLostNothingStale(Step step, Arrives arrives)
      throws IOException {
    Settings settings = Settings.DEFAULT.withBackground(false).withRangeSectors(REGION);
    try (TestCluster cluster = new TestCluster(directory, settings, 1, 0, false)) {
      for (String leg : List.of("leg0.img", "leg1.img")) {
        cluster.image(leg, SECTORS);
      }
      cluster.image("log.img", 8);
      cluster.usedImage("cow.img", SECTORS * 2);
      TestCluster.Node survivor = cluster.start();
      TestCluster.Node victim = cluster.start();
      setUp(survivor, victim, step.work);
      cluster.dieAt(step.when, arrives);
      assertThat(cluster.survives(() -> work(victim, step.work))).isFalse();

      long before = mirror(survivor).recoveredRegions();
      long start = System.nanoTime();
      recover(survivor, step.work);
      long recovered = mirror(survivor).recoveredRegions() - before;
      System.out.printf(
          "died in %s, arrived %s: %.1f ms to recover, %d regions copied%n",
          step, arrives, (System.nanoTime() - start) / 1e6, recovered);

      assertThat(recovered).isLessThanOrEqualTo(1);
      if (step == Step.FIRST_LEG || step == Step.SECOND_LEG) {
        assertThat(recovered).isEqualTo(1);
      }
      check(survivor, step.work);
      assertThat(Files.mismatch(image(cluster, 0), image(cluster, 1))).isEqualTo(-1);
    }
  }

  private static Path image(TestCluster cluster, int leg) {
    return cluster.directory().resolve("leg" + leg + ".img");
  }

  private static MirrorTarget mirror(TestCluster.Node node) throws IOException {
    return (MirrorTarget) node.dm.device("vol").targets().get(0);
  }

  /** The victim's next exception is the last of the first area. */
  private void setUp(TestCluster.Node survivor, TestCluster.Node victim, Work work)
      throws IOException {
    for (TestCluster.Node node : List.of(survivor, victim)) {
      node.dm.create("vol", VOL);
      node.dm.create("origin", ORIGIN);
    }
    int regions = SECTORS / REGION;
    for (int i = 0; i < (work == Work.RESYNC ? regions - 1 : regions); i++) {
      mirror(survivor).recoverNext();
    }
    write(survivor, "origin", 0, SECTORS - REGION);
    snap = new Reference(origin);
    survivor.dm.create("snap", SNAPSHOT);
    victim.dm.create("snap", SNAPSHOT);
    for (int i = 0; i < ENTRIES - 1; i++) {
      write(survivor, i % 2 == 0 ? "origin" : "snap", i * CHUNK, 1);
    }
    survivor.dm.suspend("vol");
    survivor.dm.resume("vol");
    if (work == Work.SUSPEND) {
      write(victim, "origin", 4 * REGION + 3, 9);
    }
    if (work == Work.MERGE) {
      survivor.dm.remove("snap");
      victim.dm.remove("snap");
      victim.dm.reload("origin", SNAPSHOT.replace("snapshot", "snapshot-merge"));
      victim.dm.resume("origin");
    }
  }

  private void work(TestCluster.Node victim, Work work) throws IOException {
    switch (work) {
      case WRITE_ORIGIN -> write(victim, "origin", 5 * REGION + 1, 9);
      case WRITE_SNAPSHOT -> write(victim, "snap", 5 * REGION + 1, 9);
      case SUSPEND -> victim.dm.suspend("vol");
      case RESYNC -> mirror(victim).recoverNext();
      case MERGE -> {
        while (merge(victim).step()) {}
      }
    }
  }

  private void write(TestCluster.Node node, String device, int from, int sectors)
      throws IOException {
    long first = stamp;
    stamp += sectors;
    boolean done = false;
    try {
      node.dm.device(device).write(from, Reference.stamped(first, sectors));
      done = true;
    } finally {
      (device.equals("origin") ? origin : snap).written(from, sectors, first, done, false);
    }
  }

  private static MergeTarget merge(TestCluster.Node node) throws IOException {
    return (MergeTarget) node.dm.device("origin").targets().get(0);
  }

  private static void recover(TestCluster.Node survivor, Work work) throws IOException {
    if (work == Work.MERGE) {
      survivor.dm.reload("origin", SNAPSHOT.replace("snapshot", "snapshot-merge"));
      survivor.dm.resume("origin");
      while (merge(survivor).step()) {}
    }
    mirror(survivor).recoverAbandoned();
    while (mirror(survivor).recoverNext()) {}
    // The first use of each part finds out what else the victim has left.
    survivor.dm.device("origin").read(0, SECTORS);
    if (work != Work.MERGE) {
      survivor.dm.device("snap").read(0, SECTORS);
    }
  }

  private void check(TestCluster.Node survivor, Work work) throws IOException {
    List<String> devices = new ArrayList<>(List.of("origin"));
    if (work != Work.MERGE) {
      devices.add("snap");
    }
    for (String device : devices) {
      Reference reference = device.equals("snap") || work == Work.MERGE ? snap : origin;
      reference.checkAll(device, survivor.dm.device(device));
      // It goes on, also in what the victim had in hand.
      survivor.dm.device(device).write(5 * REGION, Reference.stamped(stamp, 16));
      reference.written(5 * REGION, 16, stamp, true, false);
      reference.checkAll(device, survivor.dm.device(device));
      stamp += 16;
    }
    if (work == Work.MERGE) {
      assertThat(survivor.dm.status("origin").get(0))
          .endsWith(" " + 2 * CHUNK + "/" + SECTORS * 2 + " " + 2 * CHUNK);
    }
    survivor.dm.remove("snap".equals(devices.get(devices.size() - 1)) ? "snap" : "origin");
    if (work != Work.MERGE) {
      survivor.dm.remove("origin");
    }
    survivor.dm.remove("vol");
  }
}
