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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of a mirror whose legs or log fail, with and without the features for that. */
class LegAndLogFailureTest {
  private static final String NEW = "0 64 mirror disk 2 log.img 16 2 leg0.img 0 leg1.img 0";
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

  private Path image(String name) {
    return cluster.directory().resolve(name);
  }
}
