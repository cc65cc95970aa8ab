package io.dmcl.dm.snapshot;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.Fence;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What is read and written of an origin and its snapshots, chunk by chunk, under the locks of the
 * {@link Origin}: the old contents are copied out before they are overwritten.
 */
final class OriginIo {
  private final Origin origin;

  OriginIo(Origin origin) {
    this.origin = origin;
  }

  /** One bio at a time, none of which crosses into another range. */
  @FunctionalInterface
  interface PerRange {
    void run(Bio part) throws IOException;
  }

  void forEachRange(Bio bio, PerRange action) throws IOException {
    for (long done = 0; done < bio.sectors(); ) {
      long sector = bio.sector() + done;
      long count =
          Math.min(bio.sectors() - done, origin.rangeSectors() - sector % origin.rangeSectors());
      action.run(bio.part(done, count));
      done += count;
    }
  }

  /** Reads the origin device: the origin, or the snapshot that is being merged into it. */
  void read(Bio bio) throws IOException {
    forEachRange(bio, this::readInRange);
  }

  private void readInRange(Bio bio) throws IOException {
    origin.withRegistry(
        bio.fence(),
        (now, fence) -> {
          Registry.Entry merging = now.merging();
          if (merging == null) {
            origin.device().submit(bio);
            return Origin.Verdict.DONE;
          }
          return origin.inRange(
              now,
              bio.sector(),
              false,
              fence,
              right -> {
                through(origin.store(merging.store()), bio, right);
                return Origin.Verdict.DONE;
              });
        });
  }

  /**
   * A snapshot's bio: goes to the store where chunks have an exception, elsewhere to the origin.
   */
  void through(ClusterStore store, Bio bio, Fence fence) throws IOException {
    forEachChunk(
        store,
        bio,
        (chunk, part) -> {
          Long at = store.lookup(chunk);
          if (at == null) {
            origin.device().submit(part.withFence(fence));
          } else {
            store.device().submit(inStore(store, part, chunk, at).withFence(fence));
          }
        });
  }

  /** Writes the origin device, after the old contents were copied to all snapshots. */
  void write(Bio bio) throws IOException {
    forEachRange(bio, this::writeInRange);
  }

  private void writeInRange(Bio bio) throws IOException {
    origin.withRegistry(
        bio.fence(),
        (now, fence) -> {
          if (now.entries().stream().allMatch(entry -> entry.state() == Registry.State.INVALID)) {
            origin.device().submit(bio.withFence(fence));
            return Origin.Verdict.DONE;
          }
          boolean expected = !copiedEverywhere(now, bio);
          return origin.inRange(
              now, bio.sector(), expected, fence, right -> write(now, bio, right));
        });
  }

  private Origin.Verdict write(Registry now, Bio bio, Fence right) throws IOException {
    boolean exclusive = right.mode() == LockMode.EXCLUSIVE;
    if (!exclusive && !copiedEverywhere(now, bio)) {
      return Origin.Verdict.NEEDS_EXCLUSIVE;
    }
    Origin.Verdict copied =
        exclusive ? copyOut(now, bio.sector(), bio.sectors(), right) : Origin.Verdict.DONE;
    if (copied.step() != Origin.Step.DONE) {
      return copied;
    }
    Registry.Entry merging = now.merging();
    if (merging == null) {
      origin.device().submit(bio.withFence(right));
    } else {
      through(origin.store(merging.store()), bio, right);
    }
    return Origin.Verdict.DONE;
  }

  /** Whether, as far as this node knows, the old contents are in every snapshot that needs them. */
  private boolean copiedEverywhere(Registry now, Bio bio) throws IOException {
    for (Registry.Entry entry : now.entries()) {
      if (needsCopies(entry)) {
        ClusterStore store = origin.opened(entry.store());
        if (store == null || !store.covers(bio.sector(), bio.sectors())) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean needsCopies(Registry.Entry entry) {
    return entry.state() == Registry.State.ACTIVE || entry.state() == Registry.State.OVERFLOW;
  }

  /**
   * Copies what is about to be overwritten to all snapshots that have not got it. The caller holds
   * the range exclusively.
   */
  Origin.Verdict copyOut(Registry now, long sector, long sectors, Fence right) throws IOException {
    Map<String, Registry.State> broken = new HashMap<>();
    for (Registry.Entry entry : now.entries()) {
      if (needsCopies(entry) && !copyOut(entry.store(), sector, sectors, right)) {
        broken.put(entry.store(), Registry.State.INVALID);
      }
    }
    return broken.isEmpty() ? Origin.Verdict.DONE : new Origin.Verdict(Origin.Step.CHANGE, broken);
  }

  private boolean copyOut(String name, long sector, long sectors, Fence right) throws IOException {
    ClusterStore store;
    try {
      store = origin.store(name);
    } catch (IOException e) {
      if (ClusterStore.isOurs(e)) {
        throw e;
      }
      return false;
    }
    List<Long> missing = new ArrayList<>();
    int size = store.chunkSectors();
    for (long chunk = sector / size; chunk * size < sector + sectors; chunk++) {
      if (store.lookup(chunk) == null) {
        missing.add(chunk);
      }
    }
    return missing.isEmpty()
        || store.add(missing, filler(store), right) == ClusterStore.Outcome.ADDED;
  }

  /** Copies a chunk of the origin, as far as the origin goes. */
  ClusterStore.Filler filler(ClusterStore store) {
    return (oldChunk, newChunk, fence) -> {
      int size = store.chunkSectors();
      long from = oldChunk * size;
      int count = (int) Math.min(size, origin.device().sectors() - from);
      ByteBuffer data = ByteBuffer.allocate(count * Bio.SECTOR);
      origin.device().submit(Bio.read(from, data).withFence(fence));
      store.device().submit(Bio.write(newChunk * size, data).withFence(fence));
    };
  }

  /** Flushes the origin device. */
  void flush(Bio bio) throws IOException {
    origin.device().submit(bio);
    Registry.Entry merging = origin.mergingAsSeen();
    if (merging != null) {
      ClusterStore store = origin.opened(merging.store());
      if (store != null) {
        store.device().submit(bio);
      }
    }
  }

  // ---- chunks ----

  /** What to do with the part of a bio that is in one chunk. */
  @FunctionalInterface
  interface PerChunk {
    void run(long chunk, Bio part) throws IOException;
  }

  static void forEachChunk(ClusterStore store, Bio bio, PerChunk action) throws IOException {
    int size = store.chunkSectors();
    for (long done = 0; done < bio.sectors(); ) {
      long sector = bio.sector() + done;
      long count = Math.min(bio.sectors() - done, size - sector % size);
      action.run(sector / size, bio.part(done, count));
      done += count;
    }
  }

  static Bio inStore(ClusterStore store, Bio part, long chunk, long at) {
    int size = store.chunkSectors();
    return part.at(at * size + part.sector() - chunk * size);
  }

  /** Fails as a bio to an invalid snapshot does. */
  static BioException invalid(ClusterStore store) {
    return BioException.ioError("snapshot with store " + store.name() + " is invalid");
  }
}
