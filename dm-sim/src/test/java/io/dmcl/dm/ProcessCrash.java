package io.dmcl.dm;

import io.dmcl.dm.disk.DiskFaults;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The process that is to die: two nodes write to an origin on a mirror and to a snapshot of it, and
 * say on standard output what they begin and what was acknowledged. At the given write to a disk
 * the process ends without a word.
 */
final class ProcessCrash {
  static final int SECTORS = 512;
  static final String MIRROR = "0 512 mirror disk 2 log.img 64 2 leg0.img 0 leg1.img 0";
  static final String ORIGIN = "0 512 snapshot-origin dev:vol";
  static final String SNAPSHOT = "0 512 snapshot dev:vol cow.img P 8";

  private ProcessCrash() {}

  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args[0]);
    Random random = new Random(Long.parseLong(args[1]));
    int crashAt = Integer.parseInt(args[2]);
    Settings settings =
        Settings.DEFAULT
            .withBackground(false)
            .withRangeSectors(128)
            .withDisks(DiskSettings.crashMode(new Halt(crashAt, random.nextLong())));
    InMemoryCluster locks = new InMemoryCluster();
    DeviceMapper[] nodes = new DeviceMapper[2];
    for (int i = 0; i < nodes.length; i++) {
      nodes[i] = new DeviceMapper(locks.open("crash"), directory, settings);
      nodes[i].create("vol", MIRROR);
      nodes[i].create("origin", ORIGIN);
      nodes[i].create("snap", SNAPSHOT);
    }
    System.out.println("ready");
    for (int stamp = 1; ; stamp += 100) {
      String name = random.nextBoolean() ? "origin" : "snap";
      MappedDevice device = nodes[random.nextInt(2)].device(name);
      if (random.nextInt(6) == 0) {
        device.flush();
        System.out.println("flushed " + name);
        continue;
      }
      int sectors = 1 + random.nextInt(20);
      int from = random.nextInt(SECTORS - sectors);
      String what = " " + name + " " + from + " " + sectors + " " + stamp;
      System.out.println("begin" + what);
      device.submit(Bio.write(from, ByteBuffer.wrap(Reference.stamped(stamp, sectors))));
      System.out.println("done" + what);
    }
  }

  private static final class Halt extends DiskFaults {
    private final int crashAt;
    private final Random random;
    private final AtomicInteger writes = new AtomicInteger();

    Halt(int crashAt, long seed) {
      this.crashAt = crashAt;
      this.random = new Random(seed);
    }

    @Override
    protected @Nullable BitSet cutShort(String disk, long sector, int sectors) {
      if (writes.incrementAndGet() != crashAt) {
        return null;
      }
      BitSet part = new BitSet();
      for (int i = 0; i < sectors; i++) {
        part.set(i, random.nextBoolean());
      }
      return part;
    }

    @Override
    protected void die(String disk) {
      Runtime.getRuntime().halt(137);
    }
  }
}
