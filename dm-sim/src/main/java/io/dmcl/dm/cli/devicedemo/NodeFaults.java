package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.disk.DiskFaults;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.BitSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets a node get stuck in the middle of a write to the origin, for its parent to kill or stop it
 * there: either when half the sectors are on one leg, or when one leg is written and the other is
 * not.
 */
final class NodeFaults extends DiskFaults {
  /** Where to get stuck. */
  private enum Plan {
    NONE,
    HALF_A_LEG,
    BETWEEN_THE_LEGS
  }

  private final Consumer<String> told;
  private volatile Plan plan = Plan.NONE;
  private volatile String disk = "";
  private volatile CountDownLatch thawed = new CountDownLatch(0);

  /** The write that a worker is at; other threads' I/O is none of ours. */
  private record Current(Thread thread, int block, long version) {}

  private volatile @Nullable Current current;

  NodeFaults(Consumer<String> told) {
    this.told = told;
  }

  /** The next write to this leg stops half done, for ever. */
  void dieIn(String leg) {
    disk = "file:" + leg;
    plan = Plan.HALF_A_LEG;
  }

  /** The next write stops before it comes to this leg, until {@link #thaw}. */
  void freezeBefore(String leg) {
    disk = "file:" + leg;
    thawed = new CountDownLatch(1);
    plan = Plan.BETWEEN_THE_LEGS;
  }

  void thaw() {
    thawed.countDown();
  }

  /** The calling thread writes this block of the origin now. */
  void writing(int block, long version) {
    current = new Current(Thread.currentThread(), block, version);
  }

  void written() {
    current = null;
  }

  private @Nullable Current at(Plan wanted, String where) {
    if (plan != wanted || !where.equals(disk)) {
      return null;
    }
    Current write = current;
    return write != null && write.thread == Thread.currentThread() ? write : null;
  }

  private void announce(Current write) {
    plan = Plan.NONE;
    told.accept("midwrite " + write.block + " " + write.version);
  }

  @Override
  protected @Nullable BitSet cutShort(String where, long sector, int sectors) {
    Current write = at(Plan.HALF_A_LEG, where);
    if (write == null || sector != (long) write.block * Volume.BLOCK_SECTORS) {
      return null;
    }
    BitSet half = new BitSet();
    half.set(0, sectors / 2);
    return half;
  }

  @Override
  protected void die(String where) {
    Current write = at(Plan.HALF_A_LEG, where);
    if (write != null) {
      announce(write);
    }
    while (true) {
      LockSupport.park(this);
    }
  }

  @Override
  protected void checkAlive(String where) throws IOException {
    Current write = at(Plan.BETWEEN_THE_LEGS, where);
    if (write != null) {
      announce(write);
      try {
        thawed.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while frozen");
      }
    }
  }
}
