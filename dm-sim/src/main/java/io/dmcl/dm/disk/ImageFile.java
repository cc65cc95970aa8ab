package io.dmcl.dm.disk;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/**
 * A file whose I/O is not ended by interrupts. A {@link FileChannel} is closed, for all its users,
 * when one of them is interrupted; a disk is not unplugged because somebody lost patience.
 */
final class ImageFile implements Closeable {
  @FunctionalInterface
  interface Action<T> {
    T on(FileChannel channel) throws IOException;
  }

  private final Path path;
  private final OpenOption[] options;
  private volatile FileChannel channel;

  @GuardedBy("this")
  private boolean closed;

  ImageFile(Path path, OpenOption... options) throws IOException {
    this.path = path;
    this.options = options.clone();
    this.channel = FileChannel.open(path, options);
  }

  Path path() {
    return path;
  }

  <T> T io(Action<T> action) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        FileChannel current = channel;
        try {
          return action.on(current);
        } catch (ClosedChannelException e) {
          interrupted |= Thread.interrupted();
          reopen(current, e);
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private synchronized void reopen(FileChannel broken, ClosedChannelException cause)
      throws IOException {
    if (closed) {
      throw cause;
    }
    if (channel == broken) {
      channel = FileChannel.open(path, options);
    }
  }

  void readFully(ByteBuffer into, long position) throws IOException {
    io(
        file -> {
          ByteBuffer buffer = into.duplicate();
          long at = position;
          while (buffer.hasRemaining()) {
            int count = file.read(buffer, at);
            if (count < 0) {
              throw new EOFException(path + " ends at " + at);
            }
            at += count;
          }
          return at;
        });
  }

  void writeFully(ByteBuffer from, long position) throws IOException {
    io(
        file -> {
          ByteBuffer buffer = from.duplicate();
          long at = position;
          while (buffer.hasRemaining()) {
            at += file.write(buffer, at);
          }
          return at;
        });
  }

  void force() throws IOException {
    io(
        file -> {
          file.force(false);
          return true;
        });
  }

  long size() throws IOException {
    return io(FileChannel::size);
  }

  void truncate(long size) throws IOException {
    io(file -> file.truncate(size));
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    channel.close();
  }
}
