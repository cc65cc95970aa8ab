package io.dmcl.dm.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A second reader, and writer, of exception stores, made from the description of the format alone
 * and with nothing of what it is to check.
 */
public final class StoreReader {
  public final boolean valid;
  public final int chunkSectors;
  public final Map<Long, Long> exceptions = new LinkedHashMap<>();

  /** The non-zero bytes behind the end of the list, in its last area. */
  public int staleBytes;

  public StoreReader(Path file) throws IOException {
    ByteBuffer b = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    check(b.get(0) == 'S' && b.get(1) == 'n' && b.get(2) == 'A' && b.get(3) == 'p', "magic");
    valid = b.getInt(4) != 0;
    check(b.getInt(8) == 1, "version");
    chunkSectors = b.getInt(12);
    int chunkBytes = chunkSectors * 512;
    for (int at = 16; at < chunkBytes; at++) {
      check(b.get(at) == 0, "zeros behind the header at " + at);
    }
    long entries = chunkBytes / 16;
    for (long area = 0; ; area++) {
      long chunk = 1 + area * (entries + 1);
      for (long slot = 0; slot < entries; slot++) {
        int at = Math.toIntExact(chunk * chunkBytes + slot * 16);
        long oldChunk = b.getLong(at);
        long newChunk = b.getLong(at + 8);
        if (newChunk == 0) {
          for (; at < (chunk + 1) * chunkBytes; at++) {
            staleBytes += b.get(at) == 0 ? 0 : 1;
          }
          return;
        }
        check(newChunk >= 2 && newChunk % (entries + 1) != 1, "data chunk " + newChunk);
        check(exceptions.put(oldChunk, newChunk) == null, "old chunk twice: " + oldChunk);
      }
    }
  }

  private static void check(boolean condition, String what) throws IOException {
    if (!condition) {
      throw new IOException("not a store: " + what);
    }
  }

  /** Writes a store as a kernel may have left it. */
  static void build(
      Path file, int sectors, int chunkSectors, int valid, long[][] entries, Map<Long, byte[]> data)
      throws IOException {
    int chunkBytes = chunkSectors * 512;
    ByteBuffer b = ByteBuffer.allocate(sectors * 512).order(ByteOrder.LITTLE_ENDIAN);
    b.put(new byte[] {0x53, 0x6e, 0x41, 0x70}).putInt(valid).putInt(1).putInt(chunkSectors);
    int perArea = chunkBytes / 16;
    for (int i = 0; i < entries.length; i++) {
      long chunk = 1 + (long) (i / perArea) * (perArea + 1);
      int at = Math.toIntExact(chunk * chunkBytes + (i % perArea) * 16L);
      b.putLong(at, entries[i][0]).putLong(at + 8, entries[i][1]);
    }
    for (Map.Entry<Long, byte[]> each : data.entrySet()) {
      b.position(Math.toIntExact(each.getKey() * chunkBytes)).put(each.getValue());
    }
    Files.write(file, b.array());
  }
}
