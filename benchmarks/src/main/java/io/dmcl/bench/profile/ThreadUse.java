package io.dmcl.bench.profile;

/**
 * What the threads of a kind have done.
 *
 * @param cpuNanos how long they ran on a processor
 * @param waits how often they stopped for something in this process: parked, or at a monitor
 * @param forces how often they waited for a file to be on the disk
 * @param forceNanos for how long
 */
record ThreadUse(double cpuNanos, long waits, long forces, long forceNanos) {
  static final ThreadUse NONE = new ThreadUse(0, 0, 0, 0);

  ThreadUse plus(ThreadUse other) {
    return new ThreadUse(
        cpuNanos + other.cpuNanos,
        waits + other.waits,
        forces + other.forces,
        forceNanos + other.forceNanos);
  }
}
