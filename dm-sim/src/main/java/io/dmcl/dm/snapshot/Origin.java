package io.dmcl.dm.snapshot;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.Bio;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Fence;
import io.dmcl.dm.FirstFailure;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An origin with all its snapshots, as one node sees it: what the targets {@code snapshot-origin},
 * {@code snapshot} and {@code snapshot-merge} of this node over the same device have in common.
 *
 * <p>Why a snapshot never shows a byte newer than its creation: a bio to the origin holds the
 * origin lock shared from before it looks at the registry until it is done, and a snapshot is
 * created by an exclusive hold of it; so each write either is done before the creation or knows of
 * the snapshot. A write that finds a chunk without an exception holds the range lock exclusively
 * until the exception is committed and the write is done; a reader of the snapshot that finds none
 * holds it shared until it has read the origin. So no write gets between its look and its read.
 */
final class Origin implements AutoCloseable {
  /** A piece of I/O that is done under the locks. */
  @FunctionalInterface
  interface Action {
    /**
     * Does it.
     *
     * @return what it found wrong, to be put into the registry before it is tried again
     */
    Verdict run(Fence fence) throws IOException;
  }

  /** What an action under the locks came to. */
  enum Step {
    DONE,
    /** It adds exceptions: it needs the range exclusively. */
    NEEDS_EXCLUSIVE,
    /** The state of a snapshot has to be changed first. */
    CHANGE
  }

  /** What to do next; with {@link Step#CHANGE}, the stores and the state they go to. */
  record Verdict(Step step, Map<String, Registry.State> changes) {
    static final Verdict DONE = new Verdict(Step.DONE, Map.of());
    static final Verdict NEEDS_EXCLUSIVE = new Verdict(Step.NEEDS_EXCLUSIVE, Map.of());

    static Verdict change(String store, Registry.State state) {
      return new Verdict(Step.CHANGE, Map.of(store, state));
    }
  }

  private static final class Range {
    final DeviceLock lock;

    /** Whether the exception tables were refreshed since the lock last had news. */
    volatile boolean current;

    Range(DeviceLock lock) {
      this.lock = lock;
    }
  }

  private final DeviceMapper node;
  private final BlockDevice device;
  private final int rangeSectors;
  private final DeviceLock lock;
  private final Map<Long, Range> ranges = new ConcurrentHashMap<>();

  @GuardedBy("stores")
  private final Map<String, ClusterStore> stores = new HashMap<>();

  private volatile @Nullable Registry registry;
  private final OriginIo io = new OriginIo(this);

  private Origin(DeviceMapper node, BlockDevice device) {
    this.node = node;
    this.device = device;
    this.rangeSectors = node.settings().rangeSectors();
    this.lock =
        node.lock(
            "origin", device.name(), "", UnaryOperator.identity(), LockProperty.USE_SEMAPHORE);
  }

  private static String key(BlockDevice device) {
    return "origin:" + device.name();
  }

  /** This node's object for the device; give it back with {@link #release}. */
  static Origin share(DeviceMapper node, BlockDevice device) throws IOException {
    return node.share(key(device), Origin.class, () -> new Origin(node, device));
  }

  void release() throws IOException {
    node.unshare(key(device));
  }

  @Override
  public void close() throws IOException {
    FirstFailure failure = new FirstFailure();
    synchronized (stores) {
      for (ClusterStore store : stores.values()) {
        failure.run(store::release);
      }
      stores.clear();
    }
    ranges.values().forEach(range -> failure.run(range.lock::close));
    failure.run(lock::close);
    failure.rethrow();
  }

  BlockDevice device() {
    return device;
  }

  int rangeSectors() {
    return rangeSectors;
  }

  /** What is read and written under these locks. */
  OriginIo io() {
    return io;
  }

  // ---- the registry ----

  private Registry registryUnder(Hold hold) throws IOException {
    Registry known = registry;
    if (known == null || lock.freshness(hold).mustReload()) {
      registry = null;
      known = Registry.decode(hold.value(), rangeSectors);
      forgetDropped(known);
      // A store may have been dropped and begun anew, with other exceptions.
      ranges.values().forEach(range -> range.current = false);
      registry = known;
    }
    return known;
  }

  /** The registry as it is now. */
  Registry registry() throws IOException {
    try (Hold hold = lock.acquire(LockMode.SHARED)) {
      if (lock.freshness(hold) != Freshness.OWNER_DIED) {
        return registryUnder(hold);
      }
    }
    return change(Change.NONE);
  }

  /** A step from one registry to the next. */
  @FunctionalInterface
  interface Change {
    /** Finds nothing to do. */
    Change NONE = registry -> registry;

    /** The next one. The snapshots stay as they are meanwhile, in their stores too. */
    Registry apply(Registry before) throws IOException;
  }

  /**
   * Changes the registry. Every bio of every node to the origin or a snapshot of it is either done
   * before, or sees the change; and none with an older right reaches the origin afterwards.
   */
  Registry change(Change step) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      return changeUnder(hold, step);
    }
  }

  private Registry changeUnder(Hold hold, Change step) throws IOException {
    device.submit(Bio.flush().withFence(lock.fence(hold, null)));
    Registry before = registryUnder(hold);
    Registry after = step.apply(before);
    for (Registry.Entry entry : after.entries()) {
      Registry.Entry old = before.find(entry.store());
      boolean becomesInvalid =
          entry.state() == Registry.State.INVALID
              && (old == null || old.state() != Registry.State.INVALID);
      if (becomesInvalid) {
        invalidate(entry.store());
      }
    }
    for (Registry.Entry old : before.entries()) {
      if (old.state() == Registry.State.INVALID && after.find(old.store()) == null) {
        // If it could not be marked then, only the registry knows: it is marked now, or stays.
        store(old.store()).markInvalid();
      }
    }
    if (!after.equals(before)) {
      hold.setValue(after.encode());
      forgetDropped(after);
      registry = after;
    }
    if (lock.freshness(hold) == Freshness.OWNER_DIED) {
      lock.markRecovered(hold);
    }
    return after;
  }

  private void invalidate(String name) throws IOException {
    try {
      store(name).markInvalid();
    } catch (IOException e) {
      // A store that cannot be written cannot be marked; the registry says it for it. But a node
      // that lost its lock has nothing to say.
      if (ClusterStore.isOurs(e)) {
        throw e;
      }
    }
  }

  private static Registry apply(Registry registry, Map<String, Registry.State> changes) {
    Registry changed = registry;
    for (Map.Entry<String, Registry.State> each : changes.entrySet()) {
      Registry.Entry entry = changed.find(each.getKey());
      boolean stays = entry == null || entry.state() == Registry.State.INVALID;
      if (!stays) {
        changed = changed.with(each.getKey(), each.getValue());
      }
    }
    return changed;
  }

  /** The store of a registered snapshot, opened if this node has not yet. */
  ClusterStore store(String name) throws IOException {
    synchronized (stores) {
      ClusterStore store = stores.get(name);
      if (store == null) {
        store = ClusterStore.share(node, name, device);
        stores.put(name, store);
        try {
          store.prepare(0, false);
        } catch (IOException | RuntimeException e) {
          stores.remove(name);
          store.release();
          throw e;
        }
      }
      return store;
    }
  }

  /** The store of a registered snapshot if this node has it open. */
  @Nullable ClusterStore opened(String name) {
    synchronized (stores) {
      return stores.get(name);
    }
  }

  /** The snapshot that is being merged, as far as this node knows. */
  Registry.@Nullable Entry mergingAsSeen() {
    Registry known = registry;
    return known == null ? null : known.merging();
  }

  /** Closes the stores that are not in the registry any more. */
  private void forgetDropped(Registry now) throws IOException {
    List<ClusterStore> dropped = new ArrayList<>();
    synchronized (stores) {
      for (String name : List.copyOf(stores.keySet())) {
        if (now.find(name) == null) {
          ClusterStore store = stores.remove(name);
          if (store != null) {
            dropped.add(store);
          }
        }
      }
    }
    for (ClusterStore store : dropped) {
      store.release();
    }
  }

  // ---- I/O under the locks ----

  /** An action with the registry. */
  @FunctionalInterface
  interface RegistryAction {
    Verdict run(Registry registry, Fence fence) throws IOException;
  }

  /** Does something while the registry stays as it is, as often as it takes. */
  void withRegistry(@Nullable Fence above, RegistryAction action) throws IOException {
    while (true) {
      Verdict verdict = null;
      try (Hold hold = lock.acquire(LockMode.SHARED)) {
        if (lock.freshness(hold) != Freshness.OWNER_DIED) {
          verdict = action.run(registryUnder(hold), lock.fence(hold, above));
        }
      }
      if (verdict == null) {
        change(Change.NONE);
      } else if (verdict.step() == Step.DONE) {
        return;
      } else {
        Map<String, Registry.State> changes = verdict.changes();
        change(before -> apply(before, changes));
      }
    }
  }

  /**
   * Does something under the lock of the range that has a sector, with exception tables that are
   * right for that range.
   *
   * @param exclusive what the action is expected to need
   */
  Verdict inRange(Registry now, long sector, boolean exclusive, Fence above, Action action)
      throws IOException {
    Range range = ranges.computeIfAbsent(sector / rangeSectors, this::allocate);
    boolean needsExclusive = exclusive;
    while (true) {
      LockMode mode = needsExclusive ? LockMode.EXCLUSIVE : LockMode.SHARED;
      try (Hold hold = range.lock.acquire(mode)) {
        boolean died = range.lock.freshness(hold) == Freshness.OWNER_DIED;
        if (died && !needsExclusive) {
          needsExclusive = true;
          continue;
        }
        if (range.lock.freshness(hold).mustReload()) {
          range.current = false;
        }
        Fence fence = range.lock.fence(hold, above);
        if (!range.current) {
          if (died) {
            device.submit(Bio.flush().withFence(fence));
          }
          Verdict broken = refresh(now);
          if (broken.step() != Step.DONE) {
            return broken;
          }
          range.current = true;
        }
        if (died) {
          // A copy that was not finished has no entry; there is nothing else to repair here.
          range.lock.markRecovered(hold);
        }
        Verdict verdict = action.run(fence);
        if (verdict.step() != Step.NEEDS_EXCLUSIVE) {
          // What was read may be newer than the snapshot if the range was lost meanwhile.
          hold.ensureHeld();
          return verdict;
        }
        if (needsExclusive) {
          throw new IllegalStateException("the range is held exclusively");
        }
        needsExclusive = true;
      }
    }
  }

  private Range allocate(long number) {
    return new Range(
        node.lock(
            "range",
            device.name(),
            Long.toString(number),
            UnaryOperator.identity(),
            LockProperty.USE_SEMAPHORE));
  }

  private Verdict refresh(Registry now) throws IOException {
    Map<String, Registry.State> broken = new HashMap<>();
    for (Registry.Entry entry : now.entries()) {
      if (entry.state() == Registry.State.INVALID) {
        continue;
      }
      boolean good = false;
      try {
        ClusterStore store = store(entry.store());
        store.refresh();
        good = store.valid();
      } catch (IOException e) {
        if (ClusterStore.isOurs(e)) {
          throw e;
        }
      }
      if (!good) {
        broken.put(entry.store(), Registry.State.INVALID);
      }
    }
    return broken.isEmpty() ? Verdict.DONE : new Verdict(Step.CHANGE, broken);
  }
}
