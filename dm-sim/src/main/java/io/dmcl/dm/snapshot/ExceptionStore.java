package io.dmcl.dm.snapshot;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.Fence;
import io.dmcl.dm.TableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's persistent exception store on a device: what is where, and in which order it is
 * written. It knows no locks and keeps nothing but the layout.
 *
 * <pre>
 * header: u32 magic "SnAp"  u32 valid  u32 version = 1  u32 chunk size in sectors; little-endian
 * area:   entries of u64 old chunk, u64 new chunk; new chunk 0 ends the list
 * </pre>
 */
final class ExceptionStore {
  static final int MAGIC = 0x70416e53;
  static final int VERSION = 1;
  static final int DEFAULT_CHUNK_SECTORS = 32;
  private static final long MAX_CHUNK = 1L << 56;

  /**
   * The header.
   *
   * @param valid whether the snapshot is valid
   * @param chunkSectors the chunk size
   */
  record Header(boolean valid, int chunkSectors) {}

  private final BlockDevice device;
  private final StoreLayout layout;

  ExceptionStore(BlockDevice device, StoreLayout layout) {
    this.device = device;
    this.layout = layout;
  }

  BlockDevice device() {
    return device;
  }

  StoreLayout layout() {
    return layout;
  }

  /**
   * Reads the header.
   *
   * @return null if the store is new: it begins with four zero bytes
   * @throws TableException if it is not a store, or not one that can be used
   */
  static @Nullable Header readHeader(BlockDevice device) throws IOException {
    if (device.sectors() == 0) {
      throw new TableException(device.name() + " is empty");
    }
    ByteBuffer in =
        ByteBuffer.wrap(device.read(0, device.logicalBlockSectors()))
            .order(ByteOrder.LITTLE_ENDIAN);
    int magic = in.getInt();
    if (magic == 0) {
      return null;
    }
    if (magic != MAGIC) {
      throw new TableException(
          String.format("Invalid or corrupt snapshot: %s has magic 0x%08x", device.name(), magic));
    }
    boolean valid = in.getInt() != 0;
    int version = in.getInt();
    int chunkSectors = in.getInt();
    if (version != VERSION) {
      throw new TableException("unable to handle snapshot disk version " + version);
    }
    if (Integer.bitCount(chunkSectors) != 1 || chunkSectors < 0) {
      throw new TableException("Invalid chunk size in the header: " + chunkSectors);
    }
    if (device.sectors() < 2L * chunkSectors) {
      throw new TableException(device.name() + " is smaller than two chunks of " + chunkSectors);
    }
    return new Header(valid, chunkSectors);
  }

  /** Writes the header and an empty first area. */
  void initialise(Fence fence) throws IOException {
    // The area first: a header is what makes it a store.
    zeroArea(0, fence);
    device.submit(Bio.write(0, headerChunk(true)).withPreflush().withFua().withFence(fence));
  }

  /** Writes the header; all entries stay. */
  void writeHeader(boolean valid, Fence fence) throws IOException {
    device.submit(Bio.write(0, headerChunk(valid)).withFua().withFence(fence));
  }

  private ByteBuffer headerChunk(boolean valid) {
    ByteBuffer chunk = newChunk();
    chunk.putInt(MAGIC).putInt(valid ? 1 : 0).putInt(VERSION).putInt(layout.chunkSectors());
    return chunk.clear();
  }

  private ByteBuffer newChunk() {
    return ByteBuffer.allocate(layout.chunkBytes()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Reads the exceptions from a slot on into a table that has those before it.
   *
   * @param until how many there are; negative: up to the end of the list
   * @param originSectors for checking
   * @throws TableException if the list cannot be what any driver wrote
   */
  void load(ExceptionTable table, long until, long originSectors) throws IOException {
    Set<Long> used = new HashSet<>();
    for (int slot = 0; slot < table.count(); slot++) {
      used.add(table.newChunk(slot));
    }
    int perArea = layout.entriesPerArea();
    while (until < 0 || table.count() < until) {
      long area = table.count() / perArea;
      ByteBuffer entries = readArea(area);
      entries.position(table.count() % perArea * StoreLayout.ENTRY);
      while (entries.hasRemaining() && (until < 0 || table.count() < until)) {
        long oldChunk = entries.getLong();
        long newChunk = entries.getLong();
        if (newChunk == 0) {
          if (until >= 0) {
            throw new TableException(
                device.name() + " has " + table.count() + " exceptions, expected " + until);
          }
          return;
        }
        check(table, used, oldChunk, newChunk, originSectors);
        used.add(newChunk);
        table.add(oldChunk, newChunk);
      }
    }
  }

  private void check(
      ExceptionTable table, Set<Long> used, long oldChunk, long newChunk, long originSectors)
      throws TableException {
    String problem = null;
    if (newChunk < 0 || newChunk >= MAX_CHUNK || !layout.hasRoom(newChunk, device.sectors())) {
      problem = "is beyond the end of the store";
    } else if (!layout.isData(newChunk)) {
      problem = "is not a data chunk";
    } else if (used.contains(newChunk)) {
      problem = "is used twice";
    } else if (oldChunk < 0 || oldChunk >= ceilDiv(originSectors, layout.chunkSectors())) {
      problem = "is for a chunk beyond the end of the origin";
    } else if (table.has(oldChunk)) {
      problem = "is for a chunk that has an exception already";
    }
    if (problem != null) {
      throw new TableException(
          device.name()
              + " is corrupt: exception "
              + table.count()
              + " ("
              + oldChunk
              + " -> "
              + newChunk
              + ") "
              + problem);
    }
  }

  private static long ceilDiv(long a, long b) {
    return (a + b - 1) / b;
  }

  ByteBuffer readArea(long area) throws IOException {
    long chunk = layout.areaChunk(area);
    if (!layout.hasRoom(chunk, device.sectors())) {
      throw new IOException(device.name() + ": area " + area + " is beyond the end of the store");
    }
    ByteBuffer entries = newChunk();
    device.submit(Bio.read(chunk * layout.chunkSectors(), entries));
    return entries;
  }

  /**
   * Writes an area of a list that is the first {@code count} exceptions of the table: zeros behind
   * the last, durable together with all that was written before.
   */
  void writeArea(ExceptionTable table, int count, long area, Fence fence) throws IOException {
    ByteBuffer entries = newChunk();
    int first = Math.toIntExact(area * layout.entriesPerArea());
    int end = Math.min(count, first + layout.entriesPerArea());
    for (int slot = first; slot < end; slot++) {
      entries.putLong(table.oldChunk(slot)).putLong(table.newChunk(slot));
    }
    device.submit(
        Bio.write(layout.areaChunk(area) * layout.chunkSectors(), entries.clear())
            .withPreflush()
            .withFua()
            .withFence(fence));
  }

  /**
   * Zeroes an area, so that a list that fills the one before it ends.
   *
   * @throws IOException if it is beyond the end of the store
   */
  void zeroArea(long area, Fence fence) throws IOException {
    long chunk = layout.areaChunk(area);
    if (!layout.hasRoom(chunk, device.sectors())) {
      throw new IOException(device.name() + ": area " + area + " is beyond the end of the store");
    }
    device.submit(Bio.write(chunk * layout.chunkSectors(), newChunk()).withFence(fence));
  }
}
