package io.dmcl.dm.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * The value of an origin's lock: the snapshots of the origin that every node has to copy out to.
 * Immutable.
 *
 * <p>A change of the registry <em>is</em> the change of the value: a node that dies in between has
 * changed nothing. So it is believed even when its last owner died.
 *
 * @param rangeSectors how many sectors a range lock covers
 * @param entries the snapshots
 */
record Registry(int rangeSectors, List<Entry> entries) {
  private static final byte VERSION = 1;
  private static final int MAX_BYTES = 1024;

  /** What is known of a snapshot beside its store. */
  enum State {
    ACTIVE,
    /** A write to it found no room; it can still be read. */
    OVERFLOW,
    /** It misses a copy, or its metadata could not be written. */
    INVALID,
    /** It is being merged back: the origin is read through it. */
    MERGING
  }

  /**
   * A snapshot.
   *
   * @param store the name of its store's device
   */
  record Entry(String store, State state) {}

  Registry {
    entries = List.copyOf(entries);
  }

  @Nullable Entry find(String store) {
    for (Entry entry : entries) {
      if (entry.store.equals(store)) {
        return entry;
      }
    }
    return null;
  }

  /** The snapshot that is being merged, if any. */
  @Nullable Entry merging() {
    for (Entry entry : entries) {
      if (entry.state == State.MERGING) {
        return entry;
      }
    }
    return null;
  }

  /** With this snapshot in this state. */
  Registry with(String store, State state) {
    List<Entry> changed = new ArrayList<>(without(store).entries);
    changed.add(new Entry(store, state));
    return new Registry(rangeSectors, changed);
  }

  Registry without(String store) {
    return new Registry(
        rangeSectors, entries.stream().filter(entry -> !entry.store.equals(store)).toList());
  }

  /**
   * As the lock carries it.
   *
   * @throws IOException if there are more snapshots than fit
   */
  byte[] encode() throws IOException {
    ByteBuffer out = ByteBuffer.allocate(64 * 1024);
    out.put(VERSION).putInt(rangeSectors).putShort((short) entries.size());
    for (Entry entry : entries) {
      byte[] name = entry.store.getBytes(StandardCharsets.UTF_8);
      out.put((byte) entry.state.ordinal()).putShort((short) name.length).put(name);
      if (out.position() > MAX_BYTES - 4) {
        throw new IOException("too many snapshots of one origin: " + entries.size());
      }
    }
    byte[] body = new byte[out.position()];
    out.flip().get(body);
    return ByteBuffer.allocate(body.length + 4).put(body).putInt(checksum(body)).array();
  }

  /** An empty registry from an empty value. */
  static Registry decode(byte[] value, int rangeSectors) throws IOException {
    if (value.length == 0) {
      return new Registry(rangeSectors, List.of());
    }
    if (value.length < 11) {
      throw new IOException("the origin's lock has a value that is not a registry");
    }
    byte[] body = new byte[value.length - 4];
    ByteBuffer in = ByteBuffer.wrap(value).get(body);
    if (in.getInt() != checksum(body) || body[0] != VERSION) {
      throw new IOException("the origin's lock has a value that is not a registry");
    }
    in = ByteBuffer.wrap(body, 1, body.length - 1);
    int range = in.getInt();
    if (range != rangeSectors) {
      throw new IOException(
          "this node locks ranges of " + rangeSectors + " sectors, the cluster ranges of " + range);
    }
    List<Entry> entries = new ArrayList<>();
    for (int left = in.getShort(); left > 0; left--) {
      State state = State.values()[in.get()];
      byte[] name = new byte[in.getShort()];
      in.get(name);
      entries.add(new Entry(new String(name, StandardCharsets.UTF_8), state));
    }
    return new Registry(range, entries);
  }

  private static int checksum(byte[] body) {
    CRC32 crc = new CRC32();
    crc.update(body);
    return (int) crc.getValue();
  }
}
