package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.Bio;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The disks as files, read without a device: made before the nodes begin, and compared after they
 * have ended. What the devices must show is worked out from the formats: the mirror is its first
 * leg, for that is the one that regions are recovered from; a snapshot is its store where that has
 * a chunk, and the mirror where not.
 */
final class Disks implements Closeable {
  private static final int STORE_MAGIC = 0x70416e53;
  private static final int ENTRY = 16;
  private static final int LOG_BITS = 1024;

  private final Volume volume;
  private final List<FileChannel> legs;
  private final FileChannel log;
  private final Map<Volume.Snapshot, FileChannel> stores = new EnumMap<>(Volume.Snapshot.class);

  private Disks(Volume volume, Path directory) throws IOException {
    this.volume = volume;
    legs = List.of(open(directory, Volume.LEGS.get(0)), open(directory, Volume.LEGS.get(1)));
    log = open(directory, Volume.LOG);
    for (Volume.Snapshot snapshot : Volume.Snapshot.values()) {
      stores.put(snapshot, open(directory, snapshot.store));
    }
  }

  private static FileChannel open(Path directory, String name) throws IOException {
    return FileChannel.open(directory.resolve(name), StandardOpenOption.READ);
  }

  static Disks open(Volume volume, Path directory) throws IOException {
    return new Disks(volume, directory);
  }

  /** Makes the disks: the first leg has the first versions, all else is zero. */
  static void create(Volume volume, Path directory) throws IOException {
    zeros(directory.resolve(Volume.LEGS.get(1)), volume.sectors());
    zeros(directory.resolve(Volume.LOG), volume.logSectors());
    for (Volume.Snapshot snapshot : Volume.Snapshot.values()) {
      zeros(directory.resolve(snapshot.store), volume.storeSectors());
    }
    try (var out = Files.newOutputStream(directory.resolve(Volume.LEGS.get(0)))) {
      for (int block = 0; block < volume.blocks(); block++) {
        out.write(Stamp.block(Stamp.ORIGIN, block, 0));
      }
    }
  }

  private static void zeros(Path file, long sectors) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.allocate(Bio.SECTOR), (sectors - 1) * Bio.SECTOR);
    }
  }

  /** Overwrites a block on the second leg. */
  static void damage(Path directory, int block) throws IOException {
    try (FileChannel leg =
        FileChannel.open(directory.resolve(Volume.LEGS.get(1)), StandardOpenOption.WRITE)) {
      leg.write(ByteBuffer.allocate(Volume.BLOCK_BYTES), (long) block * Volume.BLOCK_BYTES);
    }
  }

  private static byte[] read(FileChannel file, long sector, int sectors) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(sectors * Bio.SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (file.read(buffer, sector * Bio.SECTOR + buffer.position()) < 0) {
        throw new IOException("a disk ends before sector " + (sector + sectors));
      }
    }
    return buffer.array();
  }

  /** How many sectors of a block are not the same on both legs. */
  int differences(int block) throws IOException {
    long sector = (long) block * Volume.BLOCK_SECTORS;
    int found = 0;
    for (int i = 0; i < Volume.BLOCK_SECTORS; i++) {
      byte[] first = read(legs.get(0), sector + i, 1);
      found += Arrays.equals(first, read(legs.get(1), sector + i, 1)) ? 0 : 1;
    }
    return found;
  }

  /** The regions that the log has as clean. */
  BitSet cleanRegions() throws IOException {
    int bytes = (volume.regions() + 7) / 8;
    byte[] header = read(log, 0, (LOG_BITS + bytes + Bio.SECTOR - 1) / Bio.SECTOR);
    return BitSet.valueOf(ByteBuffer.wrap(header, LOG_BITS, bytes));
  }

  /**
   * Compares the legs, block by block, where they must be the same: in the regions that the log has
   * as clean.
   *
   * @return how many regions are clean
   */
  int compareLegs(Consumer<String> problems) throws IOException {
    BitSet clean = cleanRegions();
    int compared = 0;
    for (int region = 0; region < volume.regions(); region++) {
      if (!clean.get(region)) {
        continue;
      }
      compared++;
      int first = region * (volume.regionSectors() / Volume.BLOCK_SECTORS);
      for (int i = 0; i < volume.regionSectors() / Volume.BLOCK_SECTORS; i++) {
        if (differences(first + i) > 0) {
          problems.accept("the legs differ at block " + (first + i) + ", region " + region);
        }
      }
    }
    return compared;
  }

  /** What the mirror must show. */
  View.Source mirror() {
    return (sector, sectors) -> read(legs.get(0), sector, sectors);
  }

  View.Source leg(int number) {
    return (sector, sectors) -> read(legs.get(number), sector, sectors);
  }

  /** What a snapshot must show, or null if it has not been taken. */
  View.Source snapshot(Volume.Snapshot snapshot) throws IOException {
    FileChannel store = stores.get(snapshot);
    if (store == null) {
      throw new IllegalArgumentException(snapshot.device);
    }
    ByteBuffer header = words(read(store, 0, 1));
    if (header.getInt(0) != STORE_MAGIC || header.getInt(4) == 0) {
      throw new IOException(snapshot.store + " is not a valid store");
    }
    int chunk = header.getInt(12);
    Map<Long, Long> exceptions = exceptions(store, chunk);
    return (sector, sectors) -> {
      ByteBuffer bytes = ByteBuffer.allocate(sectors * Bio.SECTOR);
      // Blocks are whole within chunks: both are powers of two.
      for (int done = 0; done < sectors; done += Volume.BLOCK_SECTORS) {
        long at = sector + done;
        Long there = exceptions.get(at / chunk);
        bytes.put(
            there == null
                ? read(legs.get(0), at, Volume.BLOCK_SECTORS)
                : read(store, there * chunk + at % chunk, Volume.BLOCK_SECTORS));
      }
      return bytes.array();
    };
  }

  private static Map<Long, Long> exceptions(FileChannel store, int chunk) throws IOException {
    Map<Long, Long> exceptions = new HashMap<>();
    int perArea = chunk * Bio.SECTOR / ENTRY;
    for (long area = 0; ; area++) {
      ByteBuffer entries = words(read(store, (1 + area * (perArea + 1)) * chunk, chunk));
      for (int i = 0; i < perArea; i++) {
        long newChunk = entries.getLong(i * ENTRY + 8);
        if (newChunk == 0) {
          return exceptions;
        }
        if (exceptions.putIfAbsent(entries.getLong(i * ENTRY), newChunk) != null) {
          throw new IOException("chunk " + entries.getLong(i * ENTRY) + " has two exceptions");
        }
      }
    }
  }

  private static ByteBuffer words(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    for (FileChannel leg : legs) {
      leg.close();
    }
    log.close();
    for (FileChannel store : stores.values()) {
      store.close();
    }
  }
}
