package io.dmcl.dm.cli.overhead;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** That the measurement measures; how fast anything is, is no affair of a test. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class OverheadIT {
  @TempDir Path directory;

  @Test
  void measure_aSecond_hasAllFiguresAndLeavesNothing() throws Exception {
    Workload workload = new Workload(1 << 20, 4096, 20, 7);

    OverheadReport report =
        new OverheadRun(workload, 256, Duration.ofSeconds(1), directory).measure();

    assertThat(report.ios()).isPositive();
    assertThat(report.bare()).isPositive();
    assertThat(report.twoBare()).isPositive();
    assertThat(report.undurable()).isPositive();
    assertThat(report.ratio()).isEqualTo(report.bare() / report.mirror());
    assertThat(report.lines()).last().asString().matches("ratio \\d+\\.\\d\\d");
    try (var left = Files.list(directory)) {
      assertThat(left).isEmpty();
    }
  }
}
