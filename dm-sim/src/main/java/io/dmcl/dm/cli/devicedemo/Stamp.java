package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.Bio;
import java.nio.ByteBuffer;

/**
 * What is in a sector: the device it was written through, its place, the version of its block, and
 * filling that follows from these, so that every byte can be checked.
 */
final class Stamp {
  /** Written through the origin; version 0 is what was there at the start. */
  static final int ORIGIN = 0;

  /** Written through the second snapshot. */
  static final int SNAPSHOT = 2;

  /** Not written by this demo. */
  static final long BROKEN = -1;

  private static final long MAGIC = 0x646d636c00000000L;
  private static final int DEVICE = 0;
  private static final int SECTOR = 8;
  private static final int VERSION = 16;
  private static final int FILLING = 24;

  private Stamp() {}

  /** The contents of a block. */
  static byte[] block(int device, int block, long version) {
    ByteBuffer buffer = ByteBuffer.allocate(Volume.BLOCK_BYTES);
    for (int i = 0; i < Volume.BLOCK_SECTORS; i++) {
      put(buffer, i * Bio.SECTOR, device, (long) block * Volume.BLOCK_SECTORS + i, version);
    }
    return buffer.array();
  }

  private static void put(ByteBuffer buffer, int at, int device, long sector, long version) {
    buffer.putLong(at + DEVICE, MAGIC | device);
    buffer.putLong(at + SECTOR, sector);
    buffer.putLong(at + VERSION, version);
    long state = sector << 20 ^ (long) device << 56 ^ version;
    for (int offset = FILLING; offset < Bio.SECTOR; offset += Long.BYTES) {
      state += 0x9E3779B97F4A7C15L; // SplitMix64
      long mixed = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
      buffer.putLong(at + offset, mixed ^ (mixed >>> 31));
    }
  }

  /** The device that a sector was written through. */
  static int device(byte[] bytes, int at) {
    return (int) ByteBuffer.wrap(bytes).getLong(at + DEVICE);
  }

  /** The version in a sector, or {@link #BROKEN} if it is not all as it was written there. */
  static long version(byte[] bytes, int at, long sector) {
    ByteBuffer found = ByteBuffer.wrap(bytes, at, Bio.SECTOR).slice();
    long device = found.getLong(DEVICE) ^ MAGIC;
    if ((device != ORIGIN && device != SNAPSHOT) || found.getLong(SECTOR) != sector) {
      return BROKEN;
    }
    ByteBuffer expected = ByteBuffer.allocate(Bio.SECTOR);
    put(expected, 0, (int) device, sector, found.getLong(VERSION));
    return expected.equals(found) ? found.getLong(VERSION) : BROKEN;
  }
}
