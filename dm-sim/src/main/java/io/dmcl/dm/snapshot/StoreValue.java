package io.dmcl.dm.snapshot;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The value of a store's lock: what the metadata looks like, so that a node reads only what is new.
 *
 * <p>Within a generation the list of exceptions grows at its end, and then perhaps shrinks (a
 * merge), and nothing else: two nodes that have n entries of one generation have the same.
 *
 * @param generation drawn anew when the list is read from the disk by somebody who has to repair it
 *     or finds no value, is begun anew, or grows after it has shrunk
 * @param count how many exceptions there are
 * @param nextFree the next chunk that will be given out
 * @param shrunk whether the list has shrunk in this generation
 */
record StoreValue(long generation, long count, long nextFree, boolean shrunk) {
  private static final byte VERSION = 1;

  byte[] encode() {
    return ByteBuffer.allocate(26)
        .put(VERSION)
        .putLong(generation)
        .putLong(count)
        .putLong(nextFree)
        .put((byte) (shrunk ? 1 : 0))
        .array();
  }

  /** Null if there is none, or it is of another version: the disk has to be asked. */
  static @Nullable StoreValue decode(byte[] value) {
    ByteBuffer in = ByteBuffer.wrap(value);
    if (value.length != 26 || in.get() != VERSION) {
      return null;
    }
    return new StoreValue(in.getLong(), in.getLong(), in.getLong(), in.get() != 0);
  }
}
