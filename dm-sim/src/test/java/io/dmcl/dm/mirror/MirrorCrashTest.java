package io.dmcl.dm.mirror;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random I/O on a mirror against a reference, with a crash at every write. */
class MirrorCrashTest {
  private static final int SECTORS = 256;
  private static final int REGION = 32;
  private static final String TWO_LEGS =
      "0 256 mirror disk 2 log.img 32 2 leg0.img 0 leg1.img 0 3 handle_errors keep_log balance";
  private static final String THREE_LEGS =
      "0 256 mirror disk 2 log.img 32 3 leg0.img 0 leg1.img 0 leg2.img 0 2 handle_errors keep_log";

  @TempDir Path directory;

  private final Settings settings = Settings.DEFAULT.withBackground(false);

  @ParameterizedTest
  @CsvSource({"1,true", "2,true", "4,true", "2,false"})
  void randomIo_aNodeDiesAtEachWrite_survivorsMakeTheLegsEqual(int nodes, boolean caching)
      throws IOException {
    everyWrite(nodes, caching, false, 71 + nodes, TWO_LEGS, false);
  }

  @ParameterizedTest
  @CsvSource({"1,true", "3,true", "2,false"})
  void randomIo_thePowerIsCutAtEachWrite_onlyUnflushedWritesAreLost(int nodes, boolean caching)
      throws IOException {
    everyWrite(nodes, caching, true, 81 + nodes, TWO_LEGS, false);
  }

  /** One leg at a time fails on all nodes, and comes back. */
  @ParameterizedTest
  @CsvSource({"2,true,false", "2,false,false", "2,true,true"})
  void randomIo_legsFailAndComeBack_crashAtEachWrite_nothingLost(
      int nodes, boolean caching, boolean powerCut) throws IOException {
    everyWrite(nodes, caching, powerCut, 91 + nodes, THREE_LEGS, true);
  }

  private void everyWrite(
      int nodes, boolean caching, boolean powerCut, long seed, String line, boolean legsFail)
      throws IOException {
    int runs = 0;
    for (int crashAt = 1; ; crashAt++) {
      try (Run run = new Run(nodes, caching, powerCut, seed, crashAt, line, legsFail)) {
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
    final String line;
    final boolean legsFail;
    final Reference reference = new Reference(SECTORS);
    @Nullable String failing;
    long stamp = 1;

    Run(
        int nodes,
        boolean caching,
        boolean powerCut,
        long seed,
        int crashAt,
        String line,
        boolean legsFail)
        throws IOException {
      this.nodes = nodes;
      this.line = line;
      this.legsFail = legsFail;
      this.seed = seed;
      this.random = new Random(seed);
      this.cluster = new TestCluster(directory, settings.withCaching(caching), seed, 0, powerCut);
      cluster.image("leg0.img", SECTORS);
      cluster.image("leg1.img", SECTORS);
      cluster.image("leg2.img", SECTORS);
      cluster.image("log.img", 8);
      for (int i = 0; i < nodes; i++) {
        cluster.start().dm.create("vol", line);
      }
      if (legsFail) {
        recover();
      }
      cluster.crashAfter(crashAt);
    }

    MappedDevice device() throws IOException {
      List<TestCluster.Node> alive = cluster.alive();
      return alive.get(random.nextInt(alive.size())).dm.device("vol");
    }

    void go() throws IOException {
      for (int i = 0; i < 16; i++) {
        try {
          cluster.survives(this::step);
        } catch (BioException e) {
          // A dead node's regions wait for the leg from which they are recovered.
          if (failing == null || !cluster.crashed()) {
            throw e;
          }
        }
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
        if (failing != null) {
          node.faults().fail(failing);
        }
        cluster.survives(() -> node.dm.create("vol", line));
      }
    }

    void recover() throws IOException {
      for (TestCluster.Node node : cluster.alive()) {
        MirrorTarget target = (MirrorTarget) node.dm.device("vol").targets().get(0);
        target.recoverAbandoned();
        while (target.recoverNext()) {}
      }
    }

    void failOrHeal() throws IOException {
      String before = failing;
      if (before != null) {
        heal(before);
        recover();
      } else if (device().status().get(0).contains(" 8/8 1 AAA ")) {
        String leg = "file:leg" + random.nextInt(3) + ".img";
        failing = leg;
        cluster.alive().forEach(node -> node.faults().fail(leg));
      }
    }

    void heal(String leg) {
      failing = null;
      cluster.alive().forEach(node -> node.faults().heal(leg));
    }

    void step() throws IOException {
      if (legsFail && random.nextInt(3) == 0) {
        failOrHeal();
        return;
      }
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
      String leg = failing;
      if (leg != null) {
        heal(leg);
      }
      do {
        restart();
        for (TestCluster.Node node : cluster.alive()) {
          if (node.dm.ls().isEmpty()) {
            cluster.survives(() -> node.dm.create("vol", line));
          }
        }
      } while (!cluster.survives(this::settleOnce) || cluster.alive().size() < nodes);
      for (int other = 1; other < (line.equals(THREE_LEGS) ? 3 : 2); other++) {
        assertThat(Files.mismatch(image("leg0.img"), image("leg" + other + ".img"))).isEqualTo(-1);
      }
      LogReader log = new LogReader(image("log.img"), SECTORS / REGION);
      assertThat(log.clean).doesNotContain(false);
    }

    void settleOnce() throws IOException {
      recover();
      for (TestCluster.Node node : cluster.alive()) {
        reference.checkAll("mirror", node.dm.device("vol"));
        assertThat(node.dm.status("vol").get(0)).matches(".* 8/8 1 [AR]+ 3 disk file:log.img A");
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
