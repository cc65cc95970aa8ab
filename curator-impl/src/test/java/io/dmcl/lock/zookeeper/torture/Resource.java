package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.FencingGate;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a lock protects: a file with two halves, each the number of the last write and its token. A
 * writer writes one half and then the other; in between, or if it never comes to the second, the
 * contents are torn. Its gate is asked at every access. Not thread-safe.
 */
final class Resource implements AutoCloseable {
  private static final int HALF_BYTES = 2 * Long.BYTES;

  private final FencingGate gate = new FencingGate();
  private final boolean gated;
  private final FileChannel file;

  /**
   * A resource whose contents are 0.
   *
   * @param gated false for a gate that lets everybody pass
   */
  Resource(Path path, boolean gated) throws IOException {
    this.gated = gated;
    file =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    write(0, 0, 0);
    write(1, 0, 0);
  }

  boolean admits(LockMode mode, long token) {
    return gate.tryAdmit(mode, token) || !gated;
  }

  /** Writes the first half. */
  void begin(long number, long token) throws IOException {
    write(0, number, token);
  }

  /** Writes the second half. */
  void end(long number, long token) throws IOException {
    write(1, number, token);
  }

  /** The number in the first half. */
  long content() throws IOException {
    return read(0).getLong(0);
  }

  /** The token of the writer that has begun and not ended; 0 if there is none. */
  long tornBy() throws IOException {
    ByteBuffer first = read(0);
    return first.equals(read(1)) ? 0 : first.getLong(Long.BYTES);
  }

  private void write(int half, long number, long token) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(HALF_BYTES).putLong(number).putLong(token).flip();
    for (long at = (long) half * HALF_BYTES; bytes.hasRemaining(); ) {
      at += file.write(bytes, at);
    }
  }

  private ByteBuffer read(int half) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(HALF_BYTES);
    for (long at = (long) half * HALF_BYTES; bytes.hasRemaining(); ) {
      int length = file.read(bytes, at);
      if (length < 0) {
        throw new IOException("the resource's file is too short");
      }
      at += length;
    }
    return bytes.flip();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
