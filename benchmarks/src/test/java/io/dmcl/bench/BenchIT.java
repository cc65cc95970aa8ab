package io.dmcl.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dmcl.bench.server.Servers;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The harness from end to end, too short for its numbers to mean anything. */
@Timeout(300)
class BenchIT {
  /** What is tracked: a name that goes away or changes breaks whoever tracks it. */
  private static final List<String> TRACKED =
      List.of(
          "cached-exclusive-vs-rrwl",
          "cached-shared-vs-rrwl",
          "cached-shared-8t-vs-rrwl",
          "cached-alloc-bytes",
          "cached-vs-uncached",
          "cached-vs-curator",
          "uncached-1-vs-curator",
          "uncached-1-vs-curator-versioned",
          "uncached-64-vs-curator",
          "uncached-64-vs-curator-versioned",
          "uncached-1-vs-raw",
          "handover-vs-curator",
          "contended-worst-vs-uncached",
          "acquireall-64-vs-curator-multi",
          "many-waiters-vs-curator",
          "heap-per-cached-lock-bytes",
          "recall-100-readers-ms-vs-1");

  @TempDir private Path directory;

  @Test
  void bench_tiny_printsEveryRatioAndWritesReports() throws Exception {
    Path json = directory.resolve("bench.json");
    Path html = directory.resolve("bench.html");
    Path charts = directory.resolve("charts");
    Path servers = Files.createDirectory(directory.resolve("servers"));

    String output =
        run(
            "--tiny",
            "--fsync=off",
            "--directory=" + servers,
            "--json=" + json,
            "--html=" + html,
            "--charts=" + charts);

    List<String> names = new ArrayList<>();
    for (String line : output.lines().toList()) {
      if (line.startsWith("ratio ") && line.split(" ").length == 3) {
        names.add(line.split(" ")[1]);
        assertThat(line.split(" ")[2]).satisfies(Double::parseDouble);
      }
    }
    assertThat(names).containsAll(TRACKED).doesNotHaveDuplicates();
    if (Servers.isInstalled("etcd")) {
      assertThat(names).contains("uncached-1-vs-etcd", "handover-vs-etcd");
    }
    if (Servers.isInstalled("redis-server")) {
      assertThat(names).contains("uncached-1-vs-redisson", "handover-vs-redisson");
    }
    assertThat(output).contains("fsync off").containsPattern("commit +[0-9a-f]{7}|commit +unknown");
    JsonNode document = new ObjectMapper().readTree(json.toFile());
    assertThat(document.get("ratios")).hasSameSizeAs(names);
    assertThat(document.get("studies").get(0).get("values")).isNotEmpty();
    assertThat(html)
        .content()
        .contains("<svg")
        .contains("handover-vs-curator")
        .endsWith("</html>\n");
    assertThat(charts).isDirectoryContaining("glob:**/uncached-acquires-s.svg");
    try (Stream<Path> left = Files.list(servers)) {
      assertThat(left).isEmpty();
    }
  }

  private static String run(String... arguments) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream before = System.out;
    try (PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8)) {
      System.setOut(out);
      assertThat(Bench.commandLine().execute(arguments)).isZero();
    } finally {
      System.setOut(before);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--fsync=maybe", "--only=nothing", "--rounds=0"})
  void bench_argumentThatMakesNoSense_isRefused(String argument) {
    assertThat(Bench.commandLine().execute(argument)).isEqualTo(2);
  }
}
