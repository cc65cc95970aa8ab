package io.dmcl.lock;

/**
 * What has become of a hold. The moves are {@code HELD ⇄ JEOPARDY → LOST} and {@code → RELEASED}.
 */
public enum HoldState {
  /** The lock is held and the connection is there. */
  HELD,
  /** The connection is gone; the lock is still held until the node's lease ends. */
  JEOPARDY,
  /** The lease ran out or the session ended: another node may hold the lock. Final. */
  LOST,
  /** Unlocked. Final. */
  RELEASED
}
