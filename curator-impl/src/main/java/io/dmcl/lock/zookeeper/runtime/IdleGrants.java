package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.zookeeper.cache.LocalLock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Gives back the grants that nobody uses: those that were idle for too long, and the least recently
 * used of what is too much. Event loop only.
 */
final class IdleGrants {
  private static final long SWEEP_NANOS = 1_000_000_000L;

  private final Loop loop;
  private final NodeConfig config;
  private final Handles locks;
  private final BooleanSupplier closed;

  IdleGrants(Loop loop, NodeConfig config, Handles locks, BooleanSupplier closed) {
    this.loop = loop;
    this.config = config;
    this.locks = locks;
    this.closed = closed;
  }

  /** Looks from time to time, until the node is closed. */
  void scheduleSweep() {
    loop.schedule(loop.nanoTime() + SWEEP_NANOS, this::sweep);
  }

  /** Gives back grants that were idle for too long, or are too many. */
  private void sweep() {
    if (closed.getAsBoolean()) {
      return;
    }
    long now = loop.nanoTime();
    List<LocalLock> idle = new ArrayList<>();
    List<LocalLock> drops = new ArrayList<>();
    for (LocalLock lock : locks.locals()) {
      boolean tooLong = now - lock.idleSince(now) >= config.idleNanos();
      if (lock.isCached() && tooLong && config.idleNanos() > 0) {
        drops.add(lock);
      } else if (lock.isCached()) {
        idle.add(lock);
      }
    }
    drops.forEach(LocalLock::drop);
    if (idle.size() > config.maxCachedGrants()) {
      reclaim(idle, idle.size() - config.maxCachedGrants());
    }
    scheduleSweep();
  }

  /**
   * Gives back some, the least recently used first.
   *
   * @param wanted how many are needed; it may be more, so that the next need not look again
   * @return whether there are any
   */
  boolean reclaimFor(int wanted) {
    List<LocalLock> idle = locks.locals().stream().filter(LocalLock::isCached).toList();
    reclaim(idle, Math.max(wanted, idle.size() / 16));
    return !idle.isEmpty();
  }

  private void reclaim(List<LocalLock> idle, int count) {
    long now = loop.nanoTime();
    Map<LocalLock, Long> idleNanos = new HashMap<>();
    idle.forEach(lock -> idleNanos.put(lock, now - lock.idleSince(now)));
    List<LocalLock> oldestFirst = new ArrayList<>(idle);
    oldestFirst.sort(Comparator.comparing(idleNanos::get, Comparator.reverseOrder()));
    for (LocalLock lock : oldestFirst.subList(0, Math.min(count, oldestFirst.size()))) {
      lock.drop();
    }
  }
}
