package io.dmcl.dm.cli.devicedemo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which version of each block of the origin a snapshot may show: no older than was done when its
 * creation began, no newer than was begun when it was over.
 */
final class Bounds {
  private final long[] oldest;
  private final long[] newest;

  private Bounds(long[] oldest, long[] newest) {
    this.oldest = oldest;
    this.newest = newest;
  }

  /** Creates a snapshot. */
  @FunctionalInterface
  interface Creation {
    void run() throws IOException, InterruptedException;
  }

  static Bounds around(Board origin, int blocks, Creation creation)
      throws IOException, InterruptedException {
    Bounds bounds = new Bounds(new long[blocks], new long[blocks]);
    for (int block = 0; block < blocks; block++) {
      bounds.oldest[block] = origin.done(block);
    }
    creation.run();
    for (int block = 0; block < blocks; block++) {
      bounds.newest[block] = origin.begun(block);
    }
    return bounds;
  }

  boolean allow(int block, long version) {
    return oldest[block] <= version && version <= newest[block];
  }

  String describe(int block) {
    return oldest[block] == newest[block]
        ? Long.toString(oldest[block])
        : oldest[block] + " to " + newest[block];
  }

  private static Path file(Path directory, String device) {
    return directory.resolve(device + ".bounds");
  }

  void save(Path directory, String device) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(oldest.length * 2 * Long.BYTES);
    buffer.asLongBuffer().put(oldest).put(newest);
    Files.write(file(directory, device), buffer.array());
  }

  static Bounds load(Path directory, String device) throws IOException {
    byte[] bytes = Files.readAllBytes(file(directory, device));
    int blocks = bytes.length / (2 * Long.BYTES);
    Bounds bounds = new Bounds(new long[blocks], new long[blocks]);
    ByteBuffer.wrap(bytes).asLongBuffer().get(bounds.oldest).get(bounds.newest);
    return bounds;
  }
}
