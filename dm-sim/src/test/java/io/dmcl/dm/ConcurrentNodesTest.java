package io.dmcl.dm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.mirror.MirrorTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Several threads on each of several nodes at once, on a snapshotted origin over a mirror. */
class ConcurrentNodesTest {
  private static final int SECTORS = 1024;
  private static final int NODES = 3;
  private static final int THREADS = 2;
  private static final int BIOS = 60;

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"1,true,0", "2,false,0", "3,true,150", "4,true,420"})
  void threadsOfAllNodes_ownSectorsAndTheSnapshot_readWhatTheyMust(
      long seed, boolean caching, int crashAt) throws Exception {
    Settings settings =
        Settings.DEFAULT.withCaching(caching).withRangeSectors(128).withTimes(20, 50);
    try (TestCluster cluster = new TestCluster(directory, settings, seed, 0, false)) {
      cluster.image("leg0.img", SECTORS);
      cluster.image("leg1.img", SECTORS);
      cluster.image("log.img", 8);
      cluster.image("cow.img", SECTORS * 2);
      for (int i = 0; i < NODES; i++) {
        DeviceMapper dm = cluster.start().dm;
        dm.create("vol", "0 1024 mirror disk 2 log.img 64 2 leg0.img 0 leg1.img 0");
        dm.create("origin", "0 1024 snapshot-origin dev:vol");
      }
      List<TestCluster.Node> nodes = cluster.alive();
      byte[] before = Reference.stamped(1 << 20, SECTORS);
      nodes.get(0).dm.device("origin").write(0, before);
      for (TestCluster.Node node : nodes) {
        node.dm.create("snap", "0 1024 snapshot dev:vol cow.img P 8");
      }
      cluster.crashAfter(crashAt == 0 ? Integer.MAX_VALUE / 2 : crashAt);
      Reference origin = new Reference(SECTORS);
      origin.written(0, SECTORS, 1 << 20, true, true);
      ExecutorService threads = Executors.newFixedThreadPool(NODES * THREADS);
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < NODES * THREADS; i++) {
        int number = i;
        all.add(
            threads.submit(
                () -> {
                  TestCluster.Node node = nodes.get(number % NODES);
                  cluster.survives(() -> work(node, number, seed, origin, before));
                  return node;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
      threads.shutdown();
      assertThat(cluster.crashed()).isEqualTo(crashAt > 0);
      for (TestCluster.Node node : cluster.alive()) {
        origin.checkAll("origin", node.dm.device("origin"));
        assertThat(node.dm.device("snap").read(0, SECTORS)).isEqualTo(before);
      }
      MirrorTarget mirror = (MirrorTarget) cluster.alive().get(0).dm.device("vol").targets().get(0);
      do {
        mirror.recoverAbandoned();
      } while (mirror.recoverNext() || mirror.regionMap().contains("x"));
      for (TestCluster.Node node : cluster.alive()) {
        node.dm.remove("snap");
        node.dm.remove("origin");
        node.dm.remove("vol");
      }
      assertThat(
              Files.mismatch(
                  cluster.directory().resolve("leg0.img"), cluster.directory().resolve("leg1.img")))
          .isEqualTo(-1);
    }
  }

  /** Writes and reads back sectors that no other thread writes, and reads the snapshot anywhere. */
  private static void work(
      TestCluster.Node node, int number, long seed, Reference origin, byte[] before)
      throws IOException {
    Random random = new Random(seed * 100 + number);
    MappedDevice device = node.dm.device("origin");
    MappedDevice snap = node.dm.device("snap");
    int lane = 4;
    int lanes = NODES * THREADS;
    for (int i = 0; i < BIOS; i++) {
      int from = (random.nextInt(SECTORS / lane / lanes) * lanes + number) * lane;
      int sectors = 1 + random.nextInt(lane);
      long stamp = (number + 1) * 10_000L + i * 10L;
      boolean done = false;
      try {
        device.write(from, Reference.stamped(stamp, sectors));
        done = true;
      } finally {
        synchronized (origin) {
          origin.written(from, sectors, stamp, done, true);
        }
      }
      origin.check("origin", device, from, sectors);
      int at = random.nextInt(SECTORS - 32);
      byte[] seen = snap.read(at, 32);
      byte[] expected = java.util.Arrays.copyOfRange(before, at * 512, (at + 32) * 512);
      assertThat(seen).as("snapshot from sector %d, seed %d", at, seed).isEqualTo(expected);
    }
  }
}
