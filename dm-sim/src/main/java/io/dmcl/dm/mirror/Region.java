package io.dmcl.dm.mirror;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.DeviceLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A region as this node knows it. Bios share {@link #traffic}, recovery and cleaning take it
 * exclusively: the region's lock keeps the other nodes out, not the other threads of this one.
 */
final class Region {
  /** What the region lock's value says. */
  enum State {
    UNKNOWN,
    IN_SYNC,
    OUT_OF_SYNC;

    byte[] encode() {
      return new byte[] {(byte) ordinal()};
    }

    static State decode(byte[] value) {
      return value.length == 1 && value[0] > 0 && value[0] < 3 ? values()[value[0]] : UNKNOWN;
    }
  }

  final int index;
  final DeviceLock lock;
  final ReentrantReadWriteLock traffic = new ReentrantReadWriteLock();

  /** Right while the lock is held and {@link #current}. */
  volatile State state = State.UNKNOWN;

  /** Whether the state was asked for since the lock last had news. */
  volatile boolean current;

  /** Whether the log has the region marked because of this node. */
  volatile boolean dirty;

  volatile long lastWriteNanos;

  /** What the grant that is dealt with now was told, or {@code UNCHANGED}. */
  volatile Freshness news = Freshness.UNCHANGED;

  @GuardedBy("this")
  private long newsToken;

  Region(int index, DeviceLock lock) {
    this.index = index;
    this.lock = lock;
  }

  /** The lock told of news, but no hold did: what the state is has to be found out. */
  synchronized void askAgain() {
    news = Freshness.UNKNOWN;
    current = false;
  }

  /**
   * Takes in what a new hold says. News stick to a grant, so that later holds are told again what
   * is dealt with already; they are taken in once.
   */
  synchronized Freshness enter(Hold hold) {
    Freshness freshness = lock.freshness(hold);
    if (freshness.mustReload() && hold.token() != newsToken) {
      newsToken = hold.token();
      news = freshness;
      current = false;
      dirty = false;
    }
    return freshness;
  }
}
