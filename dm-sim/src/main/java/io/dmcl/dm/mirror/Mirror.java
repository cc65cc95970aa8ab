package io.dmcl.dm.mirror;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.Fence;
import io.dmcl.lock.Demotion;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The legs and regions of an active mirror on one node: reads, writes and recovery under the region
 * locks. Made at resume, closed at suspend.
 *
 * <p>Why a stale leg is never read: a region whose legs may differ either has a dead owner, and
 * then nobody gets its lock without being told and recovers it first; or is out of sync in the
 * lock's value and in the log, and then is read from the default leg only, which cannot change
 * while any region is out of sync.
 */
final class Mirror implements AutoCloseable {
  /** Each passes the gate of each disk, and its bios wait as long as it takes for all. */
  private static final int BATCH = 256;

  private final Legs legs;
  private final int regionSectors;
  private final boolean balanced;
  private final MirrorLine.Errors errors;
  private final DirtyLog log;
  private final Activation activation;
  private final HeldBios held;
  private final BiFunction<Integer, Mirror, DeviceLock> locks;
  private final Map<Integer, Region> regions = new ConcurrentHashMap<>();
  private final AtomicInteger nextLeg = new AtomicInteger();
  private final Resync resync;

  Mirror(
      MirrorLine line,
      Legs legs,
      long length,
      DirtyLog log,
      Activation activation,
      BiFunction<Integer, Mirror, DeviceLock> locks) {
    this.legs = legs;
    this.regionSectors = line.regionSectors();
    this.balanced = line.features().contains("balance");
    this.errors = line.errors();
    this.log = log;
    this.activation = activation;
    this.held = new HeldBios(log);
    this.locks = locks;
    this.resync = new Resync(this, legs, log, length, regionSectors);
  }

  /** What is held, and what comes to be, goes back where it came from. */
  void presuspend(boolean requeue) {
    held.suspend(requeue);
  }

  Region region(int index) {
    return regions.computeIfAbsent(index, i -> new Region(i, locks.apply(i, this)));
  }

  Collection<Region> regions() {
    return regions.values();
  }

  DirtyLog log() {
    return log;
  }

  Activation activation() {
    return activation;
  }

  Resync resync() {
    return resync;
  }

  /** Cleans what is dirty and gives the region locks back. */
  @Override
  public void close() throws IOException {
    try {
      clean(List.copyOf(regions.values()));
    } finally {
      for (Region region : regions.values()) {
        region.lock.close();
      }
      regions.clear();
    }
  }

  // ---- under a region's lock ----

  private interface Action {
    void run(Region region, Hold hold, Fence fence) throws IOException;
  }

  /** Runs an action with the region's state known and its dead owners cared for. */
  private void inRegion(Region region, LockMode mode, @Nullable Fence above, Action action)
      throws IOException {
    while (true) {
      try (Hold hold = region.lock.acquire(mode)) {
        // Under the hold: with another session others may have come, with other regions.
        activation.ensure();
        if (region.enter(hold) != Freshness.OWNER_DIED) {
          Fence fence = region.lock.fence(hold, above);
          region.traffic.readLock().lock();
          try {
            learn(region, hold);
            action.run(region, hold, fence);
          } finally {
            region.traffic.readLock().unlock();
          }
          if (mode == LockMode.EXCLUSIVE && !region.lock.caches()) {
            settle(region, hold, fence);
          }
          return;
        }
      }
      resync.recoverDead(region);
    }
  }

  /** What a demote hook does, for a grant that is not kept: nobody calls a hook for it. */
  private void settle(Region region, Hold hold, Fence fence) throws IOException {
    region.traffic.writeLock().lock();
    try {
      cleanNow(List.of(region), fence);
      hold.setValue(region.state.encode());
    } finally {
      region.traffic.writeLock().unlock();
    }
  }

  /** Asks for the state of the region if the lock has had news. */
  void learn(Region region, Hold hold) throws IOException {
    if (region.current) {
      return;
    }
    synchronized (region) {
      if (region.current) {
        return;
      }
      Region.State told =
          region.news == Freshness.MODIFIED
              ? Region.State.decode(hold.value())
              : Region.State.UNKNOWN;
      if (told != Region.State.IN_SYNC) {
        // To know the default leg.
        LogValue now = log.refresh();
        if (told == Region.State.UNKNOWN) {
          told = now.inSync(region.index) ? Region.State.IN_SYNC : Region.State.OUT_OF_SYNC;
        }
      }
      region.state = told;
      region.current = true;
    }
  }

  // ---- bios ----

  void read(Bio bio) throws IOException {
    Region region = region((int) (bio.sector() / regionSectors));
    inRegion(
        region,
        LockMode.SHARED,
        bio.fence(),
        (r, hold, fence) -> {
          read(r, bio, fence);
          // Somebody may have written a leg that was read, if the lock was lost meanwhile.
          hold.ensureHeld();
        });
  }

  private void read(Region region, Bio bio, Fence fence) throws IOException {
    LogValue state = log.seen();
    if (region.state == Region.State.OUT_OF_SYNC) {
      legs.submit(state.defaultLeg(), bio, fence);
      return;
    }
    int first =
        balanced ? Math.floorMod(nextLeg.getAndIncrement(), legs.count()) : state.defaultLeg();
    BioException failure = null;
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < legs.count(); i++) {
        int leg = (first + i) % legs.count();
        if (state.alive(leg) != (pass == 0)) {
          continue;
        }
        try {
          legs.submit(leg, bio, fence);
          return;
        } catch (IOException e) {
          if (DirtyLog.isOurs(e)) {
            throw e;
          }
          failure = new BioException(BioException.Status.IO_ERROR, "no leg can be read: " + bio, e);
          if (pass == 0) {
            log.legFailed(leg, 'R');
          }
        }
      }
    }
    throw failure == null ? BioException.ioError("no leg: " + bio) : failure;
  }

  void write(Bio bio) throws IOException {
    Region region = region((int) (bio.sector() / regionSectors));
    boolean[] done = {false};
    untilDone(
        bio,
        () -> {
          inRegion(
              region,
              LockMode.EXCLUSIVE,
              bio.fence(),
              (r, hold, fence) -> done[0] = write(r, hold, bio, fence));
          return done[0];
        });
  }

  /** One try of a bio; false if it has to be held. */
  private interface Try {
    boolean run() throws IOException;
  }

  private void untilDone(Bio bio, Try once) throws IOException {
    while (true) {
      try {
        if (once.run()) {
          return;
        }
      } catch (DirtyLog.LogFailedException e) {
        if (errors != MirrorLine.Errors.HELD) {
          throw e;
        }
      }
      held.await(bio);
    }
  }

  /** Writes to all legs, or where they differ to the default leg; false if the bio is held. */
  private boolean write(Region region, Hold hold, Bio bio, Fence fence) throws IOException {
    boolean marked = markedFor(region, hold);
    LogValue state = log.seen();
    if (!marked) {
      if (errors == MirrorLine.Errors.HELD && state.legs().chars().anyMatch(leg -> leg != 'A')) {
        return false;
      }
      legs.submit(state.defaultLeg(), bio, fence);
      return true;
    }
    region.lastWriteNanos = System.nanoTime();
    List<Integer> failed = new ArrayList<>();
    for (int leg = 0; leg < legs.count(); leg++) {
      try {
        if (state.alive(leg)) {
          legs.submit(leg, bio, fence);
          continue;
        }
      } catch (IOException e) {
        if (DirtyLog.isOurs(e)) {
          throw e;
        }
      }
      failed.add(leg);
    }
    return failed.isEmpty()
        || endsWithout(
            failed,
            degrade(region, hold, region.lock.fence(hold, null), failed, 'D').defaultLeg(),
            bio);
  }

  /** What becomes of a bio that some legs did not take: done, or held (false), or failed. */
  private boolean endsWithout(List<Integer> failed, int defaultLeg, Bio bio) throws BioException {
    if (errors == MirrorLine.Errors.HELD && failed.size() < legs.count()) {
      return false;
    }
    if (failed.contains(defaultLeg)) {
      throw BioException.ioError("the leg that is read has failed: " + bio);
    }
    return true;
  }

  /** Marks the region in the log if it is in sync; otherwise only the default leg is written. */
  private boolean markedFor(Region region, Hold hold) throws IOException {
    if (region.dirty) {
      return true;
    }
    synchronized (region) {
      if (region.state != Region.State.IN_SYNC) {
        return false;
      }
      if (!region.dirty) {
        log.markDirty(region.index, region.lock.fence(hold, null));
        region.dirty = true;
      }
      return true;
    }
  }

  private LogValue degrade(
      Region region, @Nullable Hold hold, @Nullable Fence fence, List<Integer> failed, char letter)
      throws IOException {
    synchronized (region) {
      boolean wasInSync = region.state == Region.State.IN_SYNC;
      LogValue after = log.degrade(region.index, wasInSync, failed, letter, fence);
      region.state = Region.State.OUT_OF_SYNC;
      region.dirty = false;
      if (hold != null) {
        hold.setValue(region.state.encode());
      }
      return after;
    }
  }

  /** Flushes all legs. A leg that cannot is out of sync in all regions that this node has dirty. */
  void flush(Bio bio) throws IOException {
    untilDone(bio, () -> flushOnce(bio));
  }

  private boolean flushOnce(Bio bio) throws IOException {
    List<Integer> failed = legs.flush(bio.fence());
    if (failed.isEmpty()) {
      return true;
    }
    if (failed.size() == legs.count()) {
      throw BioException.ioError("no leg can be flushed");
    }
    for (Region region : regions.values()) {
      if (region.dirty) {
        try (Hold hold = region.lock.acquire(LockMode.EXCLUSIVE)) {
          region.enter(hold);
          if (region.dirty) {
            degrade(region, hold, region.lock.fence(hold, null), failed, 'F');
          }
        }
      }
    }
    LogValue now = log.refresh();
    return now.outOfSyncCount() == 0 || endsWithout(failed, now.defaultLeg(), bio);
  }

  // ---- cleaning ----

  /** The demote hook of a region's lock: nothing of this node is in flight. */
  void demote(Region region, Demotion demotion) throws IOException {
    if (demotion.from() != LockMode.EXCLUSIVE) {
      return;
    }
    synchronized (region) {
      if (region.dirty) {
        cleanNow(List.of(region), region.lock.fence(demotion.from(), demotion.token()));
      }
      if (region.current) {
        demotion.setValue(region.state.encode());
      }
    }
  }

  /** Cleans dirty regions that nobody uses just now and that nobody else waits for. */
  void clean(Collection<Region> candidates) throws IOException {
    List<Region> all = List.copyOf(candidates);
    for (int done = 0; done < all.size(); done += BATCH) {
      cleanBatch(all.subList(done, Math.min(all.size(), done + BATCH)));
    }
  }

  private void cleanBatch(List<Region> candidates) throws IOException {
    List<Region> batch = new ArrayList<>();
    @Nullable Fence fence = null;
    try (Holds holds = new Holds()) {
      try {
        for (Region region : candidates) {
          // Not to wait: if another node wants it, the hook cleans it.
          Hold hold = region.dirty ? region.lock.tryAcquire(LockMode.EXCLUSIVE) : null;
          if (hold != null) {
            holds.all.add(hold);
            fence = region.lock.fence(hold, fence);
            region.enter(hold);
            region.traffic.writeLock().lock();
            batch.add(region);
          }
        }
        cleanNow(batch, fence);
      } finally {
        batch.forEach(region -> region.traffic.writeLock().unlock());
      }
    }
  }

  private static final class Holds implements AutoCloseable {
    final List<Hold> all = new ArrayList<>();

    @Override
    public void close() {
      LockException first = null;
      for (Hold hold : all) {
        try {
          hold.close();
        } catch (LockException e) {
          first = first == null ? e : first;
        }
      }
      if (first != null) {
        throw first;
      }
    }
  }

  /** Flushes the legs and takes the marks off; false if a leg failed, and the regions with it. */
  boolean cleanNow(List<Region> batch, @Nullable Fence fence) throws IOException {
    List<Integer> dirty = new ArrayList<>();
    for (Region region : batch) {
      if (region.dirty) {
        dirty.add(region.index);
      }
    }
    if (dirty.isEmpty()) {
      return true;
    }
    List<Integer> failed = legs.flush(fence);
    if (!failed.isEmpty()) {
      for (Region region : batch) {
        if (region.dirty) {
          degrade(region, null, fence, failed, 'F');
        }
      }
      return false;
    }
    log.markClean(dirty, fence);
    for (Region region : batch) {
      region.dirty = false;
    }
    return true;
  }
}
