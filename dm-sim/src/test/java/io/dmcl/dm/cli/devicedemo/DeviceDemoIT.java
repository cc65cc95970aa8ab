package io.dmcl.dm.cli.devicedemo;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Settings;
import io.dmcl.dm.cli.Dmcl;
import io.dmcl.dm.cli.demo.Servers;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demo as a person runs it, in a process of its own; and its disks in other hands. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class DeviceDemoIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int SECTORS = Volume.MIN_SECTORS;
  private static final Pattern DEVICE =
      Pattern.compile(
          "\\{\"name\": \"(\\w+)\", \"table\": \\[\"([^\"]+)\"\\](, \"afterSync\": true)?,"
              + " \"sha256\": \"(\\w{64})\"\\}");

  @TempDir Path directory;

  private record Result(int status, String output) {}

  private Result run(String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:-UsePerfData");
    command.add("-Dstdout.encoding=" + StandardCharsets.UTF_8);
    command.add("-Dzookeeper.admin.enableServer=false");
    command.add("-Djava.io.tmpdir=" + Files.createDirectories(directory.resolve("tmp")));
    command.addAll(List.of(Dmcl.class.getName(), "demo", "--sectors=" + SECTORS));
    command.addAll(List.of(options));
    Path log = directory.resolve("demo.log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.start();
    try {
      return new Result(process.waitFor(), Files.readString(log));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private List<Path> leftFiles() throws IOException {
    try (var files = Files.list(directory.resolve("tmp"))) {
      return files.filter(file -> file.getFileName().toString().startsWith("dmcl-demo")).toList();
    }
  }

  @Test
  void demo_wholeRun_everyBlockIsRight() throws Exception {
    Path kept = directory.resolve("kept");

    Result result = run("--seconds=1", "--keep=" + kept);

    assertThat(result.status()).as(result.output()).isZero();
    assertThat(result.output())
        .containsPattern("(?m)^I/O per second +[0-9,]+ +[0-9,]+$")
        .containsPattern("(?m)^cluster acquires / 1,000 I/O +[0-9,.]+ +[0-9,.]+$")
        .containsPattern("(?m)^metadata reloads avoided / 1,000 I/O +[0-9,.]+ +[0-9,.]+$")
        .contains("was killed with SIGKILL", "was stopped with SIGSTOP", "its write was refused")
        .contains("PASSED");
    assertThat(leftFiles()).isEmpty();
    assertThat(openKept(kept)).containsExactly("vol", "snap1", "snap2", "origin", "leg0", "leg1");
  }

  @Test
  void demo_stoppedAtTheKill_recoveryElsewhereYieldsWhatTheManifestSays() throws Exception {
    for (int seed = 0; seed < 6; seed += 3) { // one for each leg
      Path kept = directory.resolve("kept" + seed);

      Result result = run("--seconds=1", "--stop-at=kill", "--seed=" + seed, "--keep=" + kept);

      assertThat(result.status()).as(result.output()).isZero();
      assertThat(Files.mismatch(kept.resolve("leg0.img"), kept.resolve("leg1.img")))
          .isNotNegative();
      assertThat(openKept(kept)).contains("vol", "snap1", "snap2");
    }
  }

  @Test
  void demo_withADamagedBlockOnServersThatAreThere_saysWhichAndLeavesNothing() throws Exception {
    try (Servers servers = Servers.start(Files.createDirectory(directory.resolve("servers")));
        CuratorFramework client =
            CuratorFrameworkFactory.newClient(
                servers.connectString(), new RetryOneTime((int) PATIENCE.toMillis()))) {
      client.start();

      Result result =
          run(
              "--seconds=1",
              "--nodes=2",
              "--damage=1234",
              "--connect=" + servers.connectString(),
              "--tick-ms=" + servers.tick().toMillis());

      assertThat(result.status()).as(result.output()).isEqualTo(1);
      assertThat(result.output()).contains("WRONG: the legs differ at block 1234", "FAILED");
      assertThat(client.getChildren().forPath("/")).containsExactly("zookeeper");
    }
    assertThat(leftFiles()).isEmpty();
  }

  /** Makes devices of the disks as the manifest says, on a cluster that knows nothing of them. */
  private List<String> openKept(Path kept) throws Exception {
    assertThat(Files.readString(kept.resolve("manifest.json")).replaceAll("\\s+", ""))
        .as("nothing else is in it")
        .startsWith("{\"files\":[\"leg0.img\",\"leg1.img\",\"log.img\",\"cow1.img\",")
        .matches(
            "\\{\"files\":\\[(\"[\\w.]+\",?)+],\"devices\":\\[(\\{"
                + "\"name\":\"\\w+\",\"table\":\\[\"[^\"]+\"](,\"afterSync\":true)?,"
                + "\"sha256\":\"\\w{64}\"},?)+]}");
    Volume volume = new Volume(SECTORS, 3);
    List<String> names = new ArrayList<>();
    InMemoryCluster cluster = new InMemoryCluster();
    try (Lockspace lockspace = cluster.open("elsewhere");
        DeviceMapper devices = new DeviceMapper(lockspace, kept, Settings.DEFAULT)) {
      Matcher device = DEVICE.matcher(Files.readString(kept.resolve("manifest.json")));
      while (device.find()) {
        String name = device.group(1);
        MappedDevice made = devices.create(name, device.group(2));
        if (device.group(3) != null) {
          String inSync = " " + volume.regions() + "/" + volume.regions() + " ";
          Awaitility.await()
              .atMost(PATIENCE)
              .until(() -> devices.status("vol").get(0).contains(inSync));
        }
        String digest = View.digest(volume, made::read, null, problem -> {});
        assertThat(digest).as(name).isEqualTo(device.group(4));
        names.add(name);
      }
    }
    return names;
  }
}
