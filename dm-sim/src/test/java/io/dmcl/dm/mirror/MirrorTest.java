package io.dmcl.dm.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TableException;
import io.dmcl.dm.TestCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The dirty log on disk, by a second reader, and the life of a mirror. */
class MirrorTest {
  private static final String LINE = "0 1000 mirror disk 2 log.img 16 2 leg0.img 0 leg1.img 0";
  private static final int REGIONS = 63;

  @TempDir Path parent;

  private TestCluster cluster;

  @BeforeEach
  void start() throws IOException {
    cluster = new TestCluster(parent, Settings.DEFAULT.withBackground(false), 1, 0, false);
    cluster.image("leg0.img", 1000);
    cluster.image("leg1.img", 1000);
    cluster.image("log.img", 8);
  }

  @AfterEach
  void stop() throws IOException {
    cluster.close();
  }

  private Path image(String name) {
    return cluster.directory().resolve(name);
  }

  private LogReader log() throws IOException {
    return new LogReader(image("log.img"), REGIONS);
  }

  private static MirrorTarget target(DeviceMapper dm) throws IOException {
    return (MirrorTarget) dm.device("vol").targets().get(0);
  }

  private static void resync(DeviceMapper dm) throws IOException {
    while (target(dm).recoverNext()) {}
  }

  private static String status(DeviceMapper dm) throws IOException {
    return dm.status("vol").get(0);
  }

  @Test
  void create_newLog_allRegionsAreCopiedInOrder() throws IOException {
    Files.write(image("leg0.img"), Reference.stamped(5, 1000));
    DeviceMapper dm = cluster.start().dm;
    dm.create("vol", LINE);
    assertThat(log().version).isEqualTo(2);
    assertThat(log().regions).isEqualTo(REGIONS);
    assertThat(log().clean).doesNotContain(true);
    assertThat(status(dm))
        .isEqualTo("0 1000 mirror 2 file:leg0.img file:leg1.img 0/63 1 AA 3 disk file:log.img A");
    resync(dm);
    assertThat(log().clean).doesNotContain(false);
    assertThat(status(dm)).contains(" 63/63 1 AA ");
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  @Test
  void create_logBuiltFromTheDescription_onlyDirtyRegionsAreCopied() throws IOException {
    Files.write(image("leg0.img"), Reference.stamped(5, 1000));
    LogReader.build(image("log.img"), 8, 1, 60, 3, 59);
    byte[] unused = Files.readAllBytes(image("log.img"));
    unused[16] = 77;
    unused[2000] = 78;
    Files.write(image("log.img"), unused);
    DeviceMapper dm = cluster.start().dm;
    dm.create("vol", LINE);
    assertThat(status(dm)).contains(" 58/63 1 AA ");
    resync(dm);
    assertThat(target(dm).recoveredRegions()).isEqualTo(5);
    byte[] expected = new byte[1000 * 512];
    byte[] source = Files.readAllBytes(image("leg0.img"));
    for (int region : new int[] {3, 59, 60, 61, 62}) {
      int from = region * 16 * 512;
      int end = Math.min(expected.length, from + 16 * 512);
      System.arraycopy(source, from, expected, from, end - from);
    }
    assertThat(Files.readAllBytes(image("leg1.img"))).isEqualTo(expected);
    assertThat(log().version).isEqualTo(2);
    assertThat(log().bytes[16]).isEqualTo((byte) 77);
    assertThat(log().bytes[2000]).isEqualTo((byte) 78);
  }

  @ParameterizedTest
  @CsvSource({"nosync,63", "sync,0"})
  void create_syncGiven_theLogIsNotAsked(String word, int inSync) throws IOException {
    LogReader.build(image("log.img"), 8, 2, 63, 7);
    DeviceMapper dm = cluster.start().dm;
    dm.create("vol", LINE.replace("disk 2 log.img 16", "disk 3 log.img 16 " + word));
    assertThat(status(dm)).contains(" " + inSync + "/63 1 AA ");
  }

  @Test
  void create_newerLog_worksWithoutItAndLeavesIt() throws IOException {
    LogReader.build(image("log.img"), 8, 3, 63);
    byte[] before = Files.readAllBytes(image("log.img"));
    DeviceMapper dm = cluster.start().dm;
    dm.create("vol", LINE);
    assertThat(status(dm)).endsWith(" 0/63 1 AA 3 disk file:log.img D");
    dm.device("vol").write(0, Reference.stamped(1, 8));
    assertThat(Files.readAllBytes(image("log.img"))).isEqualTo(before);
  }

  @Test
  void create_nodesAndCoreLog_shareTheState() throws IOException {
    String line = LINE.replace("disk 2 log.img 16", "core 2 16 nosync");
    DeviceMapper a = cluster.start().dm;
    DeviceMapper b = cluster.start().dm;
    a.create("vol", line);
    b.create("vol", line);
    a.device("vol").write(0, Reference.stamped(1, 8));
    assertThat(b.device("vol").read(0, 8)).isEqualTo(Reference.stamped(1, 8));
    assertThat(status(b)).endsWith(" 63/63 1 AA 1 core");
  }

  @ParameterizedTest
  @CsvSource({"log.img 16,log.img 32", "leg1.img 0,leg1.img 1", "leg1.img,other.img"})
  void create_otherNodesHaveAnotherMirrorWithThisLog_refused(String ours, String theirs)
      throws IOException {
    cluster.image("leg1.img", 1001);
    cluster.image("other.img", 1001);
    DeviceMapper a = cluster.start().dm;
    DeviceMapper b = cluster.start().dm;
    a.create("vol", LINE);
    String line = LINE.replace(ours, theirs);

    assertThatThrownBy(() -> b.create("vol", line))
        .isInstanceOf(TableException.class)
        .hasMessageContaining("regions of 16, legs file:leg0.img 0 file:leg1.img 0");

    a.remove("vol");
    b.create("vol", line);
    assertThatThrownBy(() -> a.create("vol", LINE)).isInstanceOf(TableException.class);
  }

  @Test
  void write_inSync_markedBeforeAndCleanedAtHandOver() throws IOException {
    DeviceMapper a = cluster.start().dm;
    DeviceMapper b = cluster.start().dm;
    a.create("vol", LINE.replace("disk 2 log.img 16", "disk 3 log.img 16 nosync"));
    b.create("vol", LINE);
    a.device("vol").write(40, Reference.stamped(1, 3));
    assertThat(log().clean[2]).isFalse();
    assertThat(target(a).regionMap()).startsWith("..*.");
    assertThat(target(b).regionMap()).startsWith("..+.");
    assertThat(status(b)).contains(" 63/63 ");
    assertThat(b.device("vol").read(40, 3)).isEqualTo(Reference.stamped(1, 3));
    assertThat(log().clean[2]).isTrue();
  }

  @Test
  void ownerDies_exactlyItsDirtyRegionsAreRecovered() throws IOException {
    DeviceMapper survivor = cluster.start().dm;
    TestCluster.Node victim = cluster.start();
    survivor.create("vol", LINE.replace("disk 2 log.img 16", "disk 3 log.img 16 nosync"));
    victim.dm.create("vol", LINE);
    survivor.device("vol").write(0, Reference.stamped(100, 8));
    victim.dm.device("vol").write(320, Reference.stamped(1, 8));
    victim.dm.device("vol").write(640, Reference.stamped(1, 8));
    // Its second leg gets half of the next write, and it is gone.
    cluster.crashAfter(3);
    assertThat(cluster.survives(() -> victim.dm.device("vol").write(480, Reference.stamped(9, 8))))
        .isFalse();
    long start = System.nanoTime();
    target(survivor).recoverAbandoned();
    resync(survivor);
    System.out.printf("recovery of 3 dirty regions: %.1f ms%n", (System.nanoTime() - start) / 1e6);
    assertThat(target(survivor).recoveredRegions()).isEqualTo(3);
    assertThat(target(survivor).regionMap().chars().filter(c -> c != '.').count()).isEqualTo(1);
    survivor.remove("vol");
    assertThat(log().clean).doesNotContain(false);
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  @Test
  void recoverAbandoned_ownerLives_keepsItsRegion() throws IOException {
    DeviceMapper a = cluster.start().dm;
    TestCluster.Node b = cluster.start();
    a.create("vol", LINE.replace("disk 2 log.img 16", "disk 3 log.img 16 nosync"));
    b.dm.create("vol", LINE);
    assertThat(b.dm.device("vol").read(40, 3)).isEqualTo(new byte[3 * 512]);
    a.device("vol").write(40, Reference.stamped(1, 3));
    long acquires = b.stats().misses();

    assertThat(target(b.dm).recoverAbandoned()).isZero();

    assertThat(b.stats().misses() - acquires).as("the log's lock only").isLessThanOrEqualTo(1);
    assertThat(target(a).regionMap()).startsWith("..*.");
    assertThat(b.dm.device("vol").read(40, 3)).isEqualTo(Reference.stamped(1, 3));
  }

  @Test
  @Timeout(60)
  void recoverNext_ownMarkTakenForOutOfSync_isTakenOff() throws IOException {
    DeviceMapper a = cluster.start().dm;
    DeviceMapper b = cluster.start().dm;
    TestCluster.Node victim = cluster.start();
    a.create("vol", LINE.replace("disk 2 log.img 16", "disk 3 log.img 16 nosync"));
    b.create("vol", LINE);
    victim.dm.create("vol", LINE);
    b.device("vol").write(40, Reference.stamped(1, 3));
    cluster.crashAfter(2);
    assertThat(cluster.survives(() -> victim.dm.device("vol").write(80, Reference.stamped(2, 3))))
        .isFalse();
    assertThat(status(a)).as("the log's owner died, with two marks").contains(" 61/63 ");

    resync(b);

    assertThat(status(b)).contains(" 63/63 ");
    assertThat(target(b).recoveredRegions()).isEqualTo(1);
    assertThat(b.device("vol").read(40, 3)).isEqualTo(Reference.stamped(1, 3));
  }

  @ParameterizedTest
  @CsvSource({"2 handle_errors balance,true", "1 handle_errors,false"})
  void read_inSync_secondLegIsReadOnlyIfBalanced(String features, boolean expected)
      throws IOException {
    TestCluster.Node node = cluster.start();
    String line = LINE.replace("disk 2 log.img 16", "disk 3 log.img 16 nosync");
    MappedDevice vol = node.dm.create("vol", line + " " + features);
    boolean[] read = {false};
    node.meanwhile("file:leg1.img", () -> read[0] = true);

    vol.read(0, 1);
    vol.read(0, 1);

    assertThat(read[0]).isEqualTo(expected);
  }

  @Test
  void background_severalNodes_shareTheRegionsAndFinish() throws IOException {
    cluster.close();
    Settings settings = Settings.DEFAULT.withTimes(20, 40);
    cluster = new TestCluster(parent, settings, 1, 0, false);
    Files.write(cluster.image("leg0.img", 1000), Reference.stamped(5, 1000));
    cluster.image("leg1.img", 1000);
    cluster.image("log.img", 8);
    DeviceMapper a = cluster.start().dm;
    DeviceMapper b = cluster.start().dm;
    a.create("vol", LINE);
    b.create("vol", LINE);
    a.device("vol").write(3, Reference.stamped(7000, 5));
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> status(a).contains(" 63/63 ") && status(b).contains(" 63/63 "));
    assertThat(target(a).recoveredRegions() + target(b).recoveredRegions()).isEqualTo(REGIONS);
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> target(a).regionMap().equals(".".repeat(REGIONS)));
    assertThat(Files.mismatch(image("leg0.img"), image("leg1.img"))).isEqualTo(-1);
  }

  @Test
  void resyncRate_oneBytePerSecond_goesOnWhenTheLimitIsLifted() throws IOException {
    cluster.close();
    Settings slow =
        Settings.DEFAULT.withBackground(true).withTimes(10, 10).withResyncBytesPerSecond(1);
    cluster = new TestCluster(Files.createDirectory(parent.resolve("slow")), slow, 1, 0, false);
    cluster.image("leg0.img", 1000);
    cluster.image("leg1.img", 1000);
    cluster.image("log.img", 8);
    DeviceMapper dm = cluster.start().dm;

    dm.create("vol", LINE);

    // The next one would be due in two hours.
    Awaitility.await().until(() -> status(dm).contains(" 1/63 "));
    dm.device("vol").write(0, Reference.stamped(7, 1));
    Awaitility.await().until(() -> target(dm).regionMap().indexOf('*') < 0);
    assertThat(status(dm)).contains(" 1/63 ");
    dm.message("vol", 0, "resync-rate", "0");
    Awaitility.await().until(() -> status(dm).contains(" 63/63 "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "mirror disk 2 log.img 16 1 leg0.img 0|Invalid number of mirrors",
        "mirror disk 2 log.img 16 2 leg0.img 0|Too few mirror arguments",
        "mirror disk 2 log.img 12 2 leg0.img 0 leg1.img 0|invalid region size",
        "mirror disk 2 log.img 2048 2 leg0.img 0 leg1.img 0|invalid region size",
        "mirror disk 2 nolog.img 16 2 leg0.img 0 leg1.img 0|Error creating mirror dirty log",
        "mirror disk 2 log.img 16 2 leg0.img 1 leg1.img 0|too small for target",
        "mirror disk 2 log.img 16 2 leg0.img 0 leg1.img 0 1 keep_log|requires the handle_errors",
        "mirror disk 2 log.img 16 2 leg0.img 0 leg1.img 0 2 handle_errors|Not enough arguments",
        "mirror userspace 2 x 16 2 leg0.img 0 leg1.img 0|unknown log type",
        "mirror disk 2 log.img 2 2 leg0.img 0 leg1.img 0|too small: need 1536 bytes",
      })
  void load_lineThatDmsetupRefuses_refusedWithItsReason(String line, String reason)
      throws IOException {
    Files.write(image("log.img"), new byte[1024]);
    DeviceMapper dm = cluster.start().dm;
    assertThatThrownBy(() -> dm.create("vol", "0 1000 " + line))
        .isInstanceOf(TableException.class)
        .hasMessageContaining(reason);
    assertThat(dm.ls()).isEmpty();
  }

  @Test
  void suspend_dirtyRegions_logIsCleanAndBiosWait() throws Exception {
    DeviceMapper dm = cluster.start().dm;
    MappedDevice vol =
        dm.create("vol", LINE.replace("disk 2 log.img 16", "disk 3 log.img 16 nosync"));
    vol.write(0, Reference.stamped(1, 8));
    dm.suspend("vol");
    assertThat(log().clean).doesNotContain(false);
    Thread writer =
        new Thread(
            () -> {
              try {
                vol.write(16, Reference.stamped(2, 1));
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    writer.start();
    Awaitility.await().until(() -> writer.getState() == Thread.State.WAITING);
    dm.resume("vol");
    writer.join();
    assertThat(vol.read(16, 1)).isEqualTo(Reference.stamped(2, 1));
  }
}
