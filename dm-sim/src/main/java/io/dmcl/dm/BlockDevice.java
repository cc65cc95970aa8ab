package io.dmcl.dm;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What takes bios: a disk, or a mapped device. Thread-safe. */
public interface BlockDevice {
  /**
   * What a table line calls it, the same on every node of the cluster: locks are named after it.
   */
  String name();

  /** The size in sectors. */
  long sectors();

  /** The logical block in sectors: the smallest unit that I/O may have. */
  default int logicalBlockSectors() {
    return 1;
  }

  /**
   * Does it; returns when it is done.
   *
   * @throws BioException if the device refused it, with the status
   */
  void submit(Bio bio) throws IOException;

  /** Reads bytes, whole sectors. */
  default byte[] read(long sector, int sectors) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(sectors * Bio.SECTOR);
    submit(Bio.read(sector, buffer));
    return buffer.array();
  }

  /** Writes bytes, whole sectors. */
  default void write(long sector, byte[] bytes) throws IOException {
    submit(Bio.write(sector, ByteBuffer.wrap(bytes)));
  }

  /** Flushes. */
  default void flush() throws IOException {
    submit(Bio.flush());
  }
}
