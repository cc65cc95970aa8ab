package io.dmcl.dm.mirror;

import io.dmcl.dm.Bio;
import io.dmcl.dm.Fence;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * Makes the legs of a region equal, under its lock: where an owner died before anybody reads it,
 * and where they are out of sync when they can be.
 */
final class Resync {
  private static final int COPY_SECTORS = 1024;

  /** Long enough to recall a cached grant, short where another node is at the region. */
  private static final Duration RECALL = Duration.ofMillis(200);

  private final Mirror mirror;
  private final Legs legs;
  private final DirtyLog log;
  private final long length;
  private final int regionSectors;
  private final LongAdder recovered = new LongAdder();

  Resync(Mirror mirror, Legs legs, DirtyLog log, long length, int regionSectors) {
    this.mirror = mirror;
    this.legs = legs;
    this.log = log;
    this.length = length;
    this.regionSectors = regionSectors;
  }

  /** How many regions this node has recovered. */
  long recoveredRegions() {
    return recovered.sum();
  }

  /** Makes the legs equal where an owner died; does nothing if somebody else has done so. */
  void recoverDead(Region region) throws IOException {
    try (Hold hold = region.lock.acquire(LockMode.EXCLUSIVE)) {
      recoverUnder(region, hold, false);
    }
  }

  /**
   * Recovers a region if it is out of sync or its owner died.
   *
   * @return how many sectors were copied to each leg; negative if it was tried in vain, or another
   *     node has the region
   */
  long tryRecover(int index) throws IOException {
    Region region = mirror.region(index);
    try (Hold hold = region.lock.tryAcquire(LockMode.EXCLUSIVE, RECALL)) {
      return hold == null ? -1 : recoverUnder(region, hold, true);
    }
  }

  /** Whether the region's last owner died. A living one is not made to give anything up. */
  boolean ownerDied(int index) throws IOException {
    Region region = mirror.region(index);
    if (region.dirty) {
      // It is ours, if the session was not lost since: then it is as if another had died.
      try (Hold hold = region.lock.tryAcquire(LockMode.EXCLUSIVE)) {
        return hold != null && region.enter(hold) == Freshness.OWNER_DIED;
      }
    }
    // A hold that comes meanwhile has no news, as they are told here, and must not miss them.
    region.traffic.writeLock().lock();
    try {
      Freshness freshness = region.lock.monitor();
      if (freshness.mustReload()) {
        region.askAgain();
      }
      return freshness == Freshness.OWNER_DIED;
    } finally {
      region.traffic.writeLock().unlock();
    }
  }

  private long recoverUnder(Region region, Hold hold, boolean outOfSyncToo) throws IOException {
    mirror.activation().ensure();
    region.traffic.writeLock().lock();
    try {
      Fence fence = region.lock.fence(hold, null);
      boolean died = region.enter(hold) == Freshness.OWNER_DIED;
      if (died) {
        // First nothing of the dead one may arrive any more: the flush raises the legs' gates.
        legs.flush(fence);
      } else {
        mirror.learn(region, hold);
      }
      boolean inSync = died ? log.provesClean(region.index) : region.state == Region.State.IN_SYNC;
      long copied = 0;
      if (inSync) {
        // A node that took the log over from a dead one took all marks for regions out of sync.
        if (!log.refresh().inSync(region.index)) {
          inSync = mirror.cleanNow(List.of(region), fence);
          copied = inSync ? 0 : -1;
        }
        if (inSync && !log.seen().inSync(region.index)) {
          log.recovered(region.index, List.of(), fence);
        }
      } else if (died || outOfSyncToo) {
        copied = copy(region, fence);
        inSync = copied >= 0;
      }
      region.state = inSync ? Region.State.IN_SYNC : Region.State.OUT_OF_SYNC;
      region.current = true;
      hold.setValue(region.state.encode());
      if (died) {
        region.lock.markRecovered(hold);
      }
      return copied;
    } finally {
      region.traffic.writeLock().unlock();
    }
  }

  /** Copies the default leg to the others. Returns the sectors, or -1 if a leg failed. */
  private long copy(Region region, Fence fence) throws IOException {
    LogValue state = log.refresh();
    int source = state.defaultLeg();
    // Where an owner died all legs have what was acknowledged; else only the source has it.
    boolean wasInSync = state.inSync(region.index);
    long first = (long) region.index * regionSectors;
    long end = Math.min(length, first + regionSectors);
    List<Integer> answered = new ArrayList<>();
    int failing = source;
    char letter = 'R';
    try {
      for (long sector = first; sector < end; sector += COPY_SECTORS) {
        int count = (int) Math.min(COPY_SECTORS, end - sector);
        ByteBuffer data = ByteBuffer.allocate(count * Bio.SECTOR);
        failing = source;
        letter = 'R';
        legs.submit(source, Bio.read(sector, data), fence);
        letter = 'S';
        for (int leg = 0; leg < legs.count(); leg++) {
          failing = leg;
          if (leg != source) {
            legs.submit(leg, Bio.write(sector, data), fence);
          }
        }
      }
      for (int leg = 0; leg < legs.count(); leg++) {
        failing = leg;
        legs.submit(leg, Bio.flush(), fence);
        answered.add(leg);
      }
    } catch (IOException e) {
      if (DirtyLog.isOurs(e)) {
        throw e;
      }
      log.degrade(region.index, wasInSync, List.of(failing), letter, fence);
      return -1;
    }
    log.recovered(region.index, answered, fence);
    recovered.increment();
    return end - first;
  }

  /** The regions to look at: out of sync, ascending from one on and around. */
  static List<Integer> from(int start, BitSet set) {
    List<Integer> order = new ArrayList<>();
    for (int i = set.nextSetBit(start); i >= 0; i = set.nextSetBit(i + 1)) {
      order.add(i);
    }
    for (int i = set.nextSetBit(0); i >= 0 && i < start; i = set.nextSetBit(i + 1)) {
      order.add(i);
    }
    return order;
  }
}
