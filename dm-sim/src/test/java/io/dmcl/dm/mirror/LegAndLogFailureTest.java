package io.dmcl.dm.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TestCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a mirror whose legs or log fail, with and without the features for that. */
class LegAndLogFailureTest {
  private static final String NEW = "0 64 mirror disk 2 log.img 16 2 leg0.img 0 leg1.img 0";
  private static final String HOLD = " 1 handle_errors";
  private static final String KEEP = " 2 handle_errors keep_log";

  @TempDir Path parent;

  private TestCluster cluster;

  @BeforeEach
  void start() throws IOException {
    cluster = new TestCluster(parent, Settings.DEFAULT.withBackground(false), 1, 0, false);
    cluster.image("leg0.img", 64);
    cluster.image("leg1.img", 64);
    cluster.image("log.img", 8);
  }

  @AfterEach
  void stop() throws IOException {
    cluster.close();
  }

  private static String inSync(String features) {
    return NEW.replace("disk 2 log.img 16", "disk 3 log.img 16 nosync") + features;
  }

  private static MirrorTarget target(DeviceMapper dm) throws IOException {
    return (MirrorTarget) dm.device("vol").targets().get(0);
  }

  private static String status(DeviceMapper dm) throws IOException {
    return dm.status("vol").get(0);
  }

  @Test
  void recoverNext_sourceFailsInTheLastRegion_theUnsyncedLegIsNotRead() throws IOException {
    Files.write(cluster.directory().resolve("leg0.img"), Reference.stamped(1, 64));
    TestCluster.Node a = cluster.start();
    MappedDevice vol = a.dm.create("vol", NEW + KEEP);
    for (int i = 0; i < 3; i++) {
      assertThat(target(a.dm).recoverNext()).isTrue();
    }
    int last = target(a.dm).regionMap().indexOf('x');
    a.faults().fail("file:leg0.img", last * 16L, 16, true, false);

    assertThat(target(a.dm).recoverNext()).isFalse();

    assertThat(status(a.dm)).contains(" 3/4 1 RA ");
    assertThatThrownBy(() -> vol.read(last * 16L, 16)).isInstanceOf(BioException.class);
    a.faults().heal("file:leg0.img");
    assertThat(target(a.dm).recoverNext()).isTrue();
    assertThat(vol.read(0, 64)).isEqualTo(Reference.stamped(1, 64));
    assertThat(Files.readAllBytes(cluster.directory().resolve("leg1.img")))
        .isEqualTo(Reference.stamped(1, 64));
  }

  @Test
  void ownerDies_theLegToCopyFromIsGone_theOtherIsRead() throws IOException {
    TestCluster.Node survivor = cluster.start();
    TestCluster.Node victim = cluster.start();
    survivor.dm.create("vol", inSync(KEEP));
    victim.dm.create("vol", inSync(KEEP));
    victim.dm.device("vol").write(16, Reference.stamped(1, 8));
    cluster.dieAt(write -> write.disk().equals("file:leg0.img"), TestCluster.Arrives.NOTHING);
    survivor.dm.device("vol").read(0, 1);
    assertThat(cluster.survives(() -> victim.dm.device("vol").write(24, Reference.stamped(9, 8))))
        .isFalse();
    survivor.faults().fail("file:leg0.img");

    target(survivor.dm).recoverAbandoned();

    assertThat(survivor.dm.device("vol").read(16, 8)).isEqualTo(Reference.stamped(1, 8));
  }

  @Test
  void flush_regionOutOfSync_itsOnlyLegCannotBeFlushed_fails() throws IOException {
    TestCluster.Node a = cluster.start();
    MappedDevice vol = a.dm.create("vol", NEW + KEEP);
    vol.write(0, Reference.stamped(1, 8));
    a.faults().fail("file:leg0.img", 0, 64, false, true);

    assertThatThrownBy(vol::flush).isInstanceOf(BioException.class);

    a.faults().heal("file:leg0.img");
    vol.flush();
  }

  @Test
  void flush_defaultLegFails_allRegionsAreOnTheOther_done() throws IOException {
    TestCluster.Node a = cluster.start();
    MappedDevice vol = a.dm.create("vol", inSync(KEEP));
    vol.write(0, Reference.stamped(1, 8));
    a.faults().fail("file:leg0.img");

    vol.flush();

    assertThat(status(a.dm)).contains(" 3/4 1 FA ");
    assertThat(vol.read(0, 8)).isEqualTo(Reference.stamped(1, 8));
  }

  @Test
  void coreLog_nodeDiesBetweenTheLegs_survivorMakesThemEqual() throws IOException {
    String line = inSync(KEEP).replace("disk 3 log.img 16 nosync", "core 2 16 nosync");
    DeviceMapper survivor = cluster.start().dm;
    TestCluster.Node victim = cluster.start();
    survivor.create("vol", line);
    victim.dm.create("vol", line);
    cluster.dieAt(write -> write.disk().equals("file:leg1.img"), TestCluster.Arrives.NOTHING);
    assertThat(cluster.survives(() -> victim.dm.device("vol").write(16, Reference.stamped(1, 8))))
        .isFalse();

    assertThat(survivor.device("vol").read(16, 8)).isEqualTo(Reference.stamped(1, 8));

    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  // ---- a leg fails ----

  @Test
  void legFails_keepLog_degradedOnAllNodesThenPartlyRecovered() throws IOException {
    TestCluster.Node a = cluster.start();
    TestCluster.Node b = cluster.start();
    a.dm.create("vol", inSync(KEEP));
    b.dm.create("vol", inSync(KEEP));
    for (String leg : new String[] {"file:leg1.img", "file:leg0.img"}) {
      a.faults().fail(leg);
      b.faults().fail(leg);
      a.dm.device("vol").write(0, Reference.stamped(11, 8));
      b.dm.device("vol").write(32, Reference.stamped(21, 8));
      String letters = leg.contains("0") ? "DA" : "AD";
      assertThat(status(a.dm)).contains(" 2/4 1 " + letters + " ");
      assertThat(status(b.dm)).contains(" 2/4 1 " + letters + " ");
      assertThat(b.dm.device("vol").read(0, 8)).isEqualTo(Reference.stamped(11, 8));
      assertThat(a.dm.device("vol").read(32, 8)).isEqualTo(Reference.stamped(21, 8));
      assertThat(target(b.dm).recoverNext()).isFalse();
      a.faults().heal(leg);
      b.faults().heal(leg);
      long before = target(b.dm).recoveredRegions();
      while (target(b.dm).recoverNext()) {}
      assertThat(target(b.dm).recoveredRegions() - before).isEqualTo(2);
      assertThat(status(a.dm)).contains(" 4/4 1 AA ");
      byte[] leg0 = Files.readAllBytes(image("leg0.img"));
      assertThat(Files.readAllBytes(image("leg1.img"))).isEqualTo(leg0);
      assertThat(Arrays.copyOf(leg0, 8 * 512)).isEqualTo(Reference.stamped(11, 8));
    }
  }

  @Test
  void legFails_noFeatures_goesOnWithTheDefaultLegAlone() throws IOException {
    TestCluster.Node a = cluster.start();
    MappedDevice vol = a.dm.create("vol", inSync(""));
    a.faults().fail("file:leg1.img");
    vol.write(0, Reference.stamped(1, 8));
    assertThat(status(a.dm)).contains(" 3/4 1 AD ");
    assertThat(vol.read(0, 8)).isEqualTo(Reference.stamped(1, 8));
    a.faults().heal("file:leg1.img");
    while (target(a.dm).recoverNext()) {}
    assertThat(status(a.dm)).contains(" 4/4 1 AA ");
  }

  @Test
  void defaultLegFails_noFeatures_writesFailAndNothingAcknowledgedIsLost() throws IOException {
    TestCluster.Node a = cluster.start();
    DeviceMapper b = cluster.start().dm;
    MappedDevice vol = a.dm.create("vol", inSync(""));
    b.create("vol", inSync(""));
    vol.write(0, Reference.stamped(1, 8));
    vol.write(16, Reference.stamped(50, 8));
    a.faults().fail("file:leg0.img");

    assertThatThrownBy(() -> vol.write(0, Reference.stamped(90, 4)))
        .isInstanceOf(BioException.class);
    assertThatThrownBy(() -> vol.read(0, 8)).isInstanceOf(BioException.class);
    assertThat(vol.read(16, 8)).as("in sync").isEqualTo(Reference.stamped(50, 8));

    assertThat(b.device("vol").read(0, 8)).isEqualTo(Reference.stamped(1, 8));
    a.faults().heal("file:leg0.img");
    while (target(a.dm).recoverNext()) {}
    assertThat(status(b)).contains(" 4/4 1 AA ");
    assertThat(vol.read(0, 8)).isEqualTo(Reference.stamped(1, 8));
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  @Test
  void legFails_handleErrors_theWriteIsHeldUntilTheLegIsBack() throws Exception {
    TestCluster.Node a = cluster.start();
    DeviceMapper b = cluster.start().dm;
    MappedDevice vol = a.dm.create("vol", inSync(HOLD));
    b.create("vol", inSync(HOLD));
    a.faults().fail("file:leg1.img");

    FutureTask<Boolean> write = TestCluster.waiting(() -> vol.write(0, Reference.stamped(1, 8)));

    assertThat(status(b)).contains(" 3/4 1 AD ");
    b.device("vol").read(0, 8);
    FutureTask<Boolean> other =
        TestCluster.waiting(() -> b.device("vol").write(4, Reference.stamped(80, 8)));
    a.faults().heal("file:leg1.img");
    assertThat(target(a.dm).recoverNext()).isTrue();
    assertThat(write.get() && other.get()).isTrue();
    assertThat(vol.read(8, 4)).isEqualTo(Reference.stamped(84, 4));
    assertThat(status(b)).contains(" 4/4 1 AA ");
  }

  @Test
  void held_suspended_fails() throws Exception {
    TestCluster.Node a = cluster.start();
    MappedDevice vol = a.dm.create("vol", inSync(HOLD));
    a.faults().fail("file:leg1.img");
    FutureTask<Boolean> write = TestCluster.waiting(() -> vol.write(0, Reference.stamped(1, 8)));

    a.dm.suspend("vol");

    assertThatThrownBy(write::get).hasCauseInstanceOf(BioException.class);
    a.faults().heal("file:leg1.img");
    a.dm.resume("vol");
    vol.write(0, Reference.stamped(2, 8));
  }

  @Test
  void held_suspendedWithoutFlush_theNextTableGetsIt() throws Exception {
    TestCluster.Node a = cluster.start();
    MappedDevice vol = a.dm.create("vol", inSync(HOLD));
    a.faults().fail("file:leg1.img");
    FutureTask<Boolean> write = TestCluster.waiting(() -> vol.write(0, Reference.stamped(1, 8)));

    a.dm.reload("vol", "0 64 linear leg0.img 0");
    a.dm.suspendWithoutFlush("vol");
    assertThat(write.isDone()).isFalse();
    a.dm.resume("vol");

    assertThat(write.get()).isTrue();
    assertThat(vol.read(0, 8)).isEqualTo(Reference.stamped(1, 8));
  }

  @Test
  void readFails_otherLegIsRead() throws IOException {
    for (String features : new String[] {"", HOLD, KEEP}) {
      TestCluster.Node a = cluster.start();
      a.dm.create("vol", inSync(features));
      a.dm.device("vol").write(0, Reference.stamped(1, 8));
      a.faults().fail("file:leg0.img", 2, 1, true, false);
      assertThat(a.dm.device("vol").read(0, 8)).isEqualTo(Reference.stamped(1, 8));
      assertThat(status(a.dm)).contains(" 1 RA ");
      a.dm.remove("vol");
    }
  }

  // ---- the log fails ----

  @Test
  void logFails_keepLog_writesFailAndStatusSaysSo() throws IOException {
    TestCluster.Node a = cluster.start();
    a.dm.create("vol", inSync(KEEP));
    a.faults().fail("file:log.img");
    assertThatThrownBy(() -> a.dm.device("vol").write(0, Reference.stamped(1, 8)))
        .isInstanceOf(BioException.class)
        .hasMessageContaining("log failed");
    assertThat(status(a.dm)).endsWith("file:log.img D");
    a.faults().heal("file:log.img");
    a.dm.device("vol").write(0, Reference.stamped(1, 8));
    assertThat(status(a.dm)).endsWith("file:log.img A");
  }

  @Test
  void logFails_handleErrors_theWriteIsHeldUntilItIsBack() throws Exception {
    TestCluster.Node a = cluster.start();
    MappedDevice vol = a.dm.create("vol", inSync(HOLD));
    a.faults().fail("file:log.img");
    FutureTask<Boolean> write = TestCluster.waiting(() -> vol.write(0, Reference.stamped(1, 8)));
    a.faults().heal("file:log.img");
    assertThat(write.get()).isTrue();
    assertThat(new LogReader(image("log.img"), 4).clean[0]).as("marked").isFalse();
  }

  @Test
  void logFails_noFeatures_goesOnWithoutItAndADeathLosesNothing() throws IOException {
    DeviceMapper survivor = cluster.start().dm;
    TestCluster.Node victim = cluster.start();
    survivor.create("vol", inSync(""));
    victim.dm.create("vol", inSync(""));
    victim.faults().fail("file:log.img");
    victim.dm.device("vol").write(16, Reference.stamped(1, 8));
    assertThat(status(survivor)).endsWith(" 4/4 1 AA 3 disk file:log.img D");
    cluster.dieAt(write -> write.disk().equals("file:leg1.img"), TestCluster.Arrives.NOTHING);
    assertThat(cluster.survives(() -> victim.dm.device("vol").write(16, Reference.stamped(9, 8))))
        .isFalse();

    assertThat(survivor.device("vol").read(16, 8)).isEqualTo(Reference.stamped(9, 8));
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);

    survivor.remove("vol");
    survivor.create("vol", NEW);
    assertThat(status(survivor)).as("what was marked is not known").contains(" 0/4 1 AA ");
  }

  @Test
  void create_logCannotBeUsed_nothingIsInSyncAndThereIsNoLog() throws IOException {
    TestCluster.Node a = cluster.start();
    a.faults().fail("file:log.img");

    MappedDevice vol = a.dm.create("vol", NEW + KEEP);

    assertThat(status(a.dm)).endsWith(" 0/4 1 AA 3 disk file:log.img D");
    vol.write(0, Reference.stamped(1, 8));
    while (target(a.dm).recoverNext()) {}
    assertThat(status(a.dm)).endsWith(" 4/4 1 AA 3 disk file:log.img D");
    vol.write(8, Reference.stamped(1, 8));
  }

  private Path image(String name) {
    return cluster.directory().resolve(name);
  }
}
