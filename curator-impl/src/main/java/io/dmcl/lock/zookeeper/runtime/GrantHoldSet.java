package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.zookeeper.runtime.GrantHold.Ended;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
    // In one step of each event loop, so that the releases leave together.
    Map<Loop, List<Runnable>> steps = new LinkedHashMap<>();
    List<GrantHold> lost = new ArrayList<>();
    try {
      for (Hold each : holds) {
        GrantHold hold = (GrantHold) each;
        List<Runnable> step = steps.computeIfAbsent(hold.loop(), loop -> new ArrayList<>());
        if (hold.isOpen() && hold.end(step::add) == Ended.LOST) {
          lost.add(hold);
        }
      }
    } finally {
      steps.forEach((loop, step) -> loop.gather(() -> step.forEach(Runnable::run)));
    }
    if (!lost.isEmpty()) {
      RuntimeException first = lost.get(0).lostException();
      lost.stream().skip(1).forEach(hold -> first.addSuppressed(hold.lostException()));
      throw first;
    }
  }
}
