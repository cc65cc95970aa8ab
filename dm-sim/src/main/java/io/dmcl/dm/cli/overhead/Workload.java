package io.dmcl.dm.cli.overhead;

import java.io.IOException;
import java.util.SplittableRandom;

/**
 * Random I/O, the same to all who get the same round.
 *
 * @param size the size of what it goes to, in bytes
 * @param bytes the size of an I/O; places are multiples of it
 * @param readPercent how many I/Os are reads
 */
record Workload(long size, int bytes, int readPercent, long seed) {
  /** Does some I/O; returns the nanoseconds it took. */
  long run(Subject subject, int round, int ios) throws IOException {
    SplittableRandom random = new SplittableRandom(seed * 1_000_003 + round);
    byte[] data = new byte[bytes];
    random.nextBytes(data);
    byte[] read = new byte[bytes];
    long begun = System.nanoTime();
    for (int i = 0; i < ios; i++) {
      long position = random.nextLong(size / bytes) * bytes;
      if (random.nextInt(100) < readPercent) {
        subject.read(position, read);
      } else {
        subject.write(position, data);
      }
    }
    return System.nanoTime() - begun;
  }
}
