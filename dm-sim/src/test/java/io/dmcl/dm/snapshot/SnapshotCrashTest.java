package io.dmcl.dm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.Bio;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TestCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random I/O on an origin and its snapshots against a reference, with a crash at every write. */
class SnapshotCrashTest {
  private static final int SECTORS = 256;
  private static final String[] NAMES = {"origin", "snap1", "snap2"};

  @TempDir Path directory;

  private final Settings settings = Settings.DEFAULT.withBackground(false).withRangeSectors(64);

  @ParameterizedTest
  @CsvSource({"1,true,8", "3,true,8", "4,true,8", "2,false,8", "2,true,1"})
  void randomIo_aNodeDiesAtEachWrite_nothingLostNothingStale(int nodes, boolean caching, int chunk)
      throws IOException {
    everyWrite(nodes, caching, false, 41 + nodes, chunk, false);
  }

  @ParameterizedTest
  @CsvSource({"1,true,8", "2,true,8", "2,false,8", "2,true,1"})
  void randomIo_thePowerIsCutAtEachWrite_onlyUnflushedWritesAreLost(
      int nodes, boolean caching, int chunk) throws IOException {
    everyWrite(nodes, caching, true, 51 + nodes, chunk, false);
  }

  @ParameterizedTest
  @CsvSource({"1,false,8", "2,false,8", "1,true,8", "2,true,8", "2,true,1"})
  void merge_crashAtEachWrite_theMergedViewIsWhole(int nodes, boolean powerCut, int chunk)
      throws IOException {
    everyWrite(nodes, true, powerCut, 61 + nodes, chunk, true);
  }

  /** A chunk of one sector has areas of 32 entries, so that some become full on the way. */
  private void everyWrite(
      int nodes, boolean caching, boolean powerCut, long seed, int chunk, boolean merge)
      throws IOException {
    int runs = 0;
    for (int crashAt = 1; ; crashAt++) {
      try (Run run = new Run(nodes, caching, powerCut, seed, crashAt, chunk, merge)) {
        run.go();
        runs++;
        if (!run.cluster.crashed()) {
          break;
        }
      } catch (Throwable e) {
        throw new AssertionError(
            "seed " + seed + ", crash at write " + crashAt + ", power cut " + powerCut, e);
      }
    }
    assertThat(runs).as("crash points").isGreaterThan(15);
  }

  private final class Run implements AutoCloseable {
    final TestCluster cluster;
    final Random random;
    final long seed;
    final int[] chunks;
    final boolean merge;
    final List<Reference> references = new ArrayList<>();
    final List<Set<Long>> certain = List.of(new HashSet<>(), new HashSet<>(), new HashSet<>());
    final List<Set<Long>> possible = List.of(new HashSet<>(), new HashSet<>(), new HashSet<>());
    final int nodes;
    long stamp = 1;
    boolean merging;

    Run(
        int nodes,
        boolean caching,
        boolean powerCut,
        long seed,
        int crashAt,
        int chunk,
        boolean merge)
        throws IOException {
      this.nodes = nodes;
      this.seed = seed;
      this.chunks = new int[] {0, chunk, 2 * chunk};
      this.merge = merge;
      this.random = new Random(seed);
      this.cluster = new TestCluster(directory, settings.withCaching(caching), seed, 0, powerCut);
      cluster.image("origin.img", SECTORS);
      cluster.usedImage("cow1.img", SECTORS * 2);
      cluster.usedImage("cow2.img", SECTORS * 2);
      for (int i = 0; i < nodes; i++) {
        cluster.start().dm.create("origin", "0 " + SECTORS + " snapshot-origin origin.img");
      }
      references.add(new Reference(SECTORS));
      for (int i = 0; i < 4; i++) {
        write(0);
      }
      certain.get(0).clear();
      device(0).flush();
      references.get(0).flushed();
      for (int snap = 1; snap <= 2; snap++) {
        for (TestCluster.Node node : cluster.alive()) {
          node.dm.create(NAMES[snap], line(snap));
        }
        references.add(new Reference(references.get(0)));
        write(0);
      }
      cluster.crashAfter(crashAt);
    }

    String line(int snap) {
      return "0 " + SECTORS + " snapshot origin.img cow" + snap + ".img P " + chunks[snap];
    }

    MappedDevice device(int which) throws IOException {
      List<TestCluster.Node> alive = cluster.alive();
      return alive.get(random.nextInt(alive.size())).dm.device(NAMES[which]);
    }

    void go() throws IOException {
      for (int i = 0; i < 14; i++) {
        step();
      }
      if (merge) {
        merge();
      }
      checkAll();
    }

    void step() throws IOException {
      cluster.survives(() -> step(random.nextInt(4) % 3));
      recover();
    }

    void step(int which) throws IOException {
      switch (random.nextInt(8)) {
        case 0 -> {
          MappedDevice device = device(which);
          device.flush();
          references.get(which).flushed();
        }
        case 1, 2 -> {
          int from = random.nextInt(SECTORS - 30);
          references.get(which).check(NAMES[which], device(which), from, 30);
        }
        default -> write(which);
      }
    }

    void write(int which) throws IOException {
      int sectors = random.nextInt(10) == 0 ? 40 : 1 + random.nextInt(12);
      int from = random.nextInt(SECTORS - sectors);
      if (random.nextInt(4) == 0) {
        sectors = 8;
        from &= ~7;
      }
      boolean fua = random.nextInt(4) == 0;
      long first = stamp;
      stamp += sectors;
      MappedDevice device = device(which);
      Bio bio = Bio.write(from, ByteBuffer.wrap(Reference.stamped(first, sectors)));
      touched(possible, which, from, sectors);
      boolean done = false;
      try {
        device.submit(fua ? bio.withFua() : bio);
        done = true;
      } finally {
        references.get(which).written(from, sectors, first, done, fua);
      }
      if (!merging) {
        touched(certain, which, from, sectors);
      }
    }

    void touched(List<Set<Long>> sets, int which, int from, int sectors) {
      for (int snap = 1; snap < references.size(); snap++) {
        for (long chunk = from / chunks[snap]; chunk * chunks[snap] < from + sectors; chunk++) {
          if (which == 0 || which == snap) {
            sets.get(snap).add(chunk);
          }
        }
      }
    }

    void recover() throws IOException {
      if (cluster.crashed() && cluster.powerCut() && cluster.alive().isEmpty()) {
        cluster.restorePower(seed);
        references.forEach(Reference::powerCut);
      }
      while (cluster.alive().size() < nodes) {
        TestCluster.Node node = cluster.start();
        node.dm.create("origin", "0 " + SECTORS + " snapshot-origin origin.img");
        node.dm.create("snap1", line(1));
        node.dm.create("snap2", line(2));
      }
    }

    void checkAll() throws IOException {
      recover();
      for (int which = 0; which < 3; which++) {
        for (TestCluster.Node node : cluster.alive()) {
          if (!merge || which != 1) {
            references.get(which).checkAll(NAMES[which], node.dm.device(NAMES[which]));
          }
        }
        if (which > (merge ? 1 : 0)) {
          StoreReader store = new StoreReader(cluster.directory().resolve("cow" + which + ".img"));
          assertThat(store.valid).isTrue();
          assertThat(store.exceptions.keySet()).containsAll(certain.get(which));
          assertThat(possible.get(which)).containsAll(store.exceptions.keySet());
        }
      }
    }

    /** Merges snap1 back: from now on the origin shows what snap1 showed. */
    void merge() throws IOException {
      String line = line(1).replace("snapshot", "snapshot-merge");
      references.set(0, references.get(1));
      // What is merged into the origin is copied out to the other snapshot first.
      merging = true;
      touched(possible, 0, 0, SECTORS);
      List<TestCluster.Node> before = cluster.alive();
      try {
        for (TestCluster.Node node : before) {
          node.dm.remove("snap1");
        }
        // The view of the origin changes at this instant.
        load(before.get(0), line);
      } catch (TestCluster.NodeDied e) {
        // Resumed below.
      }
      MergeTarget target = null;
      for (int round = 0; round < 200; round++) {
        restartForMerge();
        TestCluster.Node node = cluster.alive().get(0);
        try {
          if (!node.dm.table("origin").get(0).contains("snapshot-merge")) {
            load(node, line);
          }
          target = (MergeTarget) node.dm.device("origin").targets().get(0);
          if (round % 3 == 1) {
            write(0);
          }
          if (!target.step()) {
            break;
          }
          references.get(0).checkAll("merging origin", device(0));
        } catch (TestCluster.NodeDied e) {
          target = null;
        }
      }
      restartForMerge();
      StoreReader store = new StoreReader(cluster.directory().resolve("cow1.img"));
      if (target != null && cluster.alive().size() == nodes && !cluster.crashed()) {
        assertThat(store.exceptions).isEmpty();
        assertThat(target.status())
            .isEqualTo(2 * chunks[1] + "/" + SECTORS * 2 + " " + 2 * chunks[1]);
      }
    }

    void load(TestCluster.Node node, String line) throws IOException {
      node.dm.reload("origin", line);
      node.dm.resume("origin");
    }

    void restartForMerge() throws IOException {
      if (cluster.crashed() && cluster.powerCut() && cluster.alive().isEmpty()) {
        cluster.restorePower(seed);
        references.forEach(Reference::powerCut);
      }
      while (cluster.alive().size() < nodes) {
        TestCluster.Node node = cluster.start();
        node.dm.create("origin", "0 " + SECTORS + " snapshot-origin origin.img");
        node.dm.create("snap2", line(2));
      }
    }

    @Override
    public void close() throws IOException {
      cluster.close();
    }
  }
}
