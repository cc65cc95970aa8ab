package io.dmcl.lock;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** How a lock handle behaves: its properties, and what it calls back. Immutable. */
public final class LockOptions {
  // One of each: a node may have very many locks.
  private static final Map<Set<LockProperty>, LockOptions> SHARED = new ConcurrentHashMap<>();

  private final Set<LockProperty> properties;
  private final @Nullable DemoteHook demoteHook;
  private final @Nullable MonitorListener monitorListener;

  private LockOptions(
      Set<LockProperty> properties,
      @Nullable DemoteHook demoteHook,
      @Nullable MonitorListener monitorListener) {
    this.properties = properties;
    this.demoteHook = demoteHook;
    this.monitorListener = monitorListener;
  }

  /** Options with these properties and no callbacks. */
  public static LockOptions of(LockProperty... properties) {
    EnumSet<LockProperty> set = EnumSet.noneOf(LockProperty.class);
    Collections.addAll(set, properties);
    return SHARED.computeIfAbsent(
        Collections.unmodifiableSet(set), absent -> new LockOptions(absent, null, null));
  }

  /** The same, with a hook that runs before a cached grant is given up or weakened. */
  public LockOptions withDemoteHook(DemoteHook hook) {
    return new LockOptions(properties, hook, monitorListener);
  }

  /** The same, with a listener that is told of remote modification while the lock is not held. */
  public LockOptions withMonitorListener(MonitorListener listener) {
    return new LockOptions(properties, demoteHook, listener);
  }

  /** The properties; unmodifiable. */
  public Set<LockProperty> properties() {
    return properties;
  }

  /** Whether the property is set. */
  public boolean has(LockProperty property) {
    return properties.contains(property);
  }

  /** Whether a grant of this mode is kept after unlock. */
  public boolean caches(LockMode mode) {
    return has(mode == LockMode.EXCLUSIVE ? LockProperty.CACHE_WR_LK : LockProperty.CACHE_RD_LK);
  }

  /** The demote hook, if any. */
  public @Nullable DemoteHook demoteHook() {
    return demoteHook;
  }

  /** The monitor listener, if any. */
  public @Nullable MonitorListener monitorListener() {
    return monitorListener;
  }
}
