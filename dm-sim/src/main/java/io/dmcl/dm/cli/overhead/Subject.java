package io.dmcl.dm.cli.overhead;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BlockDevice;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** What I/O is measured on. */
interface Subject extends AutoCloseable {
  /** Reads {@code data.length} bytes. */
  void read(long position, byte[] data) throws IOException;

  /** Writes it all; when it is done, it is durable. */
  void write(long position, byte[] data) throws IOException;

  @Override
  void close() throws IOException;

  /** Files without anything between: one, or several with the same data, as a mirror has them. */
  final class Bare implements Subject {
    private final List<FileChannel> files = new ArrayList<>();

    Bare(Path... paths) throws IOException {
      for (Path path : paths) {
        files.add(FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
      }
    }

    @Override
    public void read(long position, byte[] data) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(data);
      while (buffer.hasRemaining()) {
        if (files.get(0).read(buffer, position + buffer.position()) < 0) {
          throw new EOFException();
        }
      }
    }

    @Override
    public void write(long position, byte[] data) throws IOException {
      for (FileChannel file : files) {
        ByteBuffer buffer = ByteBuffer.wrap(data);
        while (buffer.hasRemaining()) {
          file.write(buffer, position + buffer.position());
        }
        file.force(false);
      }
    }

    @Override
    public void close() throws IOException {
      for (FileChannel file : files) {
        file.close();
      }
    }
  }

  /** A device; a write to it is FUA. */
  record Device(BlockDevice device) implements Subject {
    @Override
    public void read(long position, byte[] data) throws IOException {
      device.submit(Bio.read(position / Bio.SECTOR, ByteBuffer.wrap(data)));
    }

    @Override
    public void write(long position, byte[] data) throws IOException {
      device.submit(Bio.write(position / Bio.SECTOR, ByteBuffer.wrap(data)).withFua());
    }

    /** The device belongs to its node. */
    @Override
    public void close() {}
  }
}
