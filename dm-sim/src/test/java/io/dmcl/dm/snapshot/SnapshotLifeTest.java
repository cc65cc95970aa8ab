package io.dmcl.dm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TableException;
import io.dmcl.dm.TestCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How snapshots begin and end on several nodes, and what is refused meanwhile. */
class SnapshotLifeTest {
  private static final String ORIGIN = "0 256 snapshot-origin origin.img";
  private static final String SNAP1 = "0 256 snapshot origin.img cow1.img P 8";
  private static final String SNAP2 = SNAP1.replace("cow1", "cow2");

  @TempDir Path parent;

  private TestCluster cluster;
  private TestCluster.Node nodeA;
  private TestCluster.Node nodeB;
  private DeviceMapper a;
  private DeviceMapper b;

  @BeforeEach
  void start() throws IOException {
    cluster = new TestCluster(parent, Settings.DEFAULT.withBackground(false), 1, 0, false);
    cluster.image("origin.img", 256);
    cluster.usedImage("cow1.img", 512);
    cluster.usedImage("cow2.img", 512);
    nodeA = cluster.start();
    a = nodeA.dm;
    nodeB = cluster.start();
    b = nodeB.dm;
    a.create("origin", ORIGIN);
    b.create("origin", ORIGIN);
    a.create("snap1", SNAP1);
    a.device("origin").write(0, Reference.stamped(1, 16));
    b.device("origin").write(16, Reference.stamped(17, 16));
  }

  @AfterEach
  void stop() throws IOException {
    cluster.close();
  }

  private static String merge(String line) {
    return line.replace("snapshot", "snapshot-merge");
  }

  @Test
  void drop_fromAnotherNode_invalidEverywhereAndForGood() throws IOException {
    b.message("origin", 0, "drop", "file:cow1.img");

    assertThatThrownBy(() -> a.device("snap1").read(0, 8)).isInstanceOf(BioException.class);
    assertThat(a.status("snap1").get(0)).endsWith(" snapshot Invalid");
    assertThat(a.message("origin", 0, "snapshots")).isEmpty();
    a.device("origin").write(64, Reference.stamped(90, 8));
    StoreReader store = new StoreReader(cluster.directory().resolve("cow1.img"));
    assertThat(store.valid).isFalse();
    assertThat(store.exceptions).doesNotContainKey(8L);
    a.remove("snap1");
    a.create("snap1", SNAP1);
    assertThat(a.status("snap1").get(0)).endsWith(" snapshot Invalid");
    assertThatThrownBy(() -> b.message("origin", 0, "drop", "file:cow2.img"))
        .hasMessageContaining("no snapshot with store");
  }

  @Test
  void drop_storeCannotBeMarked_staysInvalidUntilItIs() throws IOException {
    nodeB.faults().fail("file:cow1.img", 0, 8, false, true);
    assertThatThrownBy(() -> b.message("origin", 0, "drop", "file:cow1.img"))
        .isInstanceOf(BioException.class);
    nodeB.faults().heal("file:cow1.img");
    a.device("origin").write(64, Reference.stamped(90, 8));
    a.remove("snap1");

    a.create("snap1", SNAP1);

    assertThat(a.status("snap1").get(0)).endsWith(" snapshot Invalid");
    b.message("origin", 0, "drop", "file:cow1.img");
    assertThat(new StoreReader(cluster.directory().resolve("cow1.img")).valid).isFalse();
  }

  @Test
  void drop_storeIsUsedAnew_whoKnowsTheOldExceptionsCopiesOutAgain() throws IOException {
    // From now on it has the range, and gets no news of it.
    a.device("snap1").read(0, 16);
    a.remove("snap1");
    b.message("origin", 0, "drop", "file:cow1.img");
    byte[] zeros = new byte[Bio.SECTOR];
    try (FileChannel store =
        FileChannel.open(cluster.directory().resolve("cow1.img"), StandardOpenOption.WRITE)) {
      store.write(ByteBuffer.wrap(zeros), 0);
    }
    b.create("snap1", SNAP1);

    a.device("origin").write(0, Reference.stamped(50, 16));

    assertThat(b.device("snap1").read(0, 16)).isEqualTo(Reference.stamped(1, 16));
  }

  @Test
  void merging_anotherMergeANewSnapshotOrADrop_refused() throws IOException {
    a.create("snap2", SNAP2);
    a.remove("snap2");
    a.remove("snap1");
    a.reload("origin", merge(SNAP1));
    a.resume("origin");
    cluster.usedImage("cow3.img", 512);

    b.reload("origin", merge(SNAP2));
    assertThatThrownBy(() -> b.resume("origin")).hasMessageContaining("already merging");
    assertThatThrownBy(() -> b.create("snap3", SNAP1.replace("cow1", "cow3")))
        .isInstanceOf(TableException.class)
        .hasMessageContaining("being merged");
    DeviceMapper c = cluster.start().dm;
    c.create("origin", ORIGIN);
    assertThatThrownBy(() -> c.message("origin", 0, "drop", "file:cow1.img"))
        .hasMessageContaining("being merged");
    MergeTarget target = (MergeTarget) a.device("origin").targets().get(0);
    while (target.step()) {}
    assertThat(c.device("origin").read(0, 32)).isEqualTo(new byte[32 * 512]);
    c.create("snap3", SNAP1.replace("cow1", "cow3"));
  }

  @Test
  void create_failedAtItsResume_canBeTriedAgain() throws IOException {
    a.remove("snap1");
    nodeA.faults().fail("file:origin.img");
    assertThatThrownBy(() -> a.create("snap1", SNAP1)).isInstanceOf(IOException.class);
    nodeA.faults().heal("file:origin.img");

    a.create("snap1", SNAP1);

    assertThat(a.device("snap1").read(0, 32)).isEqualTo(new byte[32 * 512]);
  }

  @Test
  void storeOwnerDies_theListIsReadAgain_readersElsewhereMissNoException() throws Exception {
    try (TestCluster ranges =
        new TestCluster(
            parent, Settings.DEFAULT.withBackground(false).withRangeSectors(64), 1, 0, false)) {
      ranges.image("origin.img", 256);
      ranges.usedImage("cow1.img", 512);
      TestCluster.Node survivor = ranges.start();
      TestCluster.Node victim = ranges.start();
      for (TestCluster.Node node : ranges.alive()) {
        node.dm.create("origin", ORIGIN);
        node.dm.create("snap1", SNAP1);
      }
      survivor.dm.device("origin").write(0, Reference.stamped(1, 8));
      MappedDevice snap = survivor.dm.device("snap1");
      assertThat(snap.read(0, 8)).isEqualTo(new byte[8 * 512]);
      ranges.dieAt(write -> write.disk().equals("file:cow1.img"), TestCluster.Arrives.NOTHING);
      assertThat(
              ranges.survives(() -> victim.dm.device("origin").write(64, Reference.stamped(9, 8))))
          .isFalse();
      survivor.faults().slow("file:cow1.img", TimeUnit.MILLISECONDS.toNanos(50));

      SnapshotTarget target = (SnapshotTarget) snap.targets().get(0);
      long before = target.fullLoads();
      Thread reload =
          new Thread(
              () -> assertThatCode(() -> snap.read(64, 8)).as("read").doesNotThrowAnyException());
      reload.start();
      while (reload.isAlive()) {
        assertThat(Arrays.equals(snap.read(0, 8), new byte[8 * 512])).as("as created").isTrue();
      }

      assertThat(target.fullLoads()).isGreaterThan(before);
    }
  }

  @Test
  void rangeOwnerDies_exceptionIsCommitted_whoKnewOfNoneFindsIt() throws IOException {
    assertThat(a.device("snap1").read(64, 8)).isEqualTo(new byte[8 * 512]);
    cluster.dieAt(write -> write.disk().equals("file:origin.img"), TestCluster.Arrives.ALL);
    assertThat(cluster.survives(() -> b.device("origin").write(64, Reference.stamped(90, 8))))
        .isFalse();

    assertThat(a.device("snap1").read(64, 8)).isEqualTo(new byte[8 * 512]);
  }

  /** The list would grow up to them, here or in the kernel. */
  @Test
  void storeOwnerDies_onlyTheLastEntriesArrived_areZeroed() throws IOException {
    String line = SNAP2.replace("P 8", "P 2");
    int perSector = Bio.SECTOR / 16;
    a.create("snap2", line);
    b.create("snap2", line);
    b.remove("snap2");
    a.message("origin", 0, "drop", "file:cow1.img");
    a.device("origin").write(0, Reference.stamped(100, 2 * (perSector - 1)));
    Path store = cluster.directory().resolve("cow2.img");
    assertThat(new StoreReader(store).exceptions).hasSize(perSector - 1);
    cluster.dieAt(
        write -> write.disk().equals("file:cow2.img") && write.sector() == 2,
        TestCluster.Arrives.LAST_HALF);
    assertThat(cluster.survives(() -> b.device("origin").write(128, Reference.stamped(1, 8))))
        .isFalse();
    assertThat(new StoreReader(store).staleBytes).isPositive();

    a.device("snap2").read(128, 8);

    assertThat(new StoreReader(store).exceptions).hasSize(perSector - 1);
    assertThat(new StoreReader(store).staleBytes).isZero();
  }

  @Test
  void merge_storeIsEmptyUntilAWriteComesBetween_thatIsMergedToo() throws Exception {
    a.create("snap2", SNAP2);
    a.remove("snap2");
    a.reload("origin", merge(SNAP2));
    List<FutureTask<Boolean>> resume = new ArrayList<>();
    nodeB.meanwhile(
        "file:cow1.img", () -> resume.add(TestCluster.waiting(() -> a.resume("origin"))));

    b.device("origin").write(64, Reference.stamped(90, 8));

    assertThat(resume.get(0).get()).isTrue();
    MergeTarget target = (MergeTarget) a.device("origin").targets().get(0);
    while (target.step()) {}
    assertThat(b.device("origin").read(64, 8)).isEqualTo(new byte[8 * 512]);
  }
}
