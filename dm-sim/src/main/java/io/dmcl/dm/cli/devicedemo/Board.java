package io.dmcl.dm.cli.devicedemo;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Of each block of a device, the version that was begun to be written last and the one whose write
 * was done last. In a file that all processes have mapped: what a killed one has put there stays.
 */
final class Board {
  private static final int ENTRY = 16;
  private static final int DONE = 8;
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final ByteBuffer table;

  private Board(ByteBuffer table) {
    this.table = table;
  }

  /** Opens the board of a device; makes one with zeros if there is none. */
  static Board open(Path directory, String device, int blocks) throws IOException {
    Path file = directory.resolve(device + ".board");
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      return new Board(channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) blocks * ENTRY));
    }
  }

  long begun(int block) {
    return (long) LONG.getVolatile(table, block * ENTRY);
  }

  long done(int block) {
    return (long) LONG.getVolatile(table, block * ENTRY + DONE);
  }

  /** Only the one node that writes the block. */
  void begin(int block, long version) {
    LONG.setVolatile(table, block * ENTRY, version);
  }

  void finish(int block, long version) {
    LONG.setVolatile(table, block * ENTRY + DONE, version);
  }
}
