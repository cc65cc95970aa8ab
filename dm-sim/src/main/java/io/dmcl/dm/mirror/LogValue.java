package io.dmcl.dm.mirror;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The value of the log's lock: what of a mirror's state is nowhere on the disks.
 *
 * @param defaultLeg the leg that is read, and from which regions out of sync are recovered
 * @param legs how each leg is: A alive, D a write failed, F a flush failed, R a read failed
 * @param log how the log is: A alive, D cannot be used
 * @param outOfSync the regions whose legs may differ though nobody writes them; on the wire as
 *     runs, neighbours joined until they fit, so that it may say some too many: they will be looked
 *     at
 */
record LogValue(int defaultLeg, String legs, char log, BitSet outOfSync) {
  private static final byte VERSION = 1;
  private static final int MAX_RUNS = 120;

  LogValue {
    outOfSync = (BitSet) outOfSync.clone();
  }

  @Override
  public BitSet outOfSync() {
    return (BitSet) outOfSync.clone();
  }

  boolean inSync(int region) {
    return !outOfSync.get(region);
  }

  /** Some that are out of sync for certain: neighbours are joined between the ends of two runs. */
  BitSet endsOutOfSync() {
    BitSet ends = new BitSet();
    for (int start = outOfSync.nextSetBit(0); start >= 0; ) {
      int end = outOfSync.nextClearBit(start);
      ends.set(start);
      ends.set(end - 1);
      start = outOfSync.nextSetBit(end);
    }
    return ends;
  }

  int outOfSyncCount() {
    return outOfSync.cardinality();
  }

  boolean alive(int leg) {
    return legs.charAt(leg) == 'A';
  }

  LogValue withLeg(int leg, char letter) {
    StringBuilder changed = new StringBuilder(legs);
    changed.setCharAt(leg, letter);
    return new LogValue(defaultLeg, changed.toString(), log, outOfSync);
  }

  LogValue withDefaultLeg(int leg) {
    return new LogValue(leg, legs, log, outOfSync);
  }

  LogValue withLog(char letter) {
    return new LogValue(defaultLeg, legs, letter, outOfSync);
  }

  LogValue withOutOfSync(BitSet regions) {
    return new LogValue(defaultLeg, legs, log, regions);
  }

  LogValue withRegion(int region, boolean inSync) {
    BitSet changed = outOfSync();
    changed.set(region, !inSync);
    return withOutOfSync(changed);
  }

  byte[] encode() {
    BitSet runs = joined(outOfSync());
    ByteBuffer out = ByteBuffer.allocate(1024);
    out.put(VERSION).put((byte) defaultLeg).put((byte) log).put((byte) legs.length());
    out.put(legs.getBytes(StandardCharsets.US_ASCII));
    for (int start = runs.nextSetBit(0); start >= 0; ) {
      int end = runs.nextClearBit(start);
      out.putInt(start).putInt(end);
      start = runs.nextSetBit(end);
    }
    byte[] value = new byte[out.position()];
    out.flip().get(value);
    return value;
  }

  private static BitSet joined(BitSet regions) {
    for (int gap = 1; runs(regions) > MAX_RUNS; gap *= 2) {
      int end = regions.nextClearBit(Math.max(0, regions.nextSetBit(0)));
      for (int next = regions.nextSetBit(end); next >= 0; next = regions.nextSetBit(end)) {
        if (next - end <= gap) {
          regions.set(end, next);
        }
        end = regions.nextClearBit(next);
      }
    }
    return regions;
  }

  private static int runs(BitSet regions) {
    int count = 0;
    for (int start = regions.nextSetBit(0); start >= 0; count++) {
      start = regions.nextSetBit(regions.nextClearBit(start));
    }
    return count;
  }

  /** Null if there is none, or it is of another mirror or version. */
  static @Nullable LogValue decode(byte[] value, int legs, int regions) {
    ByteBuffer in = ByteBuffer.wrap(value);
    if (value.length < 4 || in.get() != VERSION) {
      return null;
    }
    int defaultLeg = in.get();
    char log = (char) in.get();
    if (in.get() != legs || in.remaining() < legs || (in.remaining() - legs) % 8 != 0) {
      return null;
    }
    byte[] letters = new byte[legs];
    in.get(letters);
    BitSet outOfSync = new BitSet();
    while (in.hasRemaining()) {
      int start = in.getInt();
      int end = in.getInt();
      if (start < 0 || end <= start || end > regions) {
        return null;
      }
      outOfSync.set(start, end);
    }
    return new LogValue(defaultLeg, new String(letters, StandardCharsets.US_ASCII), log, outOfSync);
  }
}
