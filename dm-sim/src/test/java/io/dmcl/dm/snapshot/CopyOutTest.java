package io.dmcl.dm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TestCluster;
import io.dmcl.dm.TestCluster.Write;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How often chunks are copied, by the writes that reach the store. */
class CopyOutTest {
  private static final int SECTORS = 1024;
  private static final int CHUNK = 8;
  private static final String SNAPSHOT = "0 1024 snapshot origin.img cow.img P " + CHUNK;

  @TempDir Path directory;

  private final Set<Long> touched = new TreeSet<>();

  @ParameterizedTest
  @CsvSource({"1,true,1", "2,true,2", "4,true,3", "3,false,4"})
  void originWrites_anyNode_eachChunkIsCopiedOnceInTheCluster(int nodes, boolean caching, long seed)
      throws IOException {
    try (TestCluster cluster = cluster(nodes, caching, seed)) {
      Random random = new Random(seed);
      for (int i = 0; i < 60; i++) {
        write(cluster, random);
      }
      assertThat(copies(cluster)).as("seed %d", seed).isEqualTo(touched.size());
      assertThat(store(cluster).exceptions.keySet()).as("seed %d", seed).isEqualTo(touched);
    }
  }

  /** The copies that a dead node had not yet committed are made again, and no others. */
  @ParameterizedTest
  @CsvSource({"2,true,11", "3,true,12", "2,false,13"})
  void originWrites_aNodeDies_onlyUncommittedCopiesAreRepeated(
      int nodes, boolean caching, long seed) throws IOException {
    int repeated = 0;
    for (int crashAt = 1; crashAt <= 120; crashAt += 7) {
      touched.clear();
      try (TestCluster cluster = cluster(nodes, caching, seed)) {
        Random random = new Random(seed);
        cluster.crashAfter(crashAt);
        for (int i = 0; i < 40; i++) {
          cluster.survives(() -> write(cluster, random));
        }
        StoreReader store = store(cluster);
        int more = copies(cluster) - store.exceptions.size();
        // One bio of at most 16 sectors was in hand: it touches three chunks.
        assertThat(more).as("seed %d, crash at write %d", seed, crashAt).isBetween(0, 3);
        assertThat(touched).containsAll(store.exceptions.keySet());
        repeated += more;
      }
    }
    assertThat(repeated).as("copies repeated in all runs, seed %d", seed).isPositive();
  }

  private TestCluster cluster(int nodes, boolean caching, long seed) throws IOException {
    Settings settings =
        Settings.DEFAULT.withBackground(false).withCaching(caching).withRangeSectors(128);
    TestCluster cluster = new TestCluster(directory, settings, seed, 0, false);
    cluster.image("origin.img", SECTORS);
    cluster.usedImage("cow.img", SECTORS * 2);
    for (int i = 0; i < nodes; i++) {
      TestCluster.Node node = cluster.start();
      node.dm.create("origin", "0 1024 snapshot-origin origin.img");
      node.dm.create("snap", SNAPSHOT);
    }
    return cluster;
  }

  private void write(TestCluster cluster, Random random) throws IOException {
    List<TestCluster.Node> alive = new ArrayList<>(cluster.alive());
    int sectors = 1 + random.nextInt(16);
    int from = random.nextInt(SECTORS - sectors);
    for (long chunk = from / CHUNK; chunk * CHUNK < from + sectors; chunk++) {
      touched.add(chunk);
    }
    alive
        .get(random.nextInt(alive.size()))
        .dm
        .device("origin")
        .write(from, Reference.stamped(from, sectors));
  }

  private static StoreReader store(TestCluster cluster) throws IOException {
    return new StoreReader(cluster.directory().resolve("cow.img"));
  }

  /** The writes to data chunks: all are copies, as nobody writes to the snapshot. */
  private static int copies(TestCluster cluster) {
    int entries = CHUNK * 512 / 16;
    int copies = 0;
    for (Write write : cluster.written()) {
      long chunk = write.sector() / CHUNK;
      if (write.disk().equals("file:cow.img") && chunk >= 2 && chunk % (entries + 1) != 1) {
        assertThat(write.sectors()).isEqualTo(CHUNK);
        copies++;
      }
    }
    return copies;
  }
}
