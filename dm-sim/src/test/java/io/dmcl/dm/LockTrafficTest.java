package io.dmcl.dm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockStats;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What caching the locks saves, in acquires that the coordinator sees. The start is counted too,
 * when every chunk is copied out for the first time and nothing is cached: the shorter the run, the
 * smaller the ratio.
 */
class LockTrafficTest {
  private static final int SECTORS = 4096;
  private static final int NODES = 3;
  private static final int BIOS = 1500;

  @TempDir Path directory;

  @Test
  void eachNodeKeepsToItsRegion_cached_atLeast20TimesFewerAcquires() throws IOException {
    double cached = acquiresPerBio(true, true);
    double uncached = acquiresPerBio(false, true);
    System.out.printf(
        "own regions: cached %.1f, non-cached %.1f acquires per 1,000 I/Os%n",
        1000 * cached, 1000 * uncached);
    assertThat(uncached / cached).isGreaterThan(20);
  }

  @Test
  void allFightForOneChunk_cached_noMoreAcquiresThanNonCached() throws IOException {
    double cached = acquiresPerBio(true, false);
    double uncached = acquiresPerBio(false, false);
    System.out.printf(
        "one chunk: cached %.1f, non-cached %.1f acquires per 1,000 I/Os%n",
        1000 * cached, 1000 * uncached);
    assertThat(cached).isLessThanOrEqualTo(uncached);
  }

  private double acquiresPerBio(boolean caching, boolean ownRegion) throws IOException {
    Settings settings =
        Settings.DEFAULT.withBackground(false).withCaching(caching).withRangeSectors(512);
    try (TestCluster cluster = new TestCluster(directory, settings, 1, 0, false)) {
      cluster.image("leg0.img", SECTORS);
      cluster.image("leg1.img", SECTORS);
      cluster.image("log.img", 8);
      cluster.image("cow.img", SECTORS * 2);
      for (int i = 0; i < NODES; i++) {
        DeviceMapper dm = cluster.start().dm;
        dm.create("vol", "0 4096 mirror disk 2 log.img 256 2 leg0.img 0 leg1.img 0");
        dm.create("origin", "0 4096 snapshot-origin dev:vol");
      }
      while (((io.dmcl.dm.mirror.MirrorTarget)
              cluster.alive().get(0).dm.device("vol").targets().get(0))
          .recoverNext()) {}
      for (TestCluster.Node node : cluster.alive()) {
        node.dm.create("snap", "0 4096 snapshot dev:vol cow.img P 8");
      }
      LockStats before = total(cluster);
      Random random = new Random(9);
      for (int i = 0; i < BIOS; i++) {
        int number = random.nextInt(NODES);
        // One bio in a hundred strays into the region of another node.
        int place = random.nextInt(100) == 0 ? random.nextInt(NODES) : number;
        long sector = ownRegion ? place * 1024L + random.nextInt(500) : random.nextInt(4);
        DeviceMapper dm = cluster.alive().get(number).dm;
        MappedDevice device = dm.device(random.nextInt(4) == 0 ? "snap" : "origin");
        if (random.nextInt(3) == 0) {
          device.read(sector, 4);
        } else {
          device.write(sector, Reference.stamped(i, 4));
        }
      }
      LockStats after = total(cluster);
      return (after.misses() - before.misses()) / (double) BIOS;
    }
  }

  private static LockStats total(TestCluster cluster) {
    LockStats sum = LockStats.NONE;
    for (TestCluster.Node node : cluster.alive()) {
      sum = sum.plus(node.stats());
    }
    return sum;
  }
}
