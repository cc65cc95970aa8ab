package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;

/** What {@link HoldWord} means, without any concurrency: the specification for Lincheck. */
public class HoldWordModel {
  private final boolean semaphore;
  private final int[] holds = new int[LockMode.values().length];
  private boolean slow;
  private boolean writable = true;
  private boolean lost;

  HoldWordModel(boolean semaphore) {
    this.semaphore = semaphore;
  }

  /** Threads of the node share the grant. */
  public static final class Sharing extends HoldWordModel {
    public Sharing() {
      super(false);
    }
  }

  /** The semaphore: threads of the node exclude each other. */
  public static final class Excluding extends HoldWordModel {
    public Excluding() {
      super(true);
    }
  }

  private int shared() {
    return holds[LockMode.SHARED.ordinal()];
  }

  private int exclusive() {
    return holds[LockMode.EXCLUSIVE.ordinal()];
  }

  /** An acquire on the fast path. */
  public boolean tryEnter(LockMode mode) {
    boolean toWrite = mode == LockMode.EXCLUSIVE;
    boolean excluded = semaphore && (exclusive() > 0 || (toWrite && shared() > 0));
    if (slow || excluded || (toWrite && !writable)) {
      return false;
    }
    holds[mode.ordinal()]++;
    return true;
  }

  /** An unlock: whether the event loop is told, and whether the hold was lost. */
  public String exit(LockMode mode) {
    if (holds[mode.ordinal()] == 0) {
      throw new IllegalMonitorStateException();
    }
    holds[mode.ordinal()]--;
    return (slow ? "slow" : "fast") + (lost ? " lost" : "");
  }

  public void open(boolean toWriters) {
    slow = false;
    writable = toWriters;
  }

  public void close() {
    slow = true;
  }

  public boolean enter(LockMode mode) {
    holds[mode.ordinal()]++;
    return true;
  }

  public void convert(LockMode from) {
    holds[from.ordinal()]--;
    holds[1 - from.ordinal()]++;
  }

  public void markLost() {
    slow = true;
    lost = true;
  }

  public void clearLost() {
    lost = false;
  }

  public void fail() {
    markLost();
  }

  public void spread() {}

  public String state() {
    return "S" + shared() + " X" + exclusive() + (slow ? " slow" : " fast") + (lost ? " lost" : "");
  }
}
