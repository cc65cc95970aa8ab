package io.dmcl.dm.cli.demo;

import io.dmcl.lock.FencingGate;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.StaleTokenException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalInt;

/**
 * The table: a file that several processes read and write, each segment under its cluster lock. The
 * file does not rely on the lock alone. Each segment has a {@link FencingGate}, kept in its header,
 * that every step of a write has to pass, in one step with it (a lock on the header's bytes sees to
 * that between processes). A writer that has lost its cluster lock and does not know is refused.
 *
 * <p>A write is several steps: the record's old content is put into the segment's undo area, the
 * first half of the new content is written, then the second half, then the undo area is emptied.
 * Whoever finds that the writer died puts the old content back ({@link #repair}).
 *
 * <p>The steps are ordered for a process that is killed, not for a machine that loses power:
 * nothing is forced to the disk.
 *
 * <p>Layout, big-endian: per segment a header (the gate's newest token seen and newest writer's
 * token, the number of the record that is being written plus one or 0, its old content) and then
 * the records. Not thread-safe.
 */
final class TableFile implements Closeable {
  private static final int HEADER_BYTES = 256;
  private static final int GATE = 0;
  private static final int UNDO_RECORD = 16;
  private static final int UNDO_CONTENT = 32;
  private static final int HALF = Content.BYTES / 2;

  private final FileChannel channel;
  private final TableShape shape;

  /** A step of a write; the gate has admitted it. */
  private interface Step {
    void run() throws IOException;
  }

  private TableFile(FileChannel channel, TableShape shape) {
    this.channel = channel;
    this.shape = shape;
  }

  /** Makes the file, each record as nobody has written it. */
  static void create(Path path, TableShape shape) throws IOException {
    try (FileChannel channel =
            FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        TableFile table = new TableFile(channel, shape)) {
      for (int segment = 0; segment < shape.segments(); segment++) {
        for (int record = 0; record < shape.records(); record++) {
          table.put(
              table.recordAt(segment, record), ByteBuffer.wrap(Content.of(segment, record, 0, 0)));
        }
      }
    }
  }

  static TableFile open(Path path, TableShape shape) throws IOException {
    return new TableFile(
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE), shape);
  }

  /** The records of a segment as they are in the file; passes no gate. */
  byte[] read(int segment) throws IOException {
    return get(recordAt(segment, 0), shape.records() * Content.BYTES).array();
  }

  /**
   * The records of a segment, for a reader.
   *
   * @throws StaleTokenException if a newer writer has been here
   */
  byte[] read(int segment, LockMode mode, long token) throws IOException {
    step(segment, mode, token, () -> {});
    return read(segment);
  }

  /**
   * Replaces a record.
   *
   * @param midWrite runs when half of it is written
   * @throws StaleTokenException if a newer reader or writer has been here; the record is then as
   *     that one left it
   */
  void write(int segment, int record, byte[] content, long token, Runnable midWrite)
      throws IOException {
    LockMode mode = LockMode.EXCLUSIVE;
    step(
        segment,
        mode,
        token,
        () -> {
          put(headerAt(segment) + UNDO_CONTENT, get(recordAt(segment, record), Content.BYTES));
          putLong(headerAt(segment) + UNDO_RECORD, record + 1);
        });
    step(
        segment,
        mode,
        token,
        () -> put(recordAt(segment, record), ByteBuffer.wrap(content, 0, HALF)));
    midWrite.run();
    step(
        segment,
        mode,
        token,
        () -> put(recordAt(segment, record) + HALF, ByteBuffer.wrap(content, HALF, HALF)));
    step(segment, mode, token, () -> putLong(headerAt(segment) + UNDO_RECORD, 0));
  }

  /**
   * Takes back a write that was begun and not finished.
   *
   * @return the record, or nothing if no write was begun
   */
  OptionalInt repair(int segment, long token) throws IOException {
    int[] record = {-1};
    step(
        segment,
        LockMode.EXCLUSIVE,
        token,
        () -> {
          record[0] = unfinished(segment);
          if (record[0] >= 0) {
            put(recordAt(segment, record[0]), get(headerAt(segment) + UNDO_CONTENT, Content.BYTES));
            putLong(headerAt(segment) + UNDO_RECORD, 0);
          }
        });
    return record[0] < 0 ? OptionalInt.empty() : OptionalInt.of(record[0]);
  }

  /** The record that is being written; -1 if none. */
  int unfinished(int segment) throws IOException {
    return (int) get(headerAt(segment) + UNDO_RECORD, Long.BYTES).getLong(0) - 1;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private void step(int segment, LockMode mode, long token, Step step) throws IOException {
    long header = headerAt(segment);
    try (FileLock lock = channel.lock(header, HEADER_BYTES, false)) {
      if (!lock.isValid()) {
        throw new IOException("no lock on segment " + segment);
      }
      ByteBuffer gateBytes = get(header + GATE, 2 * Long.BYTES);
      FencingGate gate = new FencingGate(gateBytes.getLong(0), gateBytes.getLong(Long.BYTES));
      gate.admit(mode, token);
      ByteBuffer after = ByteBuffer.allocate(2 * Long.BYTES);
      after.putLong(gate.newestSeen()).putLong(gate.newestWriter()).flip();
      if (!after.equals(gateBytes)) {
        put(header + GATE, after);
      }
      step.run();
    }
  }

  private long headerAt(int segment) {
    return (long) segment * (HEADER_BYTES + shape.records() * Content.BYTES);
  }

  private long recordAt(int segment, int record) {
    return headerAt(segment) + HEADER_BYTES + (long) record * Content.BYTES;
  }

  private void putLong(long at, long value) throws IOException {
    put(at, ByteBuffer.allocate(Long.BYTES).putLong(0, value));
  }

  private void put(long at, ByteBuffer bytes) throws IOException {
    for (long next = at; bytes.hasRemaining(); ) {
      next += channel.write(bytes, next);
    }
  }

  private ByteBuffer get(long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    for (long next = at; bytes.hasRemaining(); ) {
      int read = channel.read(bytes, next);
      if (read < 0) {
        throw new EOFException("the table ends at " + next);
      }
      next += read;
    }
    return bytes.flip();
  }
}
