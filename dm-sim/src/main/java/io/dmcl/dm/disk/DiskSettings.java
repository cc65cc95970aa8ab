package io.dmcl.dm.disk;

/**
 * How disks are opened.
 *
 * @param writeCache crash mode: what is not flushed is kept in a side file too, so that {@link
 *     WriteCache#powerCut} can lose it. Every process that has the disk open must say the same
 * @param durable whether a flush reaches the machine's own storage; without it, flushes order what
 *     a simulated power cut loses and cost nothing
 * @param faults what goes wrong
 */
public record DiskSettings(boolean writeCache, boolean durable, DiskFaults faults) {
  /** Durable, and nothing goes wrong. */
  public static final DiskSettings DEFAULT = new DiskSettings(false, true, DiskFaults.NONE);

  /** Crash mode with these faults. */
  public static DiskSettings crashMode(DiskFaults faults) {
    return new DiskSettings(true, false, faults);
  }
}
