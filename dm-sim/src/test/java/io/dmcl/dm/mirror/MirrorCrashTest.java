package io.dmcl.dm.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.Bio;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TestCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random I/O on a mirror against a reference, with a crash at every write. */
class MirrorCrashTest {
  private static final int SECTORS = 256;
  private static final int REGION = 32;
  private static final String LINE =
      "0 256 mirror disk 2 log.img 32 2 leg0.img 0 leg1.img 0 2 handle_errors balance";

  @TempDir Path directory;

  private final Settings settings = Settings.DEFAULT.withBackground(false);

  @ParameterizedTest
  @CsvSource({"1,true", "2,true", "4,true", "2,false"})
  void randomIo_aNodeDiesAtEachWrite_survivorsMakeTheLegsEqual(int nodes, boolean caching)
      throws IOException {
    everyWrite(nodes, caching, false, 71 + nodes);
  }

  @ParameterizedTest
  @CsvSource({"1,true", "3,true", "2,false"})
  void randomIo_thePowerIsCutAtEachWrite_onlyUnflushedWritesAreLost(int nodes, boolean caching)
      throws IOException {
    everyWrite(nodes, caching, true, 81 + nodes);
  }

  private void everyWrite(int nodes, boolean caching, boolean powerCut, long seed)
      throws IOException {
    int runs = 0;
    for (int crashAt = 1; ; crashAt++) {
      try (Run run = new Run(nodes, caching, powerCut, seed, crashAt)) {
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
    final int nodes;
    final Reference reference = new Reference(SECTORS);
    long stamp = 1;

    Run(int nodes, boolean caching, boolean powerCut, long seed, int crashAt) throws IOException {
      this.nodes = nodes;
      this.seed = seed;
      this.random = new Random(seed);
      this.cluster = new TestCluster(directory, settings.withCaching(caching), seed, 0, powerCut);
      cluster.image("leg0.img", SECTORS);
      cluster.image("leg1.img", SECTORS);
      cluster.image("log.img", 8);
      for (int i = 0; i < nodes; i++) {
        cluster.start().dm.create("vol", LINE);
      }
      cluster.crashAfter(crashAt);
    }

    MappedDevice device() throws IOException {
      List<TestCluster.Node> alive = cluster.alive();
      return alive.get(random.nextInt(alive.size())).dm.device("vol");
    }

    void go() throws IOException {
      for (int i = 0; i < 16; i++) {
        cluster.survives(this::step);
        restart();
      }
      settle();
    }

    void restart() throws IOException {
      if (cluster.crashed() && cluster.powerCut() && cluster.alive().isEmpty()) {
        cluster.restorePower(seed);
        reference.powerCut();
      }
      while (cluster.alive().size() < nodes) {
        TestCluster.Node node = cluster.start();
        cluster.survives(() -> node.dm.create("vol", LINE));
      }
    }

    void step() throws IOException {
      switch (random.nextInt(8)) {
        case 0 -> {
          device().flush();
          reference.flushed();
        }
        case 1, 2 -> reference.check("mirror", device(), random.nextInt(SECTORS - 40), 40);
        case 3 -> {
          MirrorTarget target = (MirrorTarget) device().targets().get(0);
          target.recoverNext();
        }
        default -> {
          int sectors = 1 + random.nextInt(REGION);
          int from = random.nextInt(SECTORS - sectors);
          boolean fua = random.nextInt(3) == 0;
          long first = stamp;
          stamp += sectors;
          MappedDevice device = device();
          Bio bio = Bio.write(from, ByteBuffer.wrap(Reference.stamped(first, sectors)));
          boolean done = false;
          try {
            device.submit(fua ? bio.withFua() : bio);
            done = true;
          } finally {
            reference.written(from, sectors, first, done, fua);
          }
        }
      }
    }

    void settle() throws IOException {
      do {
        restart();
        for (TestCluster.Node node : cluster.alive()) {
          if (node.dm.ls().isEmpty()) {
            cluster.survives(() -> node.dm.create("vol", LINE));
          }
        }
      } while (!cluster.survives(this::settleOnce) || cluster.alive().size() < nodes);
      assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
      LogReader log = new LogReader(image("log.img"), SECTORS / REGION);
      assertThat(log.clean).doesNotContain(false);
    }

    void settleOnce() throws IOException {
      for (TestCluster.Node node : cluster.alive()) {
        MirrorTarget target = (MirrorTarget) node.dm.device("vol").targets().get(0);
        target.recoverAbandoned();
        while (target.recoverNext()) {}
      }
      for (TestCluster.Node node : cluster.alive()) {
        reference.checkAll("mirror", node.dm.device("vol"));
        assertThat(node.dm.status("vol").get(0)).contains(" 8/8 1 AA 3 disk file:log.img A");
      }
      for (TestCluster.Node node : cluster.alive()) {
        node.dm.remove("vol");
      }
    }

    Path image(String name) {
      return cluster.directory().resolve(name);
    }

    @Override
    public void close() throws IOException {
      cluster.close();
    }
  }
}
