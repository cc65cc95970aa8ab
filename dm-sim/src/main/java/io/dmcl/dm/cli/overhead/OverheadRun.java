package io.dmcl.dm.cli.overhead;

import io.dmcl.dm.Bio;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Settings;
import io.dmcl.dm.cli.demo.Servers;
import io.dmcl.dm.cli.demo.WorkDirectory;
import io.dmcl.dm.disk.Disk;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;

/**
 * Measures in rounds: in each, all subjects do the same I/O, one after the other, so that whatever
 * else the machine does meets all of them. Two nodes have the mirror open; one does the I/O.
 */
final class OverheadRun {
  private static final int IOS_PER_TURN = 16;
  private static final long LOG_BYTES = 64 << 10;
  private static final int FILL_BYTES = 1 << 20;

  private final Workload workload;
  private final int regionSectors;
  private final Duration length;
  private final Path where;

  OverheadRun(Workload workload, int regionSectors, Duration length, Path where) {
    this.workload = workload;
    this.regionSectors = regionSectors;
    this.length = length;
    this.where = where;
  }

  OverheadReport measure() throws Exception {
    try (WorkDirectory work = new WorkDirectory(where)) {
      Path directory = work.path();
      for (String name : List.of("bare", "two0", "two1", "leg0", "leg1", "fast0", "fast1")) {
        fill(directory.resolve(name), workload.size());
      }
      fill(directory.resolve("log"), LOG_BYTES);
      fill(directory.resolve("fastlog"), LOG_BYTES);
      DiskSettings fast = new DiskSettings(false, false, DiskSettings.DEFAULT.faults());
      try (Servers servers = Servers.start(directory);
          Lockspace here = open(servers);
          Lockspace there = open(servers);
          DeviceMapper node = new DeviceMapper(here, directory, Settings.DEFAULT);
          DeviceMapper other = new DeviceMapper(there, directory, Settings.DEFAULT);
          DeviceMapper undurable =
              new DeviceMapper(here, directory, Settings.DEFAULT.withDisks(fast));
          Subject bare = new Subject.Bare(directory.resolve("bare"));
          Subject two = new Subject.Bare(directory.resolve("two0"), directory.resolve("two1"));
          Subject mirror = mirror(node, "log", "leg0", "leg1");
          Subject noWait = mirror(undurable, "fastlog", "fast0", "fast1")) {
        mirror(other, "log", "leg0", "leg1");
        return rounds(List.of(bare, two, mirror, noWait), () -> logWrites(node));
      }
    }
  }

  private static long logWrites(DeviceMapper node) throws IOException {
    return node.device("vol").targets().get(0).devices().stream()
        .filter(device -> device.name().equals("file:log"))
        .mapToLong(device -> ((Disk) device).writes())
        .sum();
  }

  private OverheadReport rounds(List<Subject> subjects, LongSource logWrites) throws IOException {
    for (Subject subject : subjects) {
      workload.run(subject, -1, 8 * IOS_PER_TURN); // code is compiled, locks are there
    }
    long[] nanos = new long[subjects.size()];
    long logBefore = logWrites.get();
    long ios = 0;
    long end = System.nanoTime() + length.toNanos();
    for (int round = 0; System.nanoTime() - end < 0; round++) {
      for (int turn = 0; turn < subjects.size(); turn++) {
        int which = (round + turn) % subjects.size();
        nanos[which] += workload.run(subjects.get(which), round, IOS_PER_TURN);
      }
      ios += IOS_PER_TURN;
    }
    double perIo = ios;
    return new OverheadReport(
        ios,
        nanos[0] / perIo,
        nanos[1] / perIo,
        nanos[2] / perIo,
        nanos[3] / perIo,
        logWrites.get() - logBefore);
  }

  @FunctionalInterface
  private interface LongSource {
    long get() throws IOException;
  }

  private static Lockspace open(Servers servers) throws Exception {
    Lockspace lockspace =
        ZooKeeperLockspace.connect(servers.connectString())
            .sessionTimeout(servers.sessionTimeout())
            .tick(servers.tick())
            .open();
    lockspace.dump(); // the session is there
    return lockspace;
  }

  private Subject mirror(DeviceMapper node, String log, String leg0, String leg1)
      throws IOException {
    String table =
        String.format(
            "0 %d mirror disk 3 file:%s %d nosync 2 file:%s 0 file:%s 0",
            workload.size() / Bio.SECTOR, log, regionSectors, leg0, leg1);
    return new Subject.Device(node.create("vol", table));
  }

  /** Written, and not only made long, so that no write has to find room for itself. */
  private static void fill(Path file, long bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long done = 0; done < bytes; ) {
        int count = (int) Math.min(FILL_BYTES, bytes - done);
        done += channel.write(ByteBuffer.allocate(count), done);
      }
      channel.force(true);
    }
  }
}
