package io.dmcl.dm.mirror;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.Fence;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.BitSet;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * A mirror's log as all nodes use it: this node's copy of the bits and of the log lock's value,
 * kept right by that lock. A core log has no disk; there the bits are what the value says.
 *
 * <p>A bit is 1 if the region is clean. It is 0 while a node that holds the region's lock
 * exclusively may have writes in flight, and if the region is out of sync. With the region's lock
 * in hand and nothing of our own in flight, a bit of 0 means out of sync.
 */
final class DirtyLog implements AutoCloseable {
  /** What a table line says about the state at the start. */
  enum Start {
    AS_LOGGED,
    SYNC,
    NOSYNC
  }

  private final DeviceLock lock;
  private final int regions;
  private final int legs;
  private final @Nullable LogFormat disk;

  @GuardedBy("this")
  private boolean current;

  @GuardedBy("this")
  private BitSet clean = new BitSet();

  /** The regions that this node has marked. */
  @GuardedBy("this")
  private final BitSet mine = new BitSet();

  private volatile LogValue value;
  private volatile boolean broken;

  DirtyLog(DeviceLock lock, int regions, int legs, @Nullable LogFormat disk) {
    this.lock = lock;
    this.regions = regions;
    this.legs = legs;
    this.disk = disk;
    this.value = fresh();
  }

  private LogValue fresh() {
    BitSet all = new BitSet();
    all.set(0, regions);
    return new LogValue(0, "A".repeat(legs), 'A', all);
  }

  @Override
  public void close() {
    lock.close();
  }

  /** What this node saw last; may be behind. */
  LogValue seen() {
    return value;
  }

  /** How the log is: A alive, D it cannot be written or used. */
  char letter() {
    return broken ? 'D' : value.log();
  }

  /** What there is now. */
  synchronized LogValue refresh() throws IOException {
    try (Hold hold = lock.acquire(LockMode.SHARED)) {
      if (lock.freshness(hold) != Freshness.OWNER_DIED) {
        sync(hold);
        return value;
      }
    }
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      return value;
    }
  }

  /** Whether the region's bit is 1 now. */
  synchronized boolean isClean(int region) throws IOException {
    refresh();
    return clean.get(region);
  }

  /**
   * Whether the log proves that nothing was in flight in a region whose owner died. A log that is
   * not on a disk, or cannot be used, knows what is out of sync, but not what a dead node had
   * marked.
   */
  synchronized boolean provesClean(int region) throws IOException {
    return isClean(region) && disk != null && value.log() == 'A';
  }

  /** The regions whose bit is 0 and that this node has not marked, as they are now. */
  synchronized BitSet markedElsewhere() throws IOException {
    refresh();
    BitSet marked = new BitSet();
    marked.set(0, regions);
    marked.andNot(clean);
    marked.andNot(mine);
    return marked;
  }

  @GuardedBy("this")
  private void sync(Hold hold) throws IOException {
    if (lock.freshness(hold).mustReload()) {
      current = false;
    }
    if (current) {
      return;
    }
    LogValue theirs = LogValue.decode(hold.value(), legs, regions);
    boolean died = lock.freshness(hold) == Freshness.OWNER_DIED;
    Fence fence = lock.fence(hold, null);
    if (died && disk != null) {
      disk.flush(fence);
    }
    LogValue base = theirs == null ? fresh() : theirs;
    if (disk == null || base.log() != 'A') {
      clean = new BitSet();
      clean.set(0, regions);
      clean.andNot(base.outOfSync());
      value = base;
    } else {
      clean = disk.read().clean();
      BitSet outOfSync = died || theirs == null ? zeroBits() : base.outOfSync();
      outOfSync.andNot(clean);
      value = base.withOutOfSync(outOfSync);
    }
    if (died) {
      hold.setValue(value.encode());
      lock.markRecovered(hold);
    }
    current = true;
  }

  /** After a death a bit of 0 may be anybody's: all are looked at, but for our own. */
  @GuardedBy("this")
  private BitSet zeroBits() {
    BitSet zero = new BitSet();
    zero.set(0, regions);
    zero.andNot(clean);
    zero.andNot(mine);
    return zero;
  }

  /** Begins to use the log while no other node does. */
  synchronized void activateFirst(Start start) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      current = false;
      mine.clear();
      Fence fence = lock.fence(hold, null);
      LogValue earlier = LogValue.decode(hold.value(), legs, regions);
      LogValue started = fresh();
      if (disk == null) {
        // A core log's state is in the value only, and is kept over a resume.
        if (earlier != null && start == Start.AS_LOGGED) {
          started = started.withOutOfSync(earlier.outOfSync());
        } else if (start == Start.NOSYNC) {
          started = started.withOutOfSync(new BitSet());
        }
        clean = new BitSet();
        clean.set(0, regions);
        clean.andNot(started.outOfSync());
      } else {
        started = resume(disk, start, started, earlier, fence);
      }
      publish(hold, started);
      if (lock.freshness(hold) == Freshness.OWNER_DIED) {
        lock.markRecovered(hold);
      }
      current = true;
    }
  }

  @GuardedBy("this")
  private LogValue resume(
      LogFormat log, Start start, LogValue started, @Nullable LogValue earlier, Fence fence)
      throws IOException {
    log.flush(fence);
    LogFormat.Contents contents = log.read();
    if (contents.magic() && !contents.supported()) {
      clean = new BitSet();
      return started.withLog('D');
    }
    boolean known = contents.magic() && start == Start.AS_LOGGED;
    int logged = known ? (int) Math.min(Math.max(0, contents.regions()), regions) : 0;
    clean = contents.clean();
    clean.set(logged, regions, start == Start.NOSYNC);
    log.write(clean, fence);
    log.flush(fence);
    LogValue resumed = started.withOutOfSync(zeroBits());
    // The kernel would recover from leg 0. If that one had failed, the newest data are elsewhere,
    // and this value is all that knows; unless somebody else has used the mirror meanwhile.
    if (earlier != null
        && earlier.outOfSyncCount() > 0
        && earlier.outOfSync().stream().noneMatch(resumed::inSync)) {
      return resumed.withDefaultLeg(earlier.defaultLeg());
    }
    return resumed;
  }

  /** Begins to use the log beside other nodes. */
  synchronized void join() throws IOException {
    current = false;
    mine.clear();
    refresh();
  }

  private void publish(Hold hold, LogValue changed) {
    hold.setValue(changed.encode());
    value = changed;
  }

  @GuardedBy("this")
  private void store(Fence fence, boolean flush) throws IOException {
    if (disk == null || value.log() != 'A') {
      return;
    }
    try {
      disk.write(clean, fence);
      if (flush) {
        disk.flush(fence);
      }
      broken = false;
    } catch (IOException e) {
      current = false;
      broken = !isOurs(e);
      throw isOurs(e)
          ? e
          : new BioException(
              BioException.Status.IO_ERROR, "the mirror's log failed: " + e.getMessage(), e);
    }
  }

  /** Whether the failure is this node's, and says nothing about the device. */
  static boolean isOurs(IOException e) {
    return e instanceof InterruptedIOException
        || (e instanceof BioException bio && bio.status() == BioException.Status.FENCED);
  }

  /** Marks a region before it is written; durable when done. The caller holds its lock. */
  synchronized void markDirty(int region) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      mine.set(region);
      clean.clear(region);
      store(lock.fence(hold, null), true);
    } catch (IOException | RuntimeException e) {
      mine.clear(region);
      throw e;
    }
  }

  /** Takes the marks off regions whose legs were flushed; need not be durable. */
  synchronized void markClean(Collection<Integer> which) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      for (int region : which) {
        mine.clear(region);
        clean.set(region);
      }
      store(lock.fence(hold, null), false);
    }
  }

  /**
   * The legs of a region were made equal, and flushed, by the caller, who holds its lock.
   *
   * @param answered the legs that were written without a failure
   */
  synchronized void recovered(int region, Collection<Integer> answered) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      mine.clear(region);
      clean.set(region);
      store(lock.fence(hold, null), true);
      LogValue changed = value.withRegion(region, true);
      for (int leg : answered) {
        changed = changed.withLeg(leg, 'A');
      }
      if (changed.outOfSyncCount() == 0 && changed.alive(0)) {
        changed = changed.withDefaultLeg(0);
      }
      if (!changed.equals(value)) {
        publish(hold, changed);
      }
    }
  }

  /**
   * A region is out of sync from now on, because some legs do not take writes. If the default leg
   * is one of them another one takes its place, but only if all legs had the same until now: what
   * is out of sync is right on the default leg only.
   *
   * <p>When this returns the coordinator has it: a write that only the other legs took is then
   * acknowledged, and if this node dies with all that it knows, a survivor must not copy the failed
   * leg, back again, over them.
   *
   * @param wasInSync whether the region was in sync, but for what just failed
   * @return what there is now
   */
  synchronized LogValue degrade(
      int region, boolean wasInSync, Collection<Integer> failed, char letter) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      mine.clear(region);
      clean.clear(region);
      store(lock.fence(hold, null), true);
      LogValue changed = value;
      for (int leg : failed) {
        changed = changed.withLeg(leg, letter);
      }
      BitSet others = changed.outOfSync();
      others.clear(region);
      int other = firstAlive(changed);
      boolean movable = wasInSync && others.isEmpty() && other >= 0;
      if (movable && !changed.alive(changed.defaultLeg())) {
        changed = changed.withDefaultLeg(other);
      }
      publish(hold, changed.withRegion(region, false));
      hold.downgrade();
    }
    // The downgrade that publishes it was only sent; a new exclusive grant comes behind it.
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      return value;
    }
  }

  private static int firstAlive(LogValue state) {
    return state.legs().indexOf('A');
  }

  /** A leg could not be read, or written by recovery. */
  synchronized LogValue legFailed(int leg, char letter) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      LogValue changed = value.withLeg(leg, letter);
      int other = firstAlive(changed);
      if (leg == changed.defaultLeg() && changed.outOfSyncCount() == 0 && other >= 0) {
        changed = changed.withDefaultLeg(other);
      }
      if (!changed.equals(value)) {
        publish(hold, changed);
      }
      return changed;
    }
  }
}
