package io.dmcl.dm.cli.demo;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What is in a record: a counter that each write increments, the node that wrote it, and filling
 * that follows from these and the record's place. So every byte of a record can be checked, and a
 * record that is half one write and half another is recognised.
 */
final class Content {
  static final int BYTES = 128;

  private static final int COUNTER = 0;
  private static final int WRITER = 8;
  private static final int FILLING = 16;

  private Content() {}

  /** The content after the {@code counter}th write, if that was the node's; node 0 wrote none. */
  static byte[] of(int segment, int record, long counter, int writer) {
    ByteBuffer buffer = ByteBuffer.allocate(BYTES);
    buffer.putLong(COUNTER, counter);
    buffer.putLong(WRITER, writer);
    long state = ((long) segment << 48) ^ ((long) record << 32) ^ ((long) writer << 24) ^ counter;
    for (int at = FILLING; at < BYTES; at += Long.BYTES) {
      state += 0x9E3779B97F4A7C15L; // SplitMix64
      long mixed = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
      buffer.putLong(at, mixed ^ (mixed >>> 31));
    }
    return buffer.array();
  }

  static long counter(byte[] segment, int record) {
    return ByteBuffer.wrap(segment).getLong(record * BYTES + COUNTER);
  }

  static int writer(byte[] segment, int record) {
    return (int) ByteBuffer.wrap(segment).getLong(record * BYTES + WRITER);
  }

  /** Whether the record is whole: all of it from one write. */
  static boolean isWhole(byte[] image, int segment, int record) {
    int from = record * BYTES;
    byte[] expected = of(segment, record, counter(image, record), writer(image, record));
    return Arrays.equals(image, from, from + BYTES, expected, 0, BYTES);
  }
}
