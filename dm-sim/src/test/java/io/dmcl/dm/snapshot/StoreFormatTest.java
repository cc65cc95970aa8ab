package io.dmcl.dm.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Reference;
import io.dmcl.dm.Settings;
import io.dmcl.dm.TableException;
import io.dmcl.dm.disk.DiskFaults;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is on the disk, by a second reader and writer made from the format's description. */
class StoreFormatTest {
  private static final Settings SETTINGS =
      Settings.DEFAULT
          .withBackground(false)
          .withDisks(new DiskSettings(false, false, new DiskFaults()));

  @TempDir Path directory;

  private final InMemoryCluster locks = new InMemoryCluster();

  private Path image(String name, int sectors) throws IOException {
    return Files.write(directory.resolve(name), new byte[sectors * 512]);
  }

  private DeviceMapper node() {
    return new DeviceMapper(locks.open("format"), directory, SETTINGS);
  }

  private static String line(int sectors, String rest) {
    return "0 " + sectors + " snapshot origin.img cow.img " + rest;
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 16, 32, 64, 128, 256, 512, 1024, 2048})
  void write_everyChunkSize_secondReaderFindsTheSame(int chunk) throws IOException {
    int sectors = chunk * 5 + 3;
    image("origin.img", sectors);
    Path cow = image("cow.img", chunk * 9 + 1);
    byte[] before = Reference.stamped(1000, sectors);
    try (DeviceMapper dm = node()) {
      MappedDevice origin = dm.create("origin", "0 " + sectors + " snapshot-origin origin.img");
      origin.write(0, before);
      MappedDevice snap = dm.create("snap", line(sectors, "P " + chunk));
      origin.write(chunk * 3L + 1, Reference.stamped(1, 2));
      origin.write(sectors - 1, Reference.stamped(7, 1));
      snap.write(chunk, Reference.stamped(20, chunk));
      snap.write(chunk * 2L + 3, Reference.stamped(30, 1));
      StoreReader store = new StoreReader(cow);
      assertThat(store.valid).isTrue();
      assertThat(store.chunkSectors).isEqualTo(chunk);
      assertThat(store.exceptions).isEqualTo(Map.of(3L, 2L, 5L, 3L, 1L, 4L, 2L, 5L));
      assertThat(dm.status("snap"))
          .containsExactly(
              "0 " + sectors + " snapshot " + 6 * chunk + "/" + (chunk * 9 + 1) + " " + 2 * chunk);
      assertThat(snap.read(chunk * 3L, 3))
          .isEqualTo(Arrays.copyOfRange(before, chunk * 3 * 512, (chunk * 3 + 3) * 512));
      assertThat(snap.read(sectors - 1, 1))
          .isEqualTo(Arrays.copyOfRange(before, (sectors - 1) * 512, sectors * 512));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {8, 16, 32, 64, 128, 256, 512, 1024, 2048})
  void open_storeBuiltFromTheDescription_holesAndAnyOrder(int chunk) throws IOException {
    int sectors = chunk * 6;
    Files.write(directory.resolve("origin.img"), Reference.stamped(1, sectors));
    StoreReader.build(
        directory.resolve("cow.img"),
        chunk * 10,
        chunk,
        7,
        new long[][] {{4, 5}, {0, 2}, {9, 0}, {3, 3}},
        Map.of(5L, Reference.stamped(500, chunk), 2L, Reference.stamped(900, chunk)));
    try (DeviceMapper dm = node()) {
      dm.create("origin", "0 " + sectors + " snapshot-origin origin.img");
      MappedDevice snap = dm.create("snap", line(sectors, "P 0"));
      assertThat(snap.read(4L * chunk, chunk)).isEqualTo(Reference.stamped(500, chunk));
      assertThat(snap.read(0, chunk)).isEqualTo(Reference.stamped(900, chunk));
      assertThat(snap.read(3L * chunk, 1)).isEqualTo(Reference.stamped(1 + 3 * chunk, 1));
      assertThat(dm.table("snap").get(0)).endsWith(" P " + chunk);
      assertThat(dm.status("snap").get(0)).contains(" " + 6 * chunk + "/" + chunk * 10 + " ");
      // What is behind the end of the list must not come alive.
      snap.write(chunk, Reference.stamped(70, 1));
    }
    StoreReader store = new StoreReader(directory.resolve("cow.img"));
    assertThat(store.exceptions).isEqualTo(Map.of(4L, 5L, 0L, 2L, 1L, 6L));
    assertThat(store.staleBytes).isZero();
  }

  @Test
  void open_storeWithFullAreasBuiltFromTheDescription_goesOnInTheNext() throws IOException {
    int perArea = 32;
    int count = 2 * perArea + 1;
    long[][] entries = new long[count][];
    Map<Long, byte[]> data = new HashMap<>();
    for (int i = 0; i < count; i++) {
      long stored = i + 2 + i / perArea;
      entries[i] = new long[] {count - 1 - i, stored};
      data.put(stored, Reference.stamped(1000 + i, 1));
    }
    image("origin.img", count + 1);
    StoreReader.build(directory.resolve("cow.img"), count + 6, 1, 1, entries, data);
    try (DeviceMapper dm = node()) {
      MappedDevice origin = dm.create("origin", "0 " + (count + 1) + " snapshot-origin origin.img");
      MappedDevice snap = dm.create("snap", line(count + 1, "P 1"));
      for (int i = 0; i < count; i++) {
        assertThat(snap.read(count - 1 - i, 1)).isEqualTo(Reference.stamped(1000 + i, 1));
      }
      origin.write(count, Reference.stamped(5, 1));
      assertThat(snap.read(count, 1)).isEqualTo(new byte[512]);
    }
    assertThat(new StoreReader(directory.resolve("cow.img")).exceptions).hasSize(count + 1);
  }

  @ParameterizedTest
  @CsvSource({"258,255,256", "259,256,257"})
  void copyOut_areaBecomesFull_asManyExceptionsAsTheKernel(int chunks, int fit, int invalidAt)
      throws IOException {
    image("origin.img", 8 * 300);
    Path cow = image("cow.img", 8 * chunks);
    try (DeviceMapper dm = node()) {
      MappedDevice origin = dm.create("origin", "0 2400 snapshot-origin origin.img");
      dm.create("snap", line(2400, "P 8"));
      for (int i = 0; i < fit; i++) {
        origin.write(8L * i, Reference.stamped(i, 1));
      }
      int metadata = fit == 256 ? 24 : 16;
      int allocated = (fit + 2 + fit / 256) * 8;
      assertThat(dm.status("snap").get(0))
          .endsWith(" " + allocated + "/" + 8 * chunks + " " + metadata);
      assertThat(new StoreReader(cow).exceptions).hasSize(fit);
      origin.write(8L * (invalidAt - 1), Reference.stamped(5, 1));
      assertThat(origin.read(8L * (invalidAt - 1), 1)).isEqualTo(Reference.stamped(5, 1));
      assertThat(dm.status("snap").get(0)).endsWith("snapshot Invalid");
      StoreReader store = chunks == 259 ? new StoreReader(cow) : null;
      assertThat(Files.readAllBytes(cow)[4]).isZero();
      if (store != null) {
        assertThat(store.exceptions).hasSize(fit);
      }
    }
  }

  @Test
  void snapshotWrite_noRoom_invalidOrOverflow() throws IOException {
    for (String kind : new String[] {"P", "PO"}) {
      image("origin.img", 80);
      image("cow.img", 8 * 4);
      Files.deleteIfExists(directory.resolve("origin.img.gate"));
      Files.deleteIfExists(directory.resolve("cow.img.gate"));
      InMemoryCluster fresh = new InMemoryCluster();
      try (DeviceMapper a = new DeviceMapper(fresh.open("x"), directory, SETTINGS);
          DeviceMapper b = new DeviceMapper(fresh.open("x"), directory, SETTINGS)) {
        a.create("origin", "0 80 snapshot-origin origin.img");
        MappedDevice snapA = a.create("snap", line(80, kind + " 8"));
        MappedDevice snapB = b.create("snap", line(80, kind + " 8"));
        snapA.write(0, Reference.stamped(1, 8));
        snapB.write(8, Reference.stamped(2, 8));
        assertThatThrownBy(() -> snapA.write(16, Reference.stamped(3, 8)))
            .isInstanceOf(BioException.class);
        boolean overflows = kind.equals("PO");
        String word = overflows ? "Overflow" : "Invalid";
        assertThat(a.status("snap").get(0)).endsWith(word);
        assertThat(b.status("snap").get(0)).endsWith(word);
        if (overflows) {
          assertThat(snapB.read(0, 8)).isEqualTo(Reference.stamped(1, 8));
        } else {
          assertThatThrownBy(() -> snapB.read(0, 8)).isInstanceOf(BioException.class);
        }
        MappedDevice origin = a.device("origin");
        origin.write(40, Reference.stamped(9, 1));
        assertThat(origin.read(40, 1)).isEqualTo(Reference.stamped(9, 1));
        assertThat(a.status("snap").get(0)).endsWith("Invalid");
      }
    }
  }

  @Test
  void load_notAStore_refusedAndNotWritten() throws IOException {
    image("origin.img", 80);
    Path cow = directory.resolve("cow.img");
    byte[] foreign = Reference.stamped(0x1122334455667788L, 80);
    refused(cow, foreign, "Invalid or corrupt snapshot");
    byte[] version = store(new long[][] {{1, 2}});
    version[8] = 2;
    refused(cow, version, "unable to handle snapshot disk version 2");
    byte[] odd = store(new long[][] {{1, 2}});
    odd[12] = 12;
    refused(cow, odd, "Invalid chunk size");
    refused(cow, store(new long[][] {{1, 2}, {1, 3}}), "exception already");
    refused(cow, store(new long[][] {{1, 2}, {2, 2}}), "used twice");
    refused(cow, store(new long[][] {{1, 1}}), "not a data chunk");
    refused(cow, store(new long[][] {{1, 257}}), "beyond the end of the store");
    refused(cow, store(new long[][] {{11, 2}}), "beyond the end of the origin");
    refused(cow, store(new long[][] {{1, -1}}), "beyond the end of the store");
    refused(cow, Arrays.copyOf(store(new long[0][]), 8 * 512), "smaller than two chunks");
  }

  private byte[] store(long[][] entries) throws IOException {
    Path file = directory.resolve("built.img");
    StoreReader.build(file, 80, 8, 1, entries, Map.of());
    return Files.readAllBytes(file);
  }

  private void refused(Path cow, byte[] contents, String reason) throws IOException {
    Files.write(cow, contents);
    try (DeviceMapper dm = node()) {
      assertThatThrownBy(() -> dm.create("snap", line(80, "P 8")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(reason);
    }
    assertThat(Files.readAllBytes(cow)).isEqualTo(contents);
  }

  @Test
  void load_fullAreaWithoutANext_refused() throws IOException {
    image("origin.img", 8 * 300);
    long[][] entries = new long[256][];
    for (int i = 0; i < 256; i++) {
      entries[i] = new long[] {i, i + 2};
    }
    StoreReader.build(directory.resolve("cow.img"), 8 * 258, 8, 1, entries, Map.of());
    try (DeviceMapper dm = node()) {
      assertThatThrownBy(() -> dm.create("snap", line(2400, "P 8")))
          .hasMessageContaining("area 1 is beyond the end of the store");
    }
  }

  @Test
  void load_invalidStore_loadsAndFailsAllIo() throws IOException {
    image("origin.img", 80);
    StoreReader.build(directory.resolve("cow.img"), 80, 8, 0, new long[][] {{1, 2}}, Map.of());
    try (DeviceMapper dm = node()) {
      MappedDevice snap = dm.create("snap", line(80, "P 8"));
      assertThat(dm.status("snap")).containsExactly("0 80 snapshot Invalid");
      assertThatThrownBy(() -> snap.read(0, 1)).isInstanceOf(BioException.class);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "snapshot origin.img cow.img P|requires 4 or more arguments",
        "snapshot origin.img cow.img P 12|Chunk size is not a power of 2",
        "snapshot origin.img cow.img persistent 8|Exception store type is not recognised",
        "snapshot origin.img cow.img N 8|transient",
        "snapshot origin.img origin.img P 8|COW device cannot be the same as origin device",
        "snapshot nothing.img cow.img P 8|Cannot get origin device",
        "snapshot origin.img cow.img P 8 1 fast|Unrecognised feature requested",
        "snapshot-merge origin.img cow.img P 8|is not a snapshot store",
        "snapshot-origin|incorrect number of arguments",
        "snapshoot origin.img|unknown target type"
      })
  void load_lineThatDmsetupRefuses_refusedWithItsReason(String target, String reason)
      throws IOException {
    image("origin.img", 80);
    image("cow.img", 80);
    try (DeviceMapper dm = node()) {
      assertThatThrownBy(() -> dm.create("x", "0 80 " + target))
          .isInstanceOf(TableException.class)
          .hasMessageContaining(reason);
      assertThat(dm.ls()).isEmpty();
    }
    assertThat(
            ByteBuffer.wrap(Files.readAllBytes(directory.resolve("cow.img")))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getInt())
        .isZero();
  }
}
