package io.dmcl.dm.snapshot;

import io.dmcl.dm.Bio;

/**
 * Where things are in a persistent exception store: chunk 0 is the header, area k is the chunk
 * {@code 1 + k * (E + 1)} where E is the number of 16-byte entries of a chunk; all others hold
 * data.
 *
 * @param chunkSectors the chunk size: a power of two
 */
record StoreLayout(int chunkSectors) {
  static final int ENTRY = 16;

  StoreLayout {
    if (Integer.bitCount(chunkSectors) != 1 || chunkSectors > Integer.MAX_VALUE / Bio.SECTOR) {
      throw new IllegalArgumentException("no such chunk size: " + chunkSectors);
    }
  }

  int chunkBytes() {
    return chunkSectors * Bio.SECTOR;
  }

  int entriesPerArea() {
    return chunkBytes() / ENTRY;
  }

  long areaChunk(long area) {
    return 1 + area * (entriesPerArea() + 1);
  }

  boolean isData(long chunk) {
    return chunk >= 2 && chunk % (entriesPerArea() + 1) != 1;
  }

  /** The first chunk from this one on that may hold data. */
  long dataChunkFrom(long chunk) {
    long candidate = Math.max(2, chunk);
    return isData(candidate) ? candidate : candidate + 1;
  }

  /** The next free chunk of a store whose exceptions were made in order. */
  long nextFreeInOrder(long exceptions) {
    return exceptions + 2 + exceptions / entriesPerArea();
  }

  /** Whether a store of this size has room for the data chunk. */
  boolean hasRoom(long chunk, long storeSectors) {
    return storeSectors >= (chunk + 1) * chunkSectors;
  }
}
