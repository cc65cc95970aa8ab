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
 * exclusively may have writes in flight, if the region is out of sync, and if a mark failed half
 * way; so which regions are out of sync, the value says.
 */
final class DirtyLog implements AutoCloseable {
  /** The log's device did not take a mark. */
  static final class LogFailedException extends BioException {
    private static final long serialVersionUID = 1L;

    LogFailedException(IOException cause) {
      super(Status.IO_ERROR, "the mirror's log failed: " + cause.getMessage(), cause);
    }
  }

  private final DeviceLock lock;
  private final int regions;
  private final Legs legs;
  private final @Nullable LogFormat disk;
  private final MirrorLine.Errors errors;

  @GuardedBy("this")
  private boolean current;

  @GuardedBy("this")
  private BitSet clean = new BitSet();

  /** Whether the coordinator may not know yet that the log is not used any more. */
  @GuardedBy("this")
  private boolean givenUp;

  /** The regions that this node has marked, in this session. */
  @GuardedBy("this")
  private final BitSet mine = new BitSet();

  private volatile LogValue value;

  /** How the log answered this node last: A, F it cannot be flushed, D it cannot be written. */
  private volatile char answered = 'A';

  DirtyLog(
      DeviceLock lock, int regions, Legs legs, @Nullable LogFormat disk, MirrorLine.Errors errors) {
    this.lock = lock;
    this.regions = regions;
    this.legs = legs;
    this.disk = disk;
    this.errors = errors;
    this.value = fresh();
  }

  private LogValue fresh() {
    BitSet all = new BitSet();
    all.set(0, regions);
    return new LogValue(0, "A".repeat(legs.count()), 'A', all);
  }

  @Override
  public void close() {
    lock.close();
  }

  /** What this node saw last; may be behind. */
  LogValue seen() {
    return value;
  }

  /** How the log is: A alive, F it cannot be flushed, D it cannot be written or used. */
  char letter() {
    return value.log() == 'A' ? answered : value.log();
  }

  /** What there is now. */
  synchronized LogValue refresh() throws IOException {
    try (Hold hold = lock.acquire(LockMode.SHARED)) {
      if (lock.freshness(hold) != Freshness.OWNER_DIED) {
        sync(hold);
        return value;
      }
    } catch (IOException e) {
      if (!ignored(e)) {
        throw e;
      }
    }
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      return value;
    }
  }

  /**
   * Whether the log proves that nothing was in flight in a region whose owner died. A log that is
   * not on a disk, or cannot be used, knows what is out of sync, but not what a dead node had
   * marked.
   */
  synchronized boolean provesClean(int region) throws IOException {
    refresh();
    return clean.get(region) && isOnDisk();
  }

  private boolean isOnDisk() {
    return disk != null && value.log() == 'A';
  }

  /** The regions whose bit is 0, by whichever node, as they are now. */
  synchronized BitSet marked() throws IOException {
    refresh();
    return allBut(clean);
  }

  @GuardedBy("this")
  private void sync(Hold hold) throws IOException {
    if (lock.freshness(hold).mustReload()) {
      current = false;
    }
    if (current) {
      return;
    }
    LogValue theirs = LogValue.decode(hold.value(), legs.count(), regions);
    boolean died = lock.freshness(hold) == Freshness.OWNER_DIED;
    LogValue base = theirs == null ? fresh() : theirs;
    try {
      take(base, died || theirs == null, died ? lock.fence(hold, null) : null);
    } catch (IOException e) {
      if (isOurs(e)) {
        throw e;
      }
      if (!ignored(e) || hold.mode() != LockMode.EXCLUSIVE) {
        throw new LogFailedException(e);
      }
      giveUp(hold, base);
    }
    if (died) {
      hold.setValue(value.encode());
      lock.markRecovered(hold);
    }
    current = true;
  }

  /**
   * Takes over what the value and the disk say.
   *
   * @param asked whether the value does not know which marks are of regions out of sync
   * @param dead what keeps a dead owner's writes out; null if there is none
   */
  @GuardedBy("this")
  private void take(LogValue base, boolean asked, @Nullable Fence dead) throws IOException {
    if (dead != null && disk != null) {
      disk.flush(dead);
    }
    if (disk == null || base.log() != 'A') {
      know(base);
      return;
    }
    clean = disk.read().clean();
    BitSet outOfSync = asked ? zeroBits() : base.outOfSync();
    outOfSync.andNot(clean);
    value = base.withOutOfSync(outOfSync);
  }

  private BitSet allBut(BitSet some) {
    BitSet others = new BitSet();
    others.set(0, regions);
    others.andNot(some);
    return others;
  }

  /** After a death a bit of 0 may be anybody's: all are looked at, but for our own. */
  @GuardedBy("this")
  private BitSet zeroBits() {
    BitSet zero = allBut(clean);
    zero.andNot(mine);
    return zero;
  }

  /** Begins to use the log while no other node does. */
  synchronized void activateFirst(LogStart.Word start) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      current = false;
      mine.clear();
      Fence fence = lock.fence(hold, null);
      LogValue earlier = LogValue.decode(hold.value(), legs.count(), regions);
      LogValue started = fresh();
      if (disk == null) {
        started = LogStart.inCore(start, started, earlier);
      } else {
        try {
          LogStart read = LogStart.onDisk(disk, start, regions, started, earlier, fence);
          clean = read.clean();
          started = read.value();
        } catch (IOException e) {
          if (isOurs(e)) {
            throw e;
          }
          // As the kernel: nothing is known to be in sync, and there is no log.
          started = started.withLog('D');
        }
      }
      publish(hold, started);
      if (lock.freshness(hold) == Freshness.OWNER_DIED) {
        lock.markRecovered(hold);
      }
      current = true;
    }
  }

  /** Begins to use the log beside other nodes. */
  synchronized void join() throws IOException {
    current = false;
    mine.clear();
    refresh();
  }

  @GuardedBy("this")
  private void publish(Hold hold, LogValue changed) {
    hold.setValue(changed.encode());
    know(changed);
  }

  /** Where no disk has the bits, they are what the value says. */
  @GuardedBy("this")
  private void know(LogValue told) {
    value = told;
    if (!isOnDisk()) {
      clean = allBut(told.outOfSync());
    }
  }

  /**
   * Writes the bits. Where a failure is ignored, the log is used by no node any more.
   *
   * @param regions of the regions whose bits are changed; so a node that has lost them meanwhile
   *     does not change their bits, as the log has seen the marks of whoever had them since
   */
  @GuardedBy("this")
  private void store(Hold hold, boolean flush, @Nullable Fence regions) throws IOException {
    if (disk == null || !isOnDisk()) {
      return;
    }
    Fence fence = lock.fence(hold, regions);
    char failing = 'D';
    try {
      disk.write(clean, fence);
      failing = 'F';
      if (flush) {
        disk.flush(fence);
      }
      answered = 'A';
    } catch (IOException e) {
      if (ignored(e)) {
        giveUp(hold, value);
        return;
      }
      current = false;
      if (isOurs(e)) {
        throw e;
      }
      answered = failing;
      throw new LogFailedException(e);
    } catch (RuntimeException e) { // refused at the gate
      current = false;
      throw e;
    }
  }

  /**
   * Where no log's gate was passed the legs' gates tell whether the region was lost meanwhile: who
   * has it now has raised them before he did anything else.
   */
  @GuardedBy("this")
  private void ensureOwned(@Nullable Fence region) throws IOException {
    if (!isOnDisk()) {
      try {
        legs.flush(region);
      } catch (IOException | RuntimeException e) {
        current = false;
        throw e;
      }
    }
  }

  private boolean ignored(IOException e) {
    return errors == MirrorLine.Errors.IGNORED && !isOurs(e);
  }

  /** From now on a region whose owner dies is copied whatever the log says. */
  @GuardedBy("this")
  private void giveUp(Hold hold, LogValue known) {
    publish(hold, known.withLog('D'));
    givenUp = true;
  }

  /**
   * To be called when all holds are closed: if the log was given up, returns when the coordinator
   * knows. Or this node could write unmarked regions and die with what it knows.
   */
  @GuardedBy("this")
  private void settle() throws IOException {
    if (givenUp) {
      try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
        sync(hold);
        hold.downgrade();
      }
      // The downgrade that publishes it was only sent; a new exclusive grant comes behind it.
      try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
        sync(hold);
      }
      givenUp = false;
    }
  }

  /** Whether the failure is this node's, and says nothing about the device. */
  static boolean isOurs(IOException e) {
    return e instanceof InterruptedIOException
        || (e instanceof BioException bio && bio.status() == BioException.Status.FENCED);
  }

  /** Marks a region before it is written; durable when done. The caller holds its lock. */
  synchronized void markDirty(int region, Fence fence) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      mine.set(region);
      clean.clear(region);
      store(hold, true, fence);
    } catch (IOException | RuntimeException e) {
      mine.clear(region);
      throw e;
    }
    settle();
  }

  /** Takes the marks off regions whose legs were flushed; need not be durable. */
  synchronized void markClean(Collection<Integer> which, @Nullable Fence fence) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      for (int region : which) {
        mine.clear(region);
        clean.set(region);
      }
      store(hold, false, fence);
    }
  }

  /**
   * The legs of a region were made equal, and flushed, by the caller, who holds its lock.
   *
   * @param answered the legs that were written without a failure
   */
  synchronized void recovered(int region, Collection<Integer> answered, Fence fence)
      throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      mine.clear(region);
      clean.set(region);
      store(hold, true, fence);
      ensureOwned(fence);
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
      int region, boolean wasInSync, Collection<Integer> failed, char letter, @Nullable Fence fence)
      throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      mine.clear(region);
      clean.clear(region);
      store(hold, true, fence);
      ensureOwned(fence);
      LogValue changed = value;
      for (int leg : failed) {
        changed = changed.withLeg(leg, letter);
      }
      BitSet others = changed.outOfSync();
      others.clear(region);
      int other = firstAlive(changed);
      boolean movable =
          wasInSync && others.isEmpty() && other >= 0 && errors != MirrorLine.Errors.IGNORED;
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
      int other = errors == MirrorLine.Errors.IGNORED ? -1 : firstAlive(changed);
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
