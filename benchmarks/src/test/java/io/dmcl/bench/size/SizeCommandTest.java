package io.dmcl.bench.size;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class SizeCommandTest {
  @TempDir Path dir;

  /** What it says on standard error; empty if it went well. */
  private static String run(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("--nodes=9", "--locks=1000", "--acquires=100"));
    arguments.addAll(List.of(more));
    StringWriter errors = new StringWriter();
    int status =
        new CommandLine(new SizeCommand())
            .setOverwrittenOptionsAllowed(true)
            .setErr(new PrintWriter(errors))
            .execute(arguments.toArray(new String[0]));
    assertThat(status).isEqualTo(errors.toString().isEmpty() ? 0 : CommandLine.ExitCode.USAGE);
    return errors.toString();
  }

  @Test
  void options_sensible_areAnswered() {
    assertThat(run("--exclusive=0", "--remote=100", "--readers=0")).isEmpty();
    assertThat(run("--uncached", "--parallel=64")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "--nodes=0, at least 1",
    "--locks=-1, at least 0",
    "--acquires=-1, at least 0",
    "--acquires=NaN, at least 0",
    "--exclusive=101, between 0 and 100",
    "--exclusive=-1, between 0 and 100",
    "--parallel=0, at least 1",
    "--remote=101, between 0 and 100",
    "--readers=-1, at least 0",
    "--tick-ms=0, more than 0",
    "--cpus=0, more than 0",
    "--utilization=0, more than 0",
    "--utilization=101, between 0 and 100",
    "--heap-gib=0, more than 0",
  })
  void option_outOfRange_isNamed(String option, String range) {
    assertThat(run(option)).startsWith(option.split("=")[0] + " is " + range);
  }

  @Test
  void cost_noFile_isNamed() {
    Path missing = dir.resolve("missing.json");
    assertThat(run("--cost=" + missing)).startsWith("--cost: there is no file " + missing);
  }

  @Test
  void cost_notAReport_saysHowToGetOne() throws Exception {
    Path empty = Files.writeString(dir.resolve("empty.json"), "{}");
    assertThat(run("--cost=" + empty)).startsWith("--cost: ").contains("--only=cost");
    Path broken = Files.writeString(dir.resolve("broken.json"), "{\"studies\":");
    assertThat(run("--cost=" + broken)).startsWith("--cost: ");
  }
}
