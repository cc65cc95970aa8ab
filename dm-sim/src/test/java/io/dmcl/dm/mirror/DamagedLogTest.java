package io.dmcl.dm.mirror;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.disk.DiskFaults;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logs that are too short, of another version, or no logs at all, as the kernel takes them. */
class DamagedLogTest {
  private static final int REGIONS = 5000;
  private static final String LINE = "0 40000 mirror disk 2 log.img 8 2 leg0.img 0 leg1.img 0";

  @TempDir Path directory;

  private Path log = Path.of("log.img");

  @BeforeEach
  void legs() throws IOException {
    log = directory.resolve("log.img");
    Files.write(directory.resolve("leg0.img"), new byte[40000 * 512]);
    Files.write(directory.resolve("leg1.img"), new byte[40000 * 512]);
  }

  private DeviceMapper node() {
    return new DeviceMapper(
        new InMemoryCluster().open("damaged"),
        directory,
        Settings.DEFAULT
            .withBackground(false)
            .withDisks(new DiskSettings(false, false, new DiskFaults())));
  }

  @Test
  void load_truncated_refusedAndNotWritten() throws IOException {
    LogReader.build(log, 8, 2, REGIONS, 17);
    byte[] whole = Files.readAllBytes(log);
    // 1,024 bytes, and 5,000 bits in whole words: 1,656 bytes, which are four sectors.
    for (int length = 0; length < 4 * 512; length += 256) {
      byte[] cut = Arrays.copyOf(whole, length);
      Files.write(log, cut);
      try (DeviceMapper dm = node()) {
        assertThatThrownBy(() -> dm.create("vol", LINE))
            .isInstanceOf(IOException.class)
            .hasMessageContaining(
                length % 512 == 0 ? "too small: need 2048 bytes" : "whole sectors");
      }
      assertThat(Files.readAllBytes(log)).isEqualTo(cut);
    }
    Files.write(log, Arrays.copyOf(whole, 4 * 512));
    try (DeviceMapper dm = node()) {
      dm.create("vol", LINE);
      assertThat(dm.status("vol").get(0)).contains(" 4999/5000 1 AA 3 disk file:log.img A");
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "3", "-1", "16777216"})
  void create_versionThatIsNotKnown_worksWithoutTheLogAndLeavesIt(int version) throws IOException {
    LogReader.build(log, 8, version, REGIONS);
    byte[] before = Files.readAllBytes(log);
    try (DeviceMapper dm = node()) {
      dm.create("vol", LINE);
      assertThat(dm.status("vol").get(0)).endsWith(" 0/5000 1 AA 3 disk file:log.img D");
      dm.device("vol").write(8, Reference.stamped(1, 8));
    }
    assertThat(Files.readAllBytes(log)).isEqualTo(before);
  }

  /** The kernel takes whatever has not its magic for a device that is to become a log. */
  @Test
  void create_foreignContents_aNewLog() throws IOException {
    byte[] foreign = new byte[8 * 512];
    new Random(5).nextBytes(foreign);
    Files.write(log, foreign);
    try (DeviceMapper dm = node()) {
      dm.create("vol", LINE);
      assertThat(dm.status("vol").get(0)).contains(" 0/5000 1 AA 3 disk file:log.img A");
    }
    LogReader reader = new LogReader(log, REGIONS);
    assertThat(reader.regions).isEqualTo(REGIONS);
    assertThat(reader.clean).doesNotContain(true);
    byte[] after = Files.readAllBytes(log);
    assertThat(Arrays.copyOfRange(after, 16, 1024))
        .isEqualTo(Arrays.copyOfRange(foreign, 16, 1024));
    assertThat(Arrays.copyOfRange(after, 2048, after.length))
        .isEqualTo(Arrays.copyOfRange(foreign, 2048, foreign.length));
  }
}
