package io.dmcl.dm.disk;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Faults of the disks of a node, injected while they are in use. Thread-safe. */
public class DiskFaults {
  /** None, for ever. */
  static final DiskFaults NONE =
      new DiskFaults() {
        @Override
        public void fail(String disk, long first, long count, boolean reads, boolean writes) {
          throw new UnsupportedOperationException("faults that all nodes would share");
        }

        @Override
        public void slow(String disk, long nanos) {
          throw new UnsupportedOperationException("faults that all nodes would share");
        }
      };

  private record Bad(String disk, long first, long count, boolean reads, boolean writes) {}

  private record Slow(String disk, long nanos) {}

  private final List<Bad> bad = new CopyOnWriteArrayList<>();
  private final List<Slow> slow = new CopyOnWriteArrayList<>();

  /** No faults yet. */
  public DiskFaults() {}

  /** Makes sectors fail. {@code disk} is the device's name, as {@code file:leg0.img}. */
  public void fail(String disk, long first, long count, boolean reads, boolean writes) {
    bad.add(new Bad(disk, first, count, reads, writes));
  }

  /** Makes a whole disk fail. */
  public void fail(String disk) {
    fail(disk, 0, Long.MAX_VALUE, true, true);
  }

  /** Makes every bio of a disk take longer. */
  public void slow(String disk, long nanos) {
    slow.add(new Slow(disk, nanos));
  }

  /** Ends all faults of a disk. */
  public void heal(String disk) {
    bad.removeIf(each -> each.disk.equals(disk));
    slow.removeIf(each -> each.disk.equals(disk));
  }

  void check(String disk, Bio bio) throws IOException {
    for (Slow each : slow) {
      if (each.disk.equals(disk)) {
        sleep(each.nanos);
      }
    }
    for (Bad each : bad) {
      if (each.disk.equals(disk)
          && bio.sector() < each.first + Math.min(each.count, Long.MAX_VALUE - each.first)
          && (bio.op() == Bio.Op.FLUSH || bio.end() > each.first)
          && (bio.op() == Bio.Op.READ ? each.reads : each.writes)) {
        throw BioException.ioError("bad sector of " + disk + ": " + bio);
      }
    }
  }

  private static void sleep(long nanos) throws IOException {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted in a slow disk");
    }
  }

  /**
   * Called before each write reaches a disk, for tests that end a node in the middle of it.
   *
   * @return null to let it through; otherwise only these of its sectors are written, and then
   *     {@link #die} is called
   */
  protected @Nullable BitSet cutShort(String disk, long sector, int sectors) throws IOException {
    return null;
  }

  /** Called after a write was cut short: ends the process, or throws. */
  protected void die(String disk) throws IOException {
    throw BioException.ioError(disk + ": the node died");
  }

  /** Called before anything else that is done with a disk; throws if the node is dead. */
  protected void checkAlive(String disk) throws IOException {}

  /** The faults as people read them. */
  @Override
  public String toString() {
    List<String> lines = new ArrayList<>();
    bad.forEach(each -> lines.add(each.toString()));
    slow.forEach(each -> lines.add(each.toString()));
    return lines.toString();
  }
}
