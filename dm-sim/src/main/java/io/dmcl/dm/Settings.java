package io.dmcl.dm;

import io.dmcl.dm.disk.DiskSettings;

/**
 * How a node works. Immutable.
 *
 * @param caching whether grants are kept after use
 * @param rangeSectors how many sectors of an origin one lock covers: a power of two, the same on
 *     every node (checked), and no smaller than any chunk
 * @param background whether targets work by themselves: resynchronise, merge, clean idle regions.
 *     Without, tests drive them step by step
 * @param cleanIdleMillis how long a mirror region stays dirty after its last write
 * @param scanMillis how often a mirror looks for regions that somebody left dirty
 * @param resyncBytesPerSecond how fast a node resynchronises each mirror; 0 for no limit
 * @param disks how disks are opened
 */
public record Settings(
    boolean caching,
    int rangeSectors,
    boolean background,
    int cleanIdleMillis,
    int scanMillis,
    long resyncBytesPerSecond,
    DiskSettings disks) {

  /** Cached locks, 4 MiB to a lock, everything in the background. */
  public static final Settings DEFAULT =
      new Settings(true, 8192, true, 1000, 2000, 0, DiskSettings.DEFAULT);

  /** Checks the numbers. */
  public Settings {
    if (Integer.bitCount(rangeSectors) != 1) {
      throw new IllegalArgumentException("rangeSectors is not a power of two: " + rangeSectors);
    }
    if (cleanIdleMillis < 1 || scanMillis < 1 || resyncBytesPerSecond < 0) {
      throw new IllegalArgumentException("times and rates are positive");
    }
  }

  /** With grants kept or not. */
  public Settings withCaching(boolean value) {
    return new Settings(
        value, rangeSectors, background, cleanIdleMillis, scanMillis, resyncBytesPerSecond, disks);
  }

  /** With another range. */
  public Settings withRangeSectors(int value) {
    return new Settings(
        caching, value, background, cleanIdleMillis, scanMillis, resyncBytesPerSecond, disks);
  }

  /** With or without work of its own. */
  public Settings withBackground(boolean value) {
    return new Settings(
        caching, rangeSectors, value, cleanIdleMillis, scanMillis, resyncBytesPerSecond, disks);
  }

  /** With other times. */
  public Settings withTimes(int idleMillis, int lookMillis) {
    return new Settings(
        caching, rangeSectors, background, idleMillis, lookMillis, resyncBytesPerSecond, disks);
  }

  /** With another rate. */
  public Settings withResyncBytesPerSecond(long value) {
    return new Settings(
        caching, rangeSectors, background, cleanIdleMillis, scanMillis, value, disks);
  }

  /** With disks opened otherwise. */
  public Settings withDisks(DiskSettings value) {
    return new Settings(
        caching,
        rangeSectors,
        background,
        cleanIdleMillis,
        scanMillis,
        resyncBytesPerSecond,
        value);
  }
}
