package io.dmcl.dm.snapshot;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The exceptions of a store as this node knows them: in the order of their slots, and by old chunk.
 * Lookups need no lock of this process; changes are made one at a time.
 */
final class ExceptionTable {
  private final Map<Long, Long> byOld = new ConcurrentHashMap<>();

  @GuardedBy("this")
  private long[] slots = new long[64];

  @GuardedBy("this")
  private int count;

  /** The chunk of the store that has the old chunk, or null. */
  @Nullable Long lookup(long oldChunk) {
    return byOld.get(oldChunk);
  }

  boolean has(long oldChunk) {
    return byOld.containsKey(oldChunk);
  }

  synchronized int count() {
    return count;
  }

  synchronized long oldChunk(int slot) {
    return slots[2 * slot];
  }

  synchronized long newChunk(int slot) {
    return slots[2 * slot + 1];
  }

  synchronized void add(long oldChunk, long newChunk) {
    if (byOld.putIfAbsent(oldChunk, newChunk) != null) {
      throw new IllegalStateException("chunk " + oldChunk + " has an exception already");
    }
    if (2 * count == slots.length) {
      slots = Arrays.copyOf(slots, 2 * slots.length);
    }
    slots[2 * count] = oldChunk;
    slots[2 * count + 1] = newChunk;
    count++;
  }

  /** Forgets all but the first. */
  synchronized void truncate(int remaining) {
    while (count > remaining) {
      count--;
      byOld.remove(slots[2 * count]);
    }
  }

  /** The largest chunk of the store that is used; 0 if none. */
  synchronized long largestNewChunk() {
    long largest = 0;
    for (int slot = 0; slot < count; slot++) {
      largest = Math.max(largest, slots[2 * slot + 1]);
    }
    return largest;
  }

  /** A copy, by old chunk. */
  synchronized Map<Long, Long> toMap() {
    return new TreeMap<>(byOld);
  }
}
