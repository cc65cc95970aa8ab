package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LockName;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The lock handles of a node, one for each name, and what those that were freed had counted. Event
 * loop only.
 */
final class Handles {
  private final Map<LockName, LockHandle> handles = new HashMap<>();
  private LockStats freed = LockStats.NONE;

  void add(LockHandle handle) {
    handles.put(handle.name(), handle);
  }

  @Nullable LockHandle of(LockName name) {
    return handles.get(name);
  }

  /** Null if it was freed. */
  @Nullable LockHandle of(LocalLock lock) {
    LockHandle handle = handles.get(lock.name());
    return handle != null && handle.local() == lock ? handle : null;
  }

  /** Frees the lock's handle; false if it was freed before. */
  boolean remove(LocalLock lock) {
    if (of(lock) == null) {
      return false;
    }
    handles.remove(lock.name());
    freed = freed.plus(lock.stats());
    return true;
  }

  /** The locks behind the handles, as they are now. */
  List<LocalLock> locals() {
    return handles.values().stream().map(LockHandle::local).toList();
  }

  /** Of all that there are and were. */
  LockStats stats() {
    LockStats sum = freed;
    for (LocalLock lock : locals()) {
      sum = sum.plus(lock.stats());
    }
    return sum;
  }
}
