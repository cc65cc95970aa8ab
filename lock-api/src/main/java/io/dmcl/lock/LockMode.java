package io.dmcl.lock;

/** How a lock is held. */
public enum LockMode {
  /** Together with other shared holds of any node: the protected read lock of the DLM. */
  SHARED,
  /** With no hold of any other node. */
  EXCLUSIVE;

  /** Whether a grant of this mode is enough for a hold of {@code wanted}. */
  public boolean covers(LockMode wanted) {
    return this == EXCLUSIVE || wanted == SHARED;
  }

  /** Whether grants of the two modes cannot be given to two nodes at the same time. */
  public boolean conflictsWith(LockMode other) {
    return this == EXCLUSIVE || other == EXCLUSIVE;
  }
}
