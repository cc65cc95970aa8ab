package io.dmcl.dm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.BioException;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TestCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A store that becomes full while a node dies, or the power is cut, at each write: the origin is
 * never harmed, and the snapshot is either as it must be or fails on all nodes.
 */
class FullStoreCrashTest {
  private static final int SECTORS = 128;
  private static final int CHUNK = 8;
  private static final int NODES = 2;
  private static final String ORIGIN = "0 128 snapshot-origin origin.img";

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"P,false", "PO,false", "P,true", "PO,true"})
  void storeFills_crashAtEachWrite_originIsWholeAndTheSnapshotRightOrInvalid(
      String kind, boolean powerCut) throws IOException {
    int failing = 0;
    int runs = 0;
    for (int crashAt = 1; ; crashAt++, runs++) {
      try (Run run = new Run(kind, powerCut, 7, crashAt)) {
        run.go();
        failing += run.usable() ? 0 : 1;
        if (!run.cluster.crashed()) {
          break;
        }
      } catch (Throwable e) {
        throw new AssertionError(kind + ", crash at write " + crashAt + ", " + powerCut, e);
      }
    }
    assertThat(runs).as("crash points").isGreaterThan(15);
    assertThat(failing).as("runs that filled the store").isPositive();
  }

  private final class Run implements AutoCloseable {
    final TestCluster cluster;
    final Random random;
    final long seed;
    final String line;
    final Reference origin = new Reference(SECTORS);
    final Reference snap;
    long stamp = 1;

    Run(String kind, boolean powerCut, long seed, int crashAt) throws IOException {
      this.seed = seed;
      this.random = new Random(seed);
      this.line = "0 128 snapshot origin.img cow.img " + kind + " " + CHUNK;
      Settings settings = Settings.DEFAULT.withBackground(false).withRangeSectors(64);
      this.cluster = new TestCluster(directory, settings, seed, 0, powerCut);
      cluster.image("origin.img", SECTORS);
      cluster.usedImage("cow.img", 8 * CHUNK);
      for (int i = 0; i < NODES; i++) {
        cluster.start().dm.create("origin", ORIGIN);
      }
      write("origin", origin, 0, SECTORS);
      cluster.alive().get(0).dm.device("origin").flush();
      origin.flushed();
      for (TestCluster.Node node : cluster.alive()) {
        node.dm.create("snap", line);
      }
      this.snap = new Reference(origin);
      cluster.crashAfter(crashAt);
    }

    void go() throws IOException {
      for (int i = 0; i < 12; i++) {
        cluster.survives(this::step);
        restart();
      }
      check();
    }

    void step() throws IOException {
      int sectors = 1 + random.nextInt(12);
      int from = random.nextInt(SECTORS - sectors);
      if (random.nextInt(3) == 0) {
        try {
          write("snap", snap, from, sectors);
        } catch (BioException e) {
          // No room; what the reference has of it is a choice.
          assertThat(cluster.alive().get(0).dm.status("snap").get(0))
              .matches(".*(Invalid|Overflow)");
        }
      } else {
        write("origin", origin, from, sectors);
      }
    }

    void write(String name, Reference reference, int from, int sectors) throws IOException {
      List<TestCluster.Node> alive = cluster.alive();
      MappedDevice device = alive.get(random.nextInt(alive.size())).dm.device(name);
      long first = stamp;
      stamp += sectors;
      boolean done = false;
      try {
        device.write(from, Reference.stamped(first, sectors));
        done = true;
      } finally {
        reference.written(from, sectors, first, done, false);
      }
    }

    void restart() throws IOException {
      if (cluster.crashed() && cluster.powerCut() && cluster.alive().isEmpty()) {
        cluster.restorePower(seed);
        origin.powerCut();
        snap.powerCut();
      }
      while (cluster.alive().size() < NODES) {
        TestCluster.Node node = cluster.start();
        node.dm.create("origin", ORIGIN);
        node.dm.create("snap", line);
      }
    }

    boolean usable() throws IOException {
      return !cluster.alive().get(0).dm.status("snap").get(0).matches(".*(Invalid|Overflow)");
    }

    void check() throws IOException {
      String status = cluster.alive().get(0).dm.status("snap").get(0);
      for (TestCluster.Node node : cluster.alive()) {
        origin.checkAll("origin", node.dm.device("origin"));
        assertThat(node.dm.status("snap").get(0)).isEqualTo(status);
        try {
          snap.checkAll("snapshot", node.dm.device("snap"));
          assertThat(status).doesNotEndWith("Invalid");
        } catch (BioException e) {
          assertThat(status).endsWith("Invalid");
        }
      }
      StoreReader store = new StoreReader(cluster.directory().resolve("cow.img"));
      assertThat(store.valid).isEqualTo(!status.endsWith("Invalid"));
    }

    @Override
    public void close() throws IOException {
      cluster.close();
    }
  }
}
