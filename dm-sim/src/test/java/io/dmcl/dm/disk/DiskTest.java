package io.dmcl.dm.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.Fence;
import io.dmcl.dm.Reference;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.StaleTokenException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a disk promises, and what it forgets. */
class DiskTest {
  private static final DiskSettings PLAIN = new DiskSettings(false, false, new DiskFaults());

  @TempDir Path directory;
  private Path image;

  @BeforeEach
  void make() throws IOException {
    image = Files.write(directory.resolve("disk.img"), new byte[64 * 512]);
  }

  private static Bio write(long sector, long stamp, int sectors) {
    return Bio.write(sector, ByteBuffer.wrap(Reference.stamped(stamp, sectors)));
  }

  private static Fence fence(long lock, LockMode mode, long token) {
    return new Fence(lock, mode, token, null);
  }

  @Test
  void write_olderTokenThanSeen_refusedAlsoAfterReopening() throws IOException {
    try (Disk disk = Disk.open(image, "d", PLAIN)) {
      disk.submit(write(0, 1, 1).withFence(fence(5, LockMode.EXCLUSIVE, 10)));
      disk.submit(write(0, 2, 1).withFence(fence(6, LockMode.EXCLUSIVE, 3)));
      disk.submit(write(0, 3, 1).withFence(fence(5, LockMode.SHARED, 12)));
      disk.submit(write(0, 4, 1).withFence(fence(5, LockMode.SHARED, 11)));
    }
    try (Disk disk = Disk.open(image, "d", PLAIN);
        Disk other = Disk.open(image, "d", PLAIN)) {
      assertThatThrownBy(
              () -> disk.submit(write(0, 5, 1).withFence(fence(5, LockMode.EXCLUSIVE, 11))))
          .isInstanceOf(StaleTokenException.class);
      assertThatThrownBy(() -> other.submit(write(0, 6, 1).withFence(fence(5, LockMode.SHARED, 9))))
          .isInstanceOf(StaleTokenException.class);
      Fence both = new Fence(6, LockMode.EXCLUSIVE, 4, fence(5, LockMode.EXCLUSIVE, 1));
      assertThatThrownBy(() -> disk.submit(write(0, 7, 1).withFence(both)))
          .isInstanceOf(StaleTokenException.class);
      assertThat(disk.read(0, 1)).isEqualTo(Reference.stamped(4, 1));
      assertThat(other.refused()).isEqualTo(3);
      other.submit(Bio.flush().withFence(fence(5, LockMode.EXCLUSIVE, 20)));
      assertThatThrownBy(
              () -> disk.submit(write(0, 8, 1).withFence(fence(5, LockMode.EXCLUSIVE, 19))))
          .isInstanceOf(StaleTokenException.class);
    }
  }

  @Test
  void powerCut_unflushedSectors_eachKeptDroppedOrTorn() throws IOException {
    int[] totals = new int[3];
    Set<Integer> outcomes = new HashSet<>();
    for (int seed = 1; seed <= 20; seed++) {
      Files.write(image, Reference.stamped(1000, 64));
      try (Disk disk = Disk.open(image, "d", DiskSettings.crashMode(new DiskFaults()))) {
        disk.submit(write(0, 1, 8));
        disk.flush();
        disk.submit(write(8, 9, 8).withFua());
        disk.submit(write(16, 17, 8));
        disk.submit(write(20, 221, 2));
        assertThat(disk.read(16, 4)).isEqualTo(Reference.stamped(17, 4));
      }
      WriteCache.Outcome outcome = WriteCache.powerCut(image, seed);
      assertThat(outcome.kept() + outcome.dropped() + outcome.torn()).isEqualTo(8);
      totals[0] += outcome.kept();
      totals[1] += outcome.dropped();
      totals[2] += outcome.torn();
      outcomes.add(outcome.kept());
      try (Disk disk = Disk.open(image, "d", PLAIN)) {
        assertThat(disk.read(0, 16)).isEqualTo(Reference.stamped(1, 16));
        assertThat(disk.read(24, 40)).isEqualTo(Reference.stamped(1024, 40));
        for (int i = 0; i < 8; i++) {
          ByteBuffer sector = ByteBuffer.wrap(disk.read(16 + i, 1));
          for (int at = 0; at < 512; at += 8) {
            assertThat(sector.getLong(at)).isIn(17L + i, 1016L + i, 217L + i);
          }
        }
      }
      assertThat(WriteCache.powerCut(image, seed)).isEqualTo(new WriteCache.Outcome(0, 0, 0));
    }
    assertThat(totals).doesNotContain(0);
    assertThat(outcomes).hasSizeGreaterThan(2);
  }

  @Test
  void submit_badSectorsAndTheEnd_failAsADiskDoes() throws IOException {
    DiskFaults faults = new DiskFaults();
    try (Disk disk = Disk.open(image, "d", new DiskSettings(false, false, faults))) {
      faults.fail("d", 10, 1, true, false);
      disk.submit(write(8, 1, 4));
      assertThatThrownBy(() -> disk.read(8, 4)).isInstanceOf(BioException.class);
      assertThat(disk.read(11, 1)).isEqualTo(Reference.stamped(4, 1));
      faults.heal("d");
      assertThat(disk.read(8, 4)).isEqualTo(Reference.stamped(1, 4));
      assertThatThrownBy(() -> disk.read(63, 2))
          .isInstanceOfSatisfying(
              BioException.class,
              e -> assertThat(e.status()).isEqualTo(BioException.Status.OUT_OF_RANGE));
      disk.submit(Bio.writeZeroes(8, 4));
      assertThat(disk.read(8, 4)).isEqualTo(new byte[4 * 512]);
    }
  }

  @Test
  void read_interruptedThread_diskStaysOpen() throws IOException {
    try (Disk disk = Disk.open(image, "d", PLAIN)) {
      Thread.currentThread().interrupt();
      assertThat(disk.read(0, 1)).isEqualTo(new byte[512]);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(disk.read(0, 1)).isEqualTo(new byte[512]);
    }
  }

  @Test
  void open_notWholeSectors_refused() throws IOException {
    Files.write(image, new byte[1000]);
    assertThatThrownBy(() -> Disk.open(image, "d", PLAIN))
        .hasMessageContaining("which are not whole sectors");
  }
}
