package io.dmcl.dm.mirror;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A second reader, and writer, of dirty logs, made from the description of the format alone and
 * with nothing of what it is to check.
 */
public final class LogReader {
  public final int version;
  public final long regions;
  public final boolean[] clean;
  final byte[] bytes;

  public LogReader(Path file, int expectedRegions) throws IOException {
    bytes = Files.readAllBytes(file);
    ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes[0] != 0x72 || bytes[1] != 0x52 || bytes[2] != 0x69 || bytes[3] != 0x4D) {
      throw new IOException("not a log");
    }
    version = b.getInt(4);
    regions = b.getLong(8);
    clean = new boolean[expectedRegions];
    for (int r = 0; r < expectedRegions; r++) {
      clean[r] = (bytes[1024 + r / 8] >> (r % 8) & 1) == 1;
    }
    int padded = (expectedRegions + 63) / 64 * 64;
    for (int r = expectedRegions; r < padded; r++) {
      if ((bytes[1024 + r / 8] >> (r % 8) & 1) == 1) {
        throw new IOException("padding bit " + r + " is set");
      }
    }
  }

  public static void build(Path file, int sectors, int version, long regions, int... dirty)
      throws IOException {
    ByteBuffer b = ByteBuffer.allocate(sectors * 512).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(0x4D695272).putInt(version).putLong(regions);
    for (int r = 0; r < regions; r++) {
      b.put(1024 + r / 8, (byte) (b.get(1024 + r / 8) | 1 << (r % 8)));
    }
    for (int r : dirty) {
      b.put(1024 + r / 8, (byte) (b.get(1024 + r / 8) & ~(1 << (r % 8))));
    }
    Files.write(file, b.array());
  }
}
