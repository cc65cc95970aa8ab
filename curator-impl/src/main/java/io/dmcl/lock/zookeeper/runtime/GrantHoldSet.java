package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import java.util.List;

/** The holds of a set. */
final class GrantHoldSet implements HoldSet {
  private final List<Hold> holds;

  GrantHoldSet(List<Hold> holds) {
    this.holds = List.copyOf(holds);
  }

  @Override
  public List<Hold> holds() {
    return holds;
  }

  @Override
  public Hold of(ClusterLock lock) {
    for (Hold hold : holds) {
      if (hold.lock() == lock) {
        return hold;
      }
    }
    throw new IllegalArgumentException("lock " + lock.name() + " is not of this set");
  }

  @Override
  public void close() {
    RuntimeException first = null;
    for (Hold hold : holds) {
      try {
        hold.close();
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
