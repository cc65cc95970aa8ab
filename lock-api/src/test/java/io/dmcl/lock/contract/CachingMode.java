package io.dmcl.lock.contract;

import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import java.util.HashSet;
import java.util.Set;

/** The properties that the contract is run with: caching has to be invisible. */
public enum CachingMode {
  NON_CACHED,
  READ_CACHED(LockProperty.CACHE_RD_LK),
  WRITE_CACHED(LockProperty.CACHE_WR_LK),
  CACHED(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK),
  NON_CACHED_SEMAPHORE(LockProperty.USE_SEMAPHORE),
  READ_CACHED_SEMAPHORE(LockProperty.CACHE_RD_LK, LockProperty.USE_SEMAPHORE),
  WRITE_CACHED_SEMAPHORE(LockProperty.CACHE_WR_LK, LockProperty.USE_SEMAPHORE),
  CACHED_SEMAPHORE(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK, LockProperty.USE_SEMAPHORE);

  private final LockOptions options;

  CachingMode(LockProperty... properties) {
    options = LockOptions.of(properties);
  }

  /** The options of a handle. */
  public LockOptions options() {
    return options;
  }

  /** The options of a handle whose threads exclude each other, or do not. */
  public LockOptions options(boolean semaphore) {
    Set<LockProperty> properties = new HashSet<>(options.properties());
    if (semaphore) {
      properties.add(LockProperty.USE_SEMAPHORE);
    } else {
      properties.remove(LockProperty.USE_SEMAPHORE);
    }
    return LockOptions.of(properties.toArray(new LockProperty[0]));
  }
}
