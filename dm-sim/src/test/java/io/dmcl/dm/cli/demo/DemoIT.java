package io.dmcl.dm.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.cli.Dmcl;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demo as a person runs it: in a process of its own. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DemoIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path directory;

  @Test
  void demo_onServersOfItsOwn_losesNothingAndLeavesNothing() throws Exception {
    Demo demo = start("--seconds=2");

    assertThat(demo.exitStatus()).as(demo.output()).isZero();
    assertThat(demo.output())
        .containsPattern("(?m)^operations per second +[0-9,]+ +[0-9,]+$")
        .containsPattern("(?m)^cluster acquires +[0-9,]+ +[0-9,]+$")
        .containsPattern("(?m)^cache hits +0 +[1-9][0-9,]*$")
        .containsPattern("(?m)^reloads avoided +[0-9,]+ +[1-9][0-9,]*$")
        .containsPattern("(?m)^recalls +0 +[0-9,]+$")
        .containsPattern("(?m)^hand-over, median +.+ +.+$")
        .containsPattern("was killed with SIGKILL in the middle of a write: .* is torn")
        .containsPattern("node \\d was told OWNER_DIED for segment \\d+, put record \\d+ back")
        .contains("is refused by the table now", "none lost, none twice", "PASSED");
    assertThat(leftFiles()).isEmpty();
  }

  @Test
  void demo_withANodeThatIgnoresFreshness_fails() throws Exception {
    try (Servers servers = Servers.start(Files.createDirectory(directory.resolve("servers")));
        CuratorFramework client =
            CuratorFrameworkFactory.newClient(
                servers.connectString(), new RetryOneTime((int) PATIENCE.toMillis()))) {
      client.start();
      Demo demo =
          start(
              "--seconds=2",
              "--nodes=2",
              "--connect=" + servers.connectString(),
              "--tick-ms=" + servers.tick().toMillis(),
              "--ignore-freshness");

      assertThat(demo.exitStatus()).as(demo.output()).isEqualTo(1);
      assertThat(demo.output())
          .contains("FAILED")
          .containsPattern("WRONG: [0-9,]+ times a copy was used that was not what the file had");
      assertThat(client.getChildren().forPath("/")).containsExactly("zookeeper");
    }
    assertThat(leftFiles()).isEmpty();
  }

  @Test
  void demo_toldToEnd_leavesNothing() throws Exception {
    Demo demo = start("--seconds=60", "--nodes=2");
    demo.awaitOutput("warming up");
    List<ProcessHandle> nodes = demo.process().descendants().toList();
    assertThat(nodes).hasSize(2);

    demo.process().destroy();

    assertThat(demo.exitStatus()).isNotZero();
    assertThat(nodes).noneMatch(ProcessHandle::isAlive);
    assertThat(leftFiles()).isEmpty();
  }

  @Test
  void demo_killed_leavesNothing() throws Exception {
    Demo demo = start("--seconds=60", "--nodes=2");
    demo.awaitOutput("warming up");
    List<ProcessHandle> nodes = demo.process().descendants().toList();

    demo.process().destroyForcibly();

    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(nodes).noneMatch(ProcessHandle::isAlive);
              assertThat(leftFiles()).isEmpty();
            });
  }

  private record Demo(Process process, Path log) {
    int exitStatus() throws InterruptedException, IOException {
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("the demo does not end: " + output());
      }
      return process.exitValue();
    }

    String output() throws IOException {
      return Files.readString(log);
    }

    void awaitOutput(String text) {
      Awaitility.await().atMost(PATIENCE).until(() -> output().contains(text));
    }
  }

  private Demo start(String... options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.add("-XX:-UsePerfData");
    command.add("-Dstdout.encoding=" + StandardCharsets.UTF_8);
    command.add("-Dzookeeper.admin.enableServer=false");
    command.add("-Djava.io.tmpdir=" + Files.createDirectories(directory.resolve("tmp")));
    command.add(Dmcl.class.getName());
    command.add("lock-demo");
    command.addAll(List.of(options));
    Path log = directory.resolve("demo.log");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return new Demo(builder.start(), log);
  }

  private List<Path> leftFiles() throws IOException {
    try (var files = Files.list(directory.resolve("tmp"))) {
      return files.filter(path -> path.getFileName().toString().startsWith("dmcl-")).toList();
    }
  }
}
