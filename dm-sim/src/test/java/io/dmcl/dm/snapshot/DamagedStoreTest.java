package io.dmcl.dm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.disk.DiskFaults;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stores that were cut off or damaged: opened if they can be, and never written to if not. */
class DamagedStoreTest {
  private static final long[][] EXCEPTIONS = {{4, 5}, {0, 2}, {3, 3}};
  private static final int NEEDED = 6;
  private static final int ORIGIN_CHUNKS = 6;

  @TempDir Path directory;

  private Path cow = Path.of("cow.img");

  private byte[] store(int chunk) throws IOException {
    cow = directory.resolve("cow.img");
    Files.write(directory.resolve("origin.img"), Reference.stamped(1, ORIGIN_CHUNKS * chunk));
    StoreReader.build(
        cow, 8 * chunk, chunk, 1, EXCEPTIONS, Map.of(5L, Reference.stamped(500, chunk)));
    return Files.readAllBytes(cow);
  }

  /** Why it is refused, or null if it is opened and can be read where it should. */
  private @Nullable String open(byte[] contents, int chunk) throws IOException {
    Files.write(cow, contents);
    String reason = null;
    try (DeviceMapper dm =
        new DeviceMapper(
            new InMemoryCluster().open("damaged"),
            directory,
            Settings.DEFAULT
                .withBackground(false)
                .withDisks(new DiskSettings(false, false, new DiskFaults())))) {
      MappedDevice snap =
          dm.create(
              "snap", "0 " + ORIGIN_CHUNKS * chunk + " snapshot origin.img cow.img P " + chunk);
      try {
        snap.read(0, ORIGIN_CHUNKS * chunk);
      } catch (BioException e) {
        assertThat(snap.status().get(0)).endsWith("Invalid");
      }
    } catch (IOException e) {
      reason = e.getMessage();
      assertThat(reason).isNotBlank();
    }
    for (String gate : new String[] {"origin.img.gate", "cow.img.gate"}) {
      Files.deleteIfExists(directory.resolve(gate));
    }
    return reason;
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 16, 32, 64, 128, 256, 512, 1024, 2048})
  void load_truncatedAnywhere_refusedUntilAllChunksAreThere(int chunk) throws IOException {
    byte[] whole = store(chunk);
    TreeSet<Integer> lengths = new TreeSet<>();
    for (int chunks = 0; chunks <= 8; chunks++) {
      for (int sectors = -1; sectors <= 1; sectors++) {
        lengths.add(Math.max(0, Math.min(8 * chunk, chunks * chunk + sectors)) * 512);
      }
      lengths.add(Math.max(0, chunks * chunk * 512 - 100));
    }
    for (int length : lengths) {
      byte[] cut = Arrays.copyOf(whole, length);
      String reason = open(cut, chunk);
      boolean complete = length % 512 == 0 && length >= NEEDED * chunk * 512;
      assertThat(reason == null).as("%d bytes: %s", length, reason).isEqualTo(complete);
      assertThat(Files.readAllBytes(cow)).as("%d bytes", length).isEqualTo(cut);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 64})
  void load_bytesOfHeaderOrListChanged_openedOrRefusedButNotWritten(int chunk) throws IOException {
    byte[] whole = store(chunk);
    int refused = 0;
    long seed = 77;
    Random random = new Random(seed);
    for (int round = 1; round <= 150; round++) {
      byte[] damaged = whole.clone();
      for (int i = 1 + random.nextInt(2); i > 0; i--) {
        int at = random.nextInt(80);
        // Small numbers too, or all would be chunks beyond the end.
        int value = random.nextInt(random.nextBoolean() ? 8 : 256);
        // Not the magic to zero: that is a new store.
        damaged[at < 16 ? at : chunk * 512 + at - 16] = (byte) (at < 4 ? value | 1 : value);
      }
      String what = "seed " + seed + ", round " + round;
      try {
        refused += open(damaged, chunk) == null ? 0 : 1;
      } catch (RuntimeException e) {
        throw new AssertionError(what, e);
      }
      assertThat(Files.readAllBytes(cow)).as(what).isEqualTo(damaged);
    }
    assertThat(refused).as("refused of 150, seed " + seed).isEqualTo(134);
  }
}
