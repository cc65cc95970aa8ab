package io.dmcl.dm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a device must read: per sector, the stamps that it may hold. A write that was acknowledged
 * leaves one; one that was not leaves a choice; a power cut gives back what was not flushed.
 */
public final class Reference {
  private static final int UNIT = 16;

  private final List<Set<Long>> now = new ArrayList<>();
  private final List<Set<Long>> afterCut = new ArrayList<>();
  private boolean torn;

  public Reference(int sectors) {
    for (int i = 0; i < sectors; i++) {
      now.add(new TreeSet<>(Set.of(0L)));
      afterCut.add(new TreeSet<>(Set.of(0L)));
    }
  }

  /** The same as another now: what a snapshot is. */
  public Reference(Reference origin) {
    for (Set<Long> stamps : origin.now) {
      now.add(new TreeSet<>(stamps));
      afterCut.add(new TreeSet<>(stamps));
    }
  }

  /** Sectors that begin with one stamp each: {@code first}, {@code first + 1}, … */
  public static byte[] stamped(long first, int sectors) {
    ByteBuffer bytes = ByteBuffer.allocate(sectors * Bio.SECTOR);
    for (int i = 0; i < sectors; i++) {
      for (int word = 0; word < Bio.SECTOR / 8; word++) {
        bytes.putLong(first + i);
      }
    }
    return bytes.array();
  }

  public void written(int sector, int sectors, long stamp, boolean acknowledged, boolean durable) {
    for (int i = 0; i < sectors; i++) {
      if (acknowledged) {
        now.get(sector + i).clear();
        if (durable) {
          afterCut.get(sector + i).clear();
        }
      }
      now.get(sector + i).add(stamp + i);
      afterCut.get(sector + i).add(stamp + i);
    }
  }

  public void flushed() {
    for (int i = 0; i < now.size(); i++) {
      afterCut.get(i).clear();
      afterCut.get(i).addAll(now.get(i));
    }
  }

  public void powerCut() {
    torn = true;
    for (int i = 0; i < now.size(); i++) {
      now.get(i).clear();
      now.get(i).addAll(afterCut.get(i));
    }
  }

  public void check(String what, BlockDevice device, int sector, int sectors) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(device.read(sector, sectors));
    for (int i = 0; i < sectors; i++) {
      Set<Long> allowed = now.get(sector + i);
      long first = bytes.getLong(i * Bio.SECTOR);
      for (int at = 0; at < Bio.SECTOR; at += UNIT) {
        long stamp = bytes.getLong(i * Bio.SECTOR + at);
        if (!allowed.contains(stamp) || (!torn && stamp != first)) {
          throw new AssertionError(
              String.format(
                  "%s, sector %d, byte %d: %d is not of %s, or the sector is torn (%d)",
                  what, sector + i, at, stamp, allowed, first));
        }
      }
    }
  }

  public void checkAll(String what, BlockDevice device) throws IOException {
    check(what, device, 0, now.size());
  }
}
