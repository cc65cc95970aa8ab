package io.dmcl.dm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.FutureTask;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables, their targets, and the life of a device. */
class MappedDeviceTest {
  @TempDir Path directory;
  private DeviceMapper dm;

  @BeforeEach
  void open() throws IOException {
    Files.write(directory.resolve("a.img"), new byte[100 * 512]);
    Files.write(directory.resolve("b.img"), new byte[100 * 512]);
    dm = new DeviceMapper(new InMemoryCluster().open("x"), directory, Settings.DEFAULT);
  }

  @AfterEach
  void close() throws IOException {
    dm.close();
  }

  @Test
  void write_acrossTargets_goesToBothDisks() throws IOException {
    MappedDevice device =
        dm.create("d", "0 50 linear a.img 50\n50 40 striped 2 10 a.img 0 file:b.img 0");
    device.write(45, Reference.stamped(1, 30));
    assertThat(device.read(45, 30)).isEqualTo(Reference.stamped(1, 30));
    assertThat(dm.open("a.img").read(95, 5)).isEqualTo(Reference.stamped(1, 5));
    assertThat(dm.open("a.img").read(0, 10)).isEqualTo(Reference.stamped(6, 10));
    assertThat(dm.open("b.img").read(0, 10)).isEqualTo(Reference.stamped(16, 10));
    assertThat(dm.table("d"))
        .containsExactly(
            "0 50 linear file:a.img 50", "50 40 striped 2 10 file:a.img 0 file:b.img 0");
    assertThat(dm.status("d"))
        .containsExactly("0 50 linear", "50 40 striped 2 file:a.img file:b.img 1 AA");
    assertThatThrownBy(() -> device.read(89, 2)).isInstanceOf(BioException.class);
  }

  @Test
  void reload_thenResume_theNewTableServes() throws IOException {
    MappedDevice device = dm.create("d", "0 10 linear a.img 0");
    device.write(0, Reference.stamped(1, 10));
    dm.reload("d", "0 10 error");
    assertThat(device.hasInactiveTable()).isTrue();
    assertThat(device.read(0, 10)).isEqualTo(Reference.stamped(1, 10));
    dm.resume("d");
    assertThatThrownBy(() -> device.read(0, 1)).isInstanceOf(BioException.class);
    assertThatThrownBy(() -> dm.reload("d", "0 10 linear c.img 0"))
        .isInstanceOf(TableException.class);
    dm.reload("d", "0 20 delay a.img 0 1");
    dm.resume("d");
    assertThat(device.read(0, 10)).isEqualTo(Reference.stamped(1, 10));
    assertThat(device.sectors()).isEqualTo(20);
  }

  @Test
  void remove_deviceInUse_busy() throws IOException {
    dm.create("below", "0 10 linear a.img 0");
    dm.create("above", "0 10 linear /dev/mapper/below 0");
    assertThatThrownBy(() -> dm.remove("below")).hasMessageContaining("Device or resource busy");
    assertThat(dm.ls()).containsExactly("below", "above");
    dm.remove("above");
    dm.remove("below");
    assertThat(dm.ls()).isEmpty();
    assertThatThrownBy(() -> dm.status("below")).hasMessageContaining("not found");
  }

  @Test
  void discardAndWriteZeroes_asTheTargetCan() throws IOException {
    MappedDevice device = dm.create("d", "0 10 linear a.img 0");
    device.write(0, Reference.stamped(1, 10));
    device.submit(Bio.discard(0, 2));
    MappedDevice origin = dm.create("o", "0 10 snapshot-origin dev:d");
    origin.submit(Bio.writeZeroes(4, 2));
    assertThat(origin.read(4, 2)).isEqualTo(new byte[1024]);
    assertThatThrownBy(() -> origin.submit(Bio.discard(0, 1)))
        .isInstanceOfSatisfying(
            BioException.class,
            e -> assertThat(e.status()).isEqualTo(BioException.Status.NOT_SUPPORTED));
  }

  @Test
  void flakey_alwaysDown_failsOrDrops() throws IOException {
    MappedDevice fails = dm.create("f", "0 10 flakey a.img 0 0 60");
    assertThatThrownBy(() -> fails.read(0, 1)).isInstanceOf(BioException.class);
    MappedDevice drops = dm.create("g", "0 10 flakey a.img 0 0 60 1 drop_writes");
    drops.write(0, Reference.stamped(1, 1));
    assertThat(drops.read(0, 1)).isEqualTo(new byte[512]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"r", "w"})
  void flakey_corruptBioByte_changesThatByte(String direction) throws IOException {
    MappedDevice flakey =
        dm.create("f", "0 10 flakey a.img 0 0 60 5 corrupt_bio_byte 3 " + direction + " 171 0");
    byte[] written = Reference.stamped(1, 2);
    byte[] wrong = written.clone();
    wrong[2] = (byte) 171;

    flakey.write(4, written);

    assertThat(flakey.read(4, 2)).isEqualTo(wrong);
    assertThat(dm.create("d", "0 10 linear a.img 0").read(4, 2))
        .isEqualTo(direction.equals("w") ? wrong : written);
    assertThat(written).isEqualTo(Reference.stamped(1, 2));
    assertThat(dm.table("f"))
        .containsExactly(
            "0 10 flakey file:a.img 0 0 60 5 corrupt_bio_byte 3 " + direction + " 171 0");
  }

  @Test
  void targets_allThatThereAre() {
    assertThat(dm.targets())
        .hasSize(9)
        .anyMatch(line -> line.matches("snapshot-merge +v1\\.5\\.0"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 10|Invalid format",
        "0 ten linear a.img 0|Invalid format",
        "0 0 error|zero-length target",
        "5 10 error|Gap in table",
        "0 10 linear a.img|Invalid argument count",
        "0 10 linear a.img -1|Invalid device sector",
        "0 10 linear a.img 95|too small for target",
        "0 10 linear dev:x 0|is the device itself",
        "0 10 linear dev:y 0|Device lookup failed",
        "0 10 striped 3 2 a.img 0 b.img 0|not divisible by number of stripes",
        "0 10 flakey a.img 0 0 0|interval is zero",
        "0 10 flakey a.img 0 0 1 1 corrupt_bio_byte|requires parameters",
        "0 10 flakey a.img 0 0 1 5 corrupt_bio_byte 0 r 1 0|Invalid corrupt bio byte",
        "0 10 flakey a.img 0 0 1 5 corrupt_bio_byte 1 x 1 0|Invalid corrupt bio direction",
        "0 10 flakey a.img 0 0 1 5 corrupt_bio_byte 1 r 256 0|Invalid value",
        "0 10 flakey a.img 0 0 1 5 corrupt_bio_byte 1 r 1 32|Invalid corrupt bio flags",
        "0 10 flakey a.img 0 0 1 6 drop_writes corrupt_bio_byte 1 w 1 0|incompatible",
        "0 10 delay a.img 0|Requires exactly",
      })
  void create_lineThatDmsetupRefuses_refusedWithItsReason(String line, String reason) {
    assertThatThrownBy(() -> dm.create("x", line))
        .isInstanceOf(TableException.class)
        .hasMessageContaining(reason);
    assertThat(dm.ls()).isEmpty();
  }

  @Test
  void close_writeWaitsInASuspendedDeviceBelow_getsThrough() throws Exception {
    dm.create("below", "0 10 linear a.img 0");
    MappedDevice above = dm.create("above", "0 10 linear dev:below 0");
    dm.suspend("below");
    FutureTask<Boolean> write = task(() -> above.write(0, Reference.stamped(1, 10)));
    Thread writer = new Thread(write);
    writer.start();
    Awaitility.await().until(() -> writer.getState() == Thread.State.WAITING);
    FutureTask<Boolean> close = task(dm::close);

    new Thread(close).start();

    try {
      assertThat(close).succeedsWithin(Duration.ofSeconds(20));
    } finally {
      if (!close.isDone()) {
        dm.resume("below");
      }
    }
    assertThat(write.get()).isTrue();
  }

  private static FutureTask<Boolean> task(FirstFailure.Step step) {
    return new FutureTask<>(
        () -> {
          step.run();
          return true;
        });
  }
}
