package io.dmcl.dm.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TableException;
import io.dmcl.dm.TestCluster;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which regions are out of sync, and on which leg the data are, is not forgotten. */
class MirrorStateTest {
  private static final String DISK = "disk 3 log.img 16 nosync";
  private static final String CORE = "core 2 16 nosync";

  @TempDir Path parent;

  private TestCluster cluster;
  private TestCluster.Node a;

  @BeforeEach
  void start() throws IOException {
    cluster = new TestCluster(parent, Settings.DEFAULT.withBackground(false), 1, 0, false);
    cluster.image("leg0.img", 600);
    cluster.image("leg1.img", 600);
    cluster.image("log.img", 8);
    a = cluster.start();
  }

  @AfterEach
  void stop() throws IOException {
    cluster.close();
  }

  private static String line(String log) {
    return "0 64 mirror " + log + " 2 leg0.img 0 leg1.img 0 2 handle_errors keep_log";
  }

  private static void recover(DeviceMapper dm) throws IOException {
    MirrorTarget target = (MirrorTarget) dm.device("vol").targets().get(0);
    while (target.recoverNext()) {}
  }

  /** Only the second leg takes it. */
  private void writeWithoutTheFirstLeg(long sector) throws IOException {
    a.faults().fail("file:leg0.img");
    a.dm.device("vol").write(sector, Reference.stamped(sector + 1, 2));
    a.faults().heal("file:leg0.img");
  }

  @ParameterizedTest
  @ValueSource(strings = {CORE, "core 1 16", "disk 2 log.img 16"})
  void resume_dataAreOnTheSecondLegOnly_areReadAndRecovered(String log) throws IOException {
    MappedDevice vol = a.dm.create("vol", line(log));
    recover(a.dm);
    writeWithoutTheFirstLeg(4);

    a.dm.suspend("vol");
    a.dm.resume("vol");

    assertThat(vol.read(4, 2)).isEqualTo(Reference.stamped(5, 2));
    recover(a.dm);
    assertThat(vol.read(4, 2)).isEqualTo(Reference.stamped(5, 2));
    assertThat(a.dm.status("vol").get(0)).contains(" 4/4 1 AA ");
  }

  @ParameterizedTest
  @ValueSource(strings = {CORE, DISK})
  void sessionIsLost_dataAreOnTheSecondLegOnly_areReadAndRecovered(String log) throws IOException {
    MappedDevice vol = a.dm.create("vol", line(log));
    writeWithoutTheFirstLeg(4);

    a.loseSession();

    assertThat(vol.read(4, 2)).isEqualTo(Reference.stamped(5, 2));
    recover(a.dm);
    assertThat(vol.read(4, 2)).isEqualTo(Reference.stamped(5, 2));
  }

  @Test
  void createAgain_moreRegionsOutOfSyncThanTheValueTells_theSecondLegIsCopied() throws IOException {
    String line = line("disk 3 log.img 2 nosync").replace("0 64 ", "0 600 ");
    a.dm.create("vol", line);
    for (long sector = 0; sector < 600; sector += 4) {
      writeWithoutTheFirstLeg(sector);
    }
    a.dm.remove("vol");

    MappedDevice vol =
        a.dm.create("vol", line.replace("disk 3 log.img 2 nosync", "disk 2 log.img 2"));

    recover(a.dm);
    for (long sector = 0; sector < 600; sector += 4) {
      assertThat(vol.read(sector, 2)).isEqualTo(Reference.stamped(sector + 1, 2));
    }
  }

  @Test
  void markFailed_regionIsInSyncAllTheSame_laterWritesReachAllLegs() throws IOException {
    DeviceMapper b = cluster.start().dm;
    a.dm.create("vol", line(DISK));
    b.create("vol", line(DISK));
    a.faults().fail("file:log.img", 7, 1, false, true);
    assertThatThrownBy(() -> a.dm.device("vol").write(0, Reference.stamped(1, 8)))
        .as("the log is written, but cannot be flushed")
        .isInstanceOf(BioException.class);

    b.device("vol").write(0, Reference.stamped(1, 8));

    b.suspend("vol");
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  /**
   * A mirror where a flush of the second leg goes to the leg first, and then to a disk that no
   * other node has: what this node meanwhile does at that disk happens when the legs have been
   * flushed.
   */
  private void createWithOwnDisk(TestCluster.Node node, String log, String own) throws IOException {
    cluster.image(own, 8);
    node.dm.create("leg1", "0 64 linear leg1.img 0\n64 8 linear " + own + " 0");
    node.dm.create("vol", line(log).replace("leg1.img", "dev:leg1"));
  }

  /** As if it were stopped between the flush of the legs and the write to the log. */
  @Test
  void clean_regionIsLostMeanwhile_leavesTheMarkOfWhoHasIt() throws IOException {
    TestCluster.Node b = cluster.start();
    createWithOwnDisk(a, DISK, "a.img");
    createWithOwnDisk(b, DISK, "b.img");
    a.dm.device("vol").write(0, Reference.stamped(1, 8));
    a.meanwhile(
        "file:a.img",
        () -> {
          a.loseSession();
          cluster.dieAt(
              write -> write.disk().equals("file:leg1.img") && write.sectors() == 8,
              TestCluster.Arrives.NOTHING);
          assertThat(cluster.survives(() -> b.dm.device("vol").write(0, Reference.stamped(2, 8))))
              .as("dies between the legs")
              .isFalse();
        });

    assertThatThrownBy(() -> a.dm.suspend("vol")).isInstanceOf(LockException.class);

    TestCluster.Node c = cluster.start();
    createWithOwnDisk(c, "disk 2 log.img 16", "c.img");
    recover(c.dm);
    c.dm.suspend("vol");
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  /** While the legs are flushed for so many regions as are cleaned at once, others are free. */
  @Test
  void clean_moreRegionsThanAtOnce_doesNotKeepThemAll() throws Exception {
    String line = line("disk 3 log.img 2 nosync").replace("0 64 ", "0 600 ");
    DeviceMapper b = cluster.start().dm;
    a.dm.create("vol", line);
    b.create("vol", line);
    for (long sector = 0; sector < 600; sector += 2) {
      a.dm.device("vol").write(sector, Reference.stamped(1, 2));
    }
    FutureTask<Boolean> write =
        new FutureTask<>(
            () -> {
              b.device("vol").write(598, Reference.stamped(2, 2));
              return true;
            });
    a.meanwhile(
        "file:leg1.img",
        () -> {
          new Thread(write).start();
          Awaitility.await().until(write::isDone);
        });

    a.dm.suspend("vol");

    assertThat(write.get()).isTrue();
  }

  /** With another session others may have come meanwhile, with other regions. */
  @Test
  void write_sessionIsLostWhileItWaitsForTheRegion_othersHaveOtherRegions_fails() throws Exception {
    TestCluster.Node other = cluster.start();
    MappedDevice vol = a.dm.create("vol", line(DISK));
    String name = ((MirrorTarget) vol.targets().get(0)).lockedAs();
    DeviceLock region = other.dm.lock("mirror-region", name, "0", UnaryOperator.identity());
    try (Hold hold = region.acquire(LockMode.EXCLUSIVE)) {
      FutureTask<Boolean> write = TestCluster.waiting(() -> vol.write(0, Reference.stamped(1, 8)));
      a.loseSession();
      other.dm.create("vol", line(DISK).replace("disk 3 log.img 16", "disk 3 log.img 32"));
      hold.unlock();

      assertThatThrownBy(write::get).hasCauseInstanceOf(TableException.class);
    }
  }

  @Test
  void logCannotBeRead_handleErrors_theWriteIsHeld() throws Exception {
    DeviceMapper b = cluster.start().dm;
    String line = line(DISK).replace("2 handle_errors keep_log", "1 handle_errors");
    MappedDevice vol = a.dm.create("vol", line);
    b.create("vol", line);
    vol.read(0, 1);
    b.device("vol").write(16, Reference.stamped(1, 8));
    a.faults().fail("file:log.img");
    FutureTask<Boolean> write = TestCluster.waiting(() -> vol.write(0, Reference.stamped(1, 8)));
    a.faults().heal("file:log.img");
    assertThat(write.get()).isTrue();
  }

  @Test
  void close_bioOfADeviceAboveIsHeld_ends() throws Exception {
    a.dm.create("vol", line(DISK).replace("2 handle_errors keep_log", "1 handle_errors"));
    MappedDevice above = a.dm.create("above", "0 64 linear dev:vol 0");
    a.faults().fail("file:leg1.img");
    FutureTask<Boolean> write = TestCluster.waiting(() -> above.write(0, Reference.stamped(1, 8)));

    a.dm.close();

    assertThatThrownBy(write::get).hasCauseInstanceOf(BioException.class);
  }

  @Test
  void sessionIsLost_itsOwnDirtyRegionIsFoundAbandoned() throws IOException {
    MappedDevice vol = a.dm.create("vol", line(DISK));
    MirrorTarget target = (MirrorTarget) vol.targets().get(0);
    vol.write(0, Reference.stamped(1, 8));
    // It has the log's lock last, whose owner has not died then.
    cluster.start().dm.create("vol", line(DISK)).write(16, Reference.stamped(1, 8));

    a.loseSession();

    assertThat(target.recoverAbandoned()).isEqualTo(1);
    assertThat(target.recoveredRegions()).isEqualTo(1);
  }

  /** The first node dies before it has written the log, whose bits are anything. */
  @Test
  void firstNodeDiesWhileItActivates_whoWaitedReadsTheLogAsTheFirst() throws Exception {
    cluster.usedImage("log.img", 8);
    DeviceMapper b = cluster.start().dm;
    List<FutureTask<Boolean>> other = new ArrayList<>();
    a.meanwhile(
        "file:log.img",
        () -> {
          other.add(TestCluster.waiting(() -> b.create("vol", line("disk 2 log.img 16"))));
          cluster.dieAt(write -> write.disk().equals("file:log.img"), TestCluster.Arrives.NOTHING);
        });

    assertThat(cluster.survives(() -> a.dm.create("vol", line("disk 2 log.img 16")))).isFalse();

    assertThat(other.get(0).get()).isTrue();
    assertThat(b.status("vol").get(0)).contains(" 0/4 1 AA 3 disk file:log.img A");
  }

  /** As if it were stopped between the last flush of a leg and the change of the log's value. */
  @ParameterizedTest
  @ValueSource(strings = {CORE, DISK})
  void recover_regionIsLostMeanwhile_isNotSaidToBeInSync(String log) throws IOException {
    TestCluster.Node b = cluster.start();
    createWithOwnDisk(a, log, "a.img");
    createWithOwnDisk(b, log, "b.img");
    a.faults().fail("file:leg1.img");
    a.dm.device("vol").write(0, Reference.stamped(1, 8));
    a.faults().heal("file:leg1.img");
    a.meanwhile(
        "file:a.img",
        () -> {
          a.loseSession();
          recover(b.dm);
          b.faults().fail("file:leg0.img");
          b.dm.device("vol").write(0, Reference.stamped(2, 8));
          b.faults().heal("file:leg0.img");
        });

    assertThatThrownBy(() -> recover(a.dm)).isInstanceOf(LockException.class);

    assertThat(b.dm.device("vol").read(0, 8)).isEqualTo(Reference.stamped(2, 8));
    assertThat(b.dm.status("vol").get(0)).contains(" 3/4 ");
    recover(a.dm);
    assertThat(a.dm.device("vol").read(0, 8)).isEqualTo(Reference.stamped(2, 8));
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  private Path image(String name) {
    return cluster.directory().resolve(name);
  }
}
