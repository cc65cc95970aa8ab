package io.dmcl.dm.mirror;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.Bio;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.lock.LockException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a node does for a mirror by itself. It recovers regions that are out of sync, each under its
 * lock, so that one node at a time is at it; nodes begin at different regions. It cleans regions
 * that have not been written for a while. It looks for marks that nobody takes off: their owner may
 * have died, and then its regions are recovered although nobody reads them.
 */
final class Recovery {
  private static final long RETRY_MILLIS = 100;

  private final DeviceMapper node;
  private final Mirror mirror;
  private final int regions;
  private final LongSupplier bytesPerSecond;
  private final int begin;
  private final Object monitor = new Object();

  @GuardedBy("monitor")
  private boolean stopping;

  private @Nullable Thread worker;
  private BitSet markedBefore = new BitSet();
  private long copyBegunNanos;
  private long copiedSectors;

  Recovery(DeviceMapper node, Mirror mirror, int regions, LongSupplier bytesPerSecond) {
    this.node = node;
    this.mirror = mirror;
    this.regions = regions;
    this.bytesPerSecond = bytesPerSecond;
    this.begin = Math.floorMod(node.lockspace().nodeId().hashCode(), regions);
  }

  void start(String name) {
    Thread thread = new Thread(this::run, "mirror " + name);
    thread.setDaemon(true);
    worker = thread;
    thread.start();
  }

  void stop() {
    synchronized (monitor) {
      stopping = true;
      monitor.notifyAll();
    }
    Thread thread = worker;
    worker = null;
    boolean interrupted = false;
    while (thread != null && thread.isAlive()) {
      try {
        // Not interrupted: it is in the middle of a region at most.
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    long lastScan = System.nanoTime();
    while (true) {
      long pauseMillis = Math.min(node.settings().cleanIdleMillis(), node.settings().scanMillis());
      try {
        cleanIdle();
        if (elapsedMillis(lastScan) >= node.settings().scanMillis()) {
          lastScan = System.nanoTime();
          abandoned(false);
        }
        if (throttleMillis() > 0 || next()) {
          // Not longer than else: the rate may be changed, and there is more than this to do.
          pauseMillis = Math.min(pauseMillis, throttleMillis());
        }
      } catch (IOException | LockException e) {
        // A leg, the log or the coordinator fails just now: what is to do stays to be done.
        pauseMillis = RETRY_MILLIS;
      }
      if (!pause(pauseMillis)) {
        return;
      }
    }
  }

  private static long elapsedMillis(long sinceNanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos);
  }

  /** How long to wait after what was copied last, to keep to the rate. */
  private long throttleMillis() {
    long limit = bytesPerSecond.getAsLong();
    if (limit == 0 || copiedSectors == 0) {
      return 0;
    }
    long wanted = copiedSectors * Bio.SECTOR * 1000 / limit;
    return Math.max(0, wanted - elapsedMillis(copyBegunNanos));
  }

  private boolean pause(long millis) {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    synchronized (monitor) {
      while (!stopping) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return true;
        }
        try {
          monitor.wait(left);
        } catch (InterruptedException e) {
          return false;
        }
      }
      return false;
    }
  }

  private void cleanIdle() throws IOException {
    long now = System.nanoTime();
    long idle = TimeUnit.MILLISECONDS.toNanos(node.settings().cleanIdleMillis());
    List<Region> candidates = new ArrayList<>();
    for (Region region : mirror.regions()) {
      if (region.dirty && now - region.lastWriteNanos >= idle) {
        candidates.add(region);
      }
    }
    if (!candidates.isEmpty()) {
      mirror.clean(candidates);
    }
  }

  /** Recovers one region that is out of sync; whether there was one that could be. */
  boolean next() throws IOException {
    LogValue state = mirror.log().refresh();
    boolean failing = state.legs().chars().anyMatch(letter -> letter != 'A');
    for (int index : Resync.from(begin, state.outOfSync())) {
      long begun = System.nanoTime();
      long copied = mirror.resync().tryRecover(index);
      if (copied >= 0) {
        copyBegunNanos = begun;
        copiedSectors = copied;
        return true;
      }
      if (failing) {
        // It would be tried in vain for each region.
        return false;
      }
    }
    return false;
  }

  /**
   * Recovers regions whose owner died. A mark that was there at the last look too is suspected; one
   * death found, every mark is.
   */
  int abandoned(boolean suspectAll) throws IOException {
    BitSet marked = mirror.log().marked();
    marked.andNot(mirror.log().seen().outOfSync());
    BitSet suspects = (BitSet) marked.clone();
    if (!suspectAll) {
      suspects.and(markedBefore);
    }
    markedBefore = (BitSet) marked.clone();
    int found = 0;
    for (int index : Resync.from(begin % regions, suspects)) {
      if (mirror.resync().ownerDied(index)) {
        mirror.resync().recoverDead(mirror.region(index));
        found++;
        if (!suspectAll) {
          return found + abandoned(true);
        }
      }
    }
    return found;
  }
}
