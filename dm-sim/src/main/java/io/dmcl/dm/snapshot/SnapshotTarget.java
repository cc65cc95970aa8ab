package io.dmcl.dm.snapshot;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.Fence;
import io.dmcl.dm.TableException;
import io.dmcl.dm.Target;
import io.dmcl.dm.TargetContext;
import io.dmcl.dm.TargetType;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code snapshot <origin> <store> <P|PO> <chunk> [features]}: a device as it was when the snapshot
 * was first resumed on any node, and what was written to it since. Any number of nodes have it
 * active at once.
 */
public final class SnapshotTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "snapshot";
    }

    @Override
    public String version() {
      return "1.16.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      return new SnapshotTarget(SnapshotLine.parse(context, words, true), context.begin());
    }
  }

  private final SnapshotLine line;
  private final Origin origin;
  private final ClusterStore store;
  private final long begin;
  private boolean claimed;

  private SnapshotTarget(SnapshotLine line, long begin) {
    this.line = line;
    this.origin = line.origin();
    this.store = line.store();
    this.begin = begin;
  }

  @Override
  public void resume() throws IOException {
    if (!store.claim()) {
      throw new TableException(store.name() + " is the store of another active snapshot");
    }
    claimed = true;
    try {
      register();
    } catch (IOException | RuntimeException e) {
      suspend();
      throw e;
    }
  }

  /** From now on the origin is copied out to the store, on every node. */
  private void register() throws IOException {
    Registry.State fresh = store.valid() ? Registry.State.ACTIVE : Registry.State.INVALID;
    Registry now =
        origin.change(
            registry ->
                registry.find(store.name()) == null && registry.merging() == null
                    ? registry.with(store.name(), fresh)
                    : registry);
    if (now.find(store.name()) == null) {
      // It would show what the origin holds below the merge, which nobody sees any more.
      throw new TableException("a snapshot is being merged into " + origin.device().name());
    }
  }

  @Override
  public void suspend() {
    if (claimed) {
      claimed = false;
      store.unclaim();
    }
  }

  @Override
  public void close() throws IOException {
    line.close();
  }

  @Override
  public boolean supports(Bio.Op op) {
    return op == Bio.Op.DISCARD
        ? line.features().contains("discard_zeroes_cow")
        : Target.super.supports(op);
  }

  @Override
  public void map(Bio bio) throws IOException {
    if (bio.op() == Bio.Op.FLUSH) {
      store.device().submit(bio);
      return;
    }
    if (bio.op() == Bio.Op.DISCARD && line.features().contains("discard_passdown_origin")) {
      origin.device().submit(bio.at(begin + bio.sector()));
    }
    origin.io().forEachRange(bio.at(begin + bio.sector()), this::mapInRange);
  }

  private void mapInRange(Bio bio) throws IOException {
    origin.withRegistry(
        bio.fence(),
        (now, fence) -> {
          Registry.Entry entry = now.find(store.name());
          if (entry == null
              || entry.state() == Registry.State.INVALID
              || entry.state() == Registry.State.MERGING) {
            throw OriginIo.invalid(store);
          }
          if (entry.state() == Registry.State.OVERFLOW && bio.op().modifies()) {
            throw BioException.ioError("snapshot with store " + store.name() + " has overflowed");
          }
          boolean exclusive =
              bio.op() == Bio.Op.WRITE && !store.covers(bio.sector(), bio.sectors());
          return origin.inRange(
              now, bio.sector(), exclusive, fence, right -> mapUnderLocks(bio, right));
        });
  }

  private Origin.Verdict mapUnderLocks(Bio bio, Fence right) throws IOException {
    switch (bio.op()) {
      case READ -> {
        origin.io().through(store, bio, right);
        return Origin.Verdict.DONE;
      }
      case WRITE -> {
        return write(bio, right);
      }
      default -> {
        // A chunk that has no exception shows the origin, and may go on to: a discard promises
        // nothing.
        OriginIo.forEachChunk(
            store,
            bio,
            (chunk, part) -> {
              Long at = store.lookup(chunk);
              if (at != null && part.sectors() == store.chunkSectors()) {
                store
                    .device()
                    .submit(
                        Bio.writeZeroes(at * store.chunkSectors(), store.chunkSectors())
                            .withFence(right));
              }
            });
        return Origin.Verdict.DONE;
      }
    }
  }

  private Origin.Verdict write(Bio bio, Fence right) throws IOException {
    List<Long> missing = new ArrayList<>();
    OriginIo.forEachChunk(
        store,
        bio,
        (chunk, part) -> {
          if (store.lookup(chunk) == null) {
            missing.add(chunk);
          }
        });
    if (!missing.isEmpty()) {
      if (right.mode() != LockMode.EXCLUSIVE) {
        return Origin.Verdict.NEEDS_EXCLUSIVE;
      }
      switch (store.add(missing, filler(bio), right)) {
        case ADDED -> {}
        case FULL -> {
          return Origin.Verdict.change(
              store.name(), line.overflows() ? Registry.State.OVERFLOW : Registry.State.INVALID);
        }
        case INVALID -> {
          return Origin.Verdict.change(store.name(), Registry.State.INVALID);
        }
      }
    }
    OriginIo.forEachChunk(
        store,
        bio,
        (chunk, part) -> {
          Long at = store.lookup(chunk);
          if (at == null) {
            throw new IllegalStateException("chunk " + chunk + " has no exception");
          }
          boolean written = part.sectors() == store.chunkSectors() && missing.contains(chunk);
          if (!written) {
            store.device().submit(OriginIo.inStore(store, part, chunk, at).withFence(right));
          }
        });
    return Origin.Verdict.DONE;
  }

  /** The data of the bio where it is the whole chunk, otherwise what the origin has. */
  private ClusterStore.Filler filler(Bio bio) {
    ClusterStore.Filler fromOrigin = origin.io().filler(store);
    int size = store.chunkSectors();
    return (oldChunk, newChunk, fence) -> {
      long offset = oldChunk * size - bio.sector();
      if (offset >= 0 && offset + size <= bio.sectors()) {
        Bio part = bio.part(offset, size);
        store.device().submit(part.at(newChunk * size).withFence(fence));
      } else {
        fromOrigin.fill(oldChunk, newChunk, fence);
      }
    };
  }

  @Override
  public String status() {
    try {
      Registry.Entry entry = origin.registry().find(store.name());
      Registry.State state = entry == null ? Registry.State.INVALID : entry.state();
      if (state == Registry.State.OVERFLOW) {
        return "Overflow";
      }
      String usage = state == Registry.State.ACTIVE ? store.usage() : null;
      return usage == null ? "Invalid" : usage;
    } catch (IOException | RuntimeException e) {
      return "Unknown";
    }
  }

  @Override
  public String table() {
    return line.table();
  }

  @Override
  public List<BlockDevice> devices() {
    return line.devices();
  }

  /** The chunks that have an exception, each with its chunk in the store; for pictures. */
  public Map<Long, Long> exceptions() throws IOException {
    store.refresh();
    return store.exceptions();
  }

  /** The chunk size in sectors. */
  public int chunkSectors() {
    return store.chunkSectors();
  }

  /** How often this node has read the whole list of exceptions. */
  public long fullLoads() {
    return store.fullLoads();
  }
}
