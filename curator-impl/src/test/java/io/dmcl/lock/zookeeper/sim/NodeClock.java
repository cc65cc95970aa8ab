package io.dmcl.lock.zookeeper.sim;

import java.util.function.LongSupplier;

/**
 * The clocks of a node's machine. The monotonic one begins anywhere, runs a little fast or slow,
 * and stands still while the machine is suspended; the wall clock follows the true time.
 */
final class NodeClock {
  private static final long MILLION = 1_000_000L;

  private final LongSupplier trueNanos;
  private final long originNanos;
  private final long ppm;
  private long suspendedNanos;

  /**
   * A clock.
   *
   * @param ppm how many millionths it runs fast
   */
  NodeClock(LongSupplier trueNanos, long originNanos, long ppm) {
    this.trueNanos = trueNanos;
    this.originNanos = originNanos;
    this.ppm = ppm;
  }

  long nanoTime() {
    long ran = trueNanos.getAsLong() - suspendedNanos;
    return originNanos + ran + ran / MILLION * ppm + ran % MILLION * ppm / MILLION;
  }

  long wallNanos() {
    return trueNanos.getAsLong();
  }

  /** The first true time at which the clock shows that time or a later one. */
  long trueNanosOf(long nodeNanos) {
    long shown = nodeNanos - originNanos;
    long ran = (long) (shown / (1 + ppm / (double) MILLION));
    long guess = ran + suspendedNanos - 2;
    while (shownAt(guess) < nodeNanos) {
      guess++;
    }
    return guess;
  }

  private long shownAt(long atTrueNanos) {
    long ran = atTrueNanos - suspendedNanos;
    return originNanos + ran + ran / MILLION * ppm + ran % MILLION * ppm / MILLION;
  }

  /** The machine was suspended for so long. */
  void suspended(long nanos) {
    suspendedNanos += nanos;
  }
}
