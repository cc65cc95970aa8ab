package io.dmcl.dm.cli.demo;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The writes that a node says it has done, in a file of its own. An entry is with the operating
 * system before {@link #acknowledge} returns, so it outlives the process.
 */
final class Journal implements Closeable {
  private static final int ENTRY_BYTES = 2 * Integer.BYTES + Long.BYTES;
  private static final String SUFFIX = ".journal";

  private final FileChannel channel;
  private final ByteBuffer entry = ByteBuffer.allocateDirect(ENTRY_BYTES);

  /**
   * A write.
   *
   * @param node who wrote
   * @param counter the record's counter after it
   */
  record Entry(int node, int segment, int record, long counter) {}

  private Journal(FileChannel channel) {
    this.channel = channel;
  }

  /** A new journal; a node that was started again has a second one. */
  static Journal create(Path directory, int node, long processId) throws IOException {
    return new Journal(
        FileChannel.open(
            directory.resolve(node + "-" + processId + SUFFIX),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE));
  }

  void acknowledge(int segment, int record, long counter) throws IOException {
    entry.clear().putInt(segment).putInt(record).putLong(counter).flip();
    while (entry.hasRemaining()) {
      channel.write(entry);
    }
  }

  /** All entries of all journals in the directory. */
  static List<Entry> readAll(Path directory) throws IOException {
    List<Entry> entries = new ArrayList<>();
    try (var files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        int node = Integer.parseInt(name.substring(0, name.indexOf('-')));
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file));
        while (bytes.remaining() >= ENTRY_BYTES) {
          entries.add(new Entry(node, bytes.getInt(), bytes.getInt(), bytes.getLong()));
        }
      }
    }
    return entries;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
