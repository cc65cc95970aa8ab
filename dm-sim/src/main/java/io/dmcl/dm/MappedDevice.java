package io.dmcl.dm;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.lock.LockException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A device made of a table of targets. It has an active table, and an inactive one between reload
 * and resume. While it is suspended, bios wait.
 */
public final class MappedDevice implements BlockDevice {
  private final DeviceMapper node;
  private final String deviceName;

  /** Orders suspend, resume, load and close; never taken by bios. */
  private final Object control = new Object();

  private final Object bios = new Object();

  @GuardedBy("bios")
  private @Nullable Table active;

  @GuardedBy("bios")
  private boolean suspended = true;

  @GuardedBy("bios")
  private boolean closed;

  @GuardedBy("bios")
  private int inFlight;

  @GuardedBy("control")
  private @Nullable Table inactive;

  /** Whether the active table has been resumed. */
  @GuardedBy("control")
  private boolean served;

  MappedDevice(DeviceMapper node, String deviceName) {
    this.node = node;
    this.deviceName = deviceName;
  }

  @Override
  public String name() {
    return "dev:" + deviceName;
  }

  /** The name it was created with. */
  public String deviceName() {
    return deviceName;
  }

  @Override
  public long sectors() {
    synchronized (bios) {
      return active == null ? 0 : active.sectors();
    }
  }

  @Override
  public void submit(Bio bio) throws IOException {
    boolean done = false;
    while (!done) {
      done = submitOnce(bio);
    }
  }

  private boolean submitOnce(Bio bio) throws IOException {
    Table table = enter(bio);
    try {
      if (bio.op() == Bio.Op.FLUSH) {
        flush(table, bio);
      } else {
        if (bio.preflush()) {
          flush(table, Bio.flush().withFence(bio.fence()));
        }
        split(table, bio.withoutPreflush());
      }
      return true;
    } catch (RequeueException e) {
      return false;
    } catch (LockException e) {
      throw new BioException(
          BioException.Status.FENCED, bio + " on " + deviceName + ": " + e.getMessage(), e);
    } finally {
      leave();
    }
  }

  private Table enter(Bio bio) throws IOException {
    synchronized (bios) {
      while (suspended && !closed) {
        try {
          bios.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException(deviceName + " is suspended");
        }
      }
      if (closed || active == null) {
        throw BioException.ioError(deviceName + " was removed");
      }
      if (bio.end() > active.sectors()) {
        throw new BioException(
            BioException.Status.OUT_OF_RANGE,
            bio + " is beyond the end of " + deviceName + ", " + active.sectors());
      }
      inFlight++;
      return active;
    }
  }

  private void leave() {
    synchronized (bios) {
      if (--inFlight == 0) {
        bios.notifyAll();
      }
    }
  }

  private static void flush(Table table, Bio bio) throws IOException {
    for (Table.Entry entry : table.entries()) {
      entry.target().map(bio);
    }
  }

  private static void split(Table table, Bio bio) throws IOException {
    long done = 0;
    while (done < bio.sectors()) {
      long sector = bio.sector() + done;
      Table.Entry entry = table.find(sector);
      Target target = entry.target();
      long relative = sector - entry.begin();
      long count = Math.min(bio.sectors() - done, entry.end() - sector);
      if (target.splitSectors() > 0) {
        count = Math.min(count, target.splitSectors() - relative % target.splitSectors());
      }
      Bio part = bio.part(done, count).at(relative);
      if (!target.supports(bio.op())) {
        if (bio.op() != Bio.Op.WRITE_ZEROES) {
          throw new BioException(
              BioException.Status.NOT_SUPPORTED,
              "target " + entry.type().name() + " does not support " + bio.op());
        }
        part = part.asPlainWrite();
      }
      target.map(part);
      done += count;
    }
  }

  /** Loads the inactive table, replacing one that was loaded before. */
  void reload(String text) throws IOException {
    synchronized (control) {
      Table loaded = Table.load(node, deviceName, text);
      Table replaced = inactive;
      inactive = loaded;
      if (replaced != null) {
        replaced.close();
      }
    }
  }

  /**
   * Waits for the bios in flight; later ones wait for {@link #resume}.
   *
   * @param requeue whether bios that a target holds wait for it, too; otherwise they fail
   */
  void suspend(boolean requeue) throws IOException {
    synchronized (control) {
      quiesce(requeue);
    }
  }

  @GuardedBy("control")
  private void quiesce(boolean requeue) throws IOException {
    Table table;
    boolean interrupted = false;
    synchronized (bios) {
      if (suspended) {
        return;
      }
      suspended = true;
      table = active;
    }
    if (table != null) {
      table.presuspend(requeue);
    }
    synchronized (bios) {
      while (inFlight > 0) {
        try {
          bios.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (table != null) {
      table.suspend();
    }
  }

  /** Makes the inactive table active, if there is one, and lets bios go. */
  void resume() throws IOException {
    synchronized (control) {
      Table replaced = null;
      if (inactive != null) {
        quiesce(false);
        synchronized (bios) {
          replaced = active;
          active = inactive;
        }
        served = false;
        inactive = null;
      }
      try {
        serve();
      } finally {
        if (replaced != null) {
          replaced.close();
        }
      }
    }
  }

  @GuardedBy("control")
  private void serve() throws IOException {
    Table table;
    synchronized (bios) {
      if (!suspended) {
        return;
      }
      table = active;
    }
    if (table == null) {
      throw new TableException("device " + deviceName + " has no table");
    }
    table.resume();
    served = true;
    synchronized (bios) {
      suspended = false;
      bios.notifyAll();
    }
  }

  /**
   * Lets the bios go that wait because it is suspended, or that a target holds: those of a device
   * above, which could not be suspended and closed before they are done. Where the table has never
   * served any, or cannot now, they fail.
   */
  void letBiosGo() throws IOException {
    synchronized (control) {
      Table table;
      try {
        if (served) {
          serve();
        }
      } finally {
        synchronized (bios) {
          closed |= suspended;
          table = active;
          bios.notifyAll();
        }
      }
      if (table != null) {
        table.presuspend(false);
      }
    }
  }

  void close() throws IOException {
    synchronized (control) {
      FirstFailure failure = new FirstFailure();
      failure.run(() -> suspend(false));
      Table table;
      synchronized (bios) {
        closed = true;
        bios.notifyAll();
        table = active;
        active = null;
      }
      Table loaded = inactive;
      inactive = null;
      if (table != null) {
        failure.run(table::close);
      }
      if (loaded != null) {
        failure.run(loaded::close);
      }
      failure.rethrow();
    }
  }

  /** Whether bios wait. */
  public boolean suspended() {
    synchronized (bios) {
      return suspended;
    }
  }

  /** Whether a table waits for {@link DeviceMapper#resume}. */
  public boolean hasInactiveTable() {
    synchronized (control) {
      return inactive != null;
    }
  }

  /** The active table's lines. */
  public List<String> table() {
    List<String> lines = new ArrayList<>();
    for (Table.Entry entry : entries()) {
      lines.add(entry.line(entry.target().table()));
    }
    return lines;
  }

  /** The status of each target. */
  public List<String> status() {
    List<String> lines = new ArrayList<>();
    for (Table.Entry entry : entries()) {
      lines.add(entry.line(entry.target().status()));
    }
    return lines;
  }

  /** The targets of the active table, in order. */
  public List<Target> targets() {
    return entries().stream().map(Table.Entry::target).toList();
  }

  /**
   * Sends a message to the target at a sector.
   *
   * @return its answer, or empty
   */
  public String message(long sector, List<String> words) throws IOException {
    Table table;
    synchronized (bios) {
      table = active;
    }
    if (table == null || sector < 0 || sector >= table.sectors()) {
      throw new TableException("Target message sector outside device");
    }
    return table.find(sector).target().message(words);
  }

  private List<Table.Entry> entries() {
    synchronized (bios) {
      return active == null ? List.of() : active.entries();
    }
  }

  @Override
  public String toString() {
    return name();
  }
}
