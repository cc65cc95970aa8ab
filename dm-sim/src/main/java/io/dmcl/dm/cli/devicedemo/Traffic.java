package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.BioException;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.cli.devicedemo.Tally.Counter;
import java.io.IOException;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a node does with the devices: writes, and reads with verification. */
final class Traffic {
  private static final int WRITES_PER_HUNDRED = 50;
  private static final int SNAPSHOTS_PER_HUNDRED = 10;
  private static final long PROGRESS_NANOS = 250_000_000;
  private static final int PROBLEMS = 5;

  private final Volume volume;
  private final int node;
  private final NodeFaults faults;
  private final Consumer<String> told;
  private final SplittableRandom random;
  private final Map<String, Part> parts = new ConcurrentHashMap<>();
  private Tally tally = new Tally();
  private volatile boolean stopping;
  private volatile boolean announcesRefusal;

  /** A device as this node uses it. */
  private record Part(BlockDevice device, Expectation expected, @Nullable Board board, int stamp) {}

  Traffic(Volume volume, int node, long seed, NodeFaults faults, Consumer<String> told) {
    this.volume = volume;
    this.node = node;
    this.faults = faults;
    this.told = told;
    random = new SplittableRandom(seed * 31 + node);
  }

  /**
   * Begins to use a device.
   *
   * @param board if it is to be written, too
   */
  void use(String name, BlockDevice device, Expectation expected, @Nullable Board board) {
    int stamp = name.equals(Volume.ORIGIN) ? Stamp.ORIGIN : Stamp.SNAPSHOT;
    parts.put(name, new Part(device, expected, board, stamp));
  }

  /** I/O that may be done again. */
  @FunctionalInterface
  interface Repeatable<T> {
    T run() throws IOException;
  }

  /**
   * Does it, and again if the node lost its locks: on a busy machine a session can end too soon.
   */
  static <T> T insist(Repeatable<T> io) throws IOException {
    while (true) {
      try {
        return io.run();
      } catch (BioException e) {
        if (e.status() != BioException.Status.FENCED) {
          throw e;
        }
      }
    }
  }

  void forgetDevices() {
    parts.clear();
  }

  /** Writes every block of this node's working set once. */
  void fill() throws IOException {
    tally = new Tally();
    stopping = false;
    Part origin = part(Volume.ORIGIN);
    for (int block : volume.ownBlocks(node)) {
      insist(
          () -> {
            write(origin, block);
            return block;
          });
    }
  }

  void start() {
    stopping = false;
  }

  void stop() {
    stopping = true;
  }

  /** The next bio that is refused is said with the word {@code refused}. */
  void announceRefusal() {
    announcesRefusal = true;
  }

  /** Works until it is stopped. */
  Tally work() throws IOException {
    tally = new Tally();
    long begun = System.nanoTime();
    long nextProgress = begun;
    while (!stopping) {
      Part part = next();
      try {
        if (part.board != null && random.nextInt(100) < WRITES_PER_HUNDRED) {
          write(part, volume.blockToWrite(node, random));
        } else {
          read(part, volume.blockToRead(node, random));
        }
      } catch (BioException e) {
        if (e.status() != BioException.Status.FENCED) {
          throw e;
        }
        // As a process is told that came back too late: nothing was promised, so on with it.
        tally.count(Counter.REFUSED);
      }
      if (System.nanoTime() - nextProgress >= 0) {
        told.accept("progress " + tally.ios());
        nextProgress = System.nanoTime() + PROGRESS_NANOS;
      }
    }
    tally.took(System.nanoTime() - begun);
    return tally;
  }

  private Part next() {
    if (random.nextInt(100) < SNAPSHOTS_PER_HUNDRED) {
      Volume.Snapshot[] all = Volume.Snapshot.values();
      Part snapshot = parts.get(all[random.nextInt(all.length)].device);
      if (snapshot != null) {
        return snapshot;
      }
    }
    return part(Volume.ORIGIN);
  }

  private Part part(String name) {
    Part part = parts.get(name);
    if (part == null) {
      throw new IllegalStateException(name + " is not in use");
    }
    return part;
  }

  private void write(Part part, int block) throws IOException {
    Board board = part.board;
    if (board == null) {
      throw new IllegalArgumentException("not to be written");
    }
    long version = board.begun(block) + 1;
    byte[] bytes = Stamp.block(part.stamp, block, version);
    board.begin(block, version);
    boolean origin = part.stamp == Stamp.ORIGIN;
    if (origin) {
      faults.writing(block, version);
    }
    try {
      part.device.write((long) block * Volume.BLOCK_SECTORS, bytes);
    } catch (BioException e) {
      if (announcesRefusal && e.status() == BioException.Status.FENCED) {
        announcesRefusal = false;
        told.accept("refused " + block + " " + version);
      }
      throw e;
    } finally {
      faults.written();
    }
    board.finish(block, version);
    tally.count(Counter.WRITES);
  }

  private void read(Part part, int block) throws IOException {
    long oldest = part.expected.oldest(block);
    byte[] bytes = part.device.read((long) block * Volume.BLOCK_SECTORS, Volume.BLOCK_SECTORS);
    String problem = part.expected.check(block, bytes, 0, oldest);
    tally.count(Counter.READS);
    if (problem != null) {
      tally.count(Counter.WRONG);
      if (tally.get(Counter.WRONG) <= PROBLEMS) {
        told.accept("problem " + problem);
      }
    }
  }
}
