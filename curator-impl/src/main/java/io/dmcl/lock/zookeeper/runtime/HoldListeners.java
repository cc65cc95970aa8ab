package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.HoldListener;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.SessionLease;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * The listeners of a node's holds, by their grants, and what each was told last: the same state is
 * not told twice, and nothing after LOST. Event loop only.
 */
final class HoldListeners {
  private final Executor listeners;
  private final Map<Grant, List<Watch>> watches = new LinkedHashMap<>();

  /** A hold with a listener, and what it was told last. */
  private static final class Watch {
    final GrantHold hold;
    final HoldListener listener;
    HoldState told = HoldState.HELD;

    Watch(GrantHold hold, HoldListener listener) {
      this.hold = hold;
      this.listener = listener;
    }
  }

  /**
   * Without any.
   *
   * @param listeners runs them
   */
  HoldListeners(Executor listeners) {
    this.listeners = listeners;
  }

  /** Of a hold that is over, the listener is told that at most, and not kept. */
  void add(GrantHold hold, Grant grant, HoldListener listener) {
    Watch watch = new Watch(hold, listener);
    HoldState now = hold.state();
    if (now == HoldState.HELD || now == HoldState.JEOPARDY) {
      watches.computeIfAbsent(grant, g -> new ArrayList<>()).add(watch);
    }
    if (now == HoldState.JEOPARDY || now == HoldState.LOST) {
      tell(watch, now);
    }
  }

  void remove(GrantHold hold, Grant grant) {
    List<Watch> all = watches.get(grant);
    if (all != null) {
      all.removeIf(watch -> watch.hold == hold);
      if (all.isEmpty()) {
        watches.remove(grant);
      }
    }
  }

  /** The connection under the lease came or went. */
  void leaseChanged(SessionLease lease) {
    HoldState state = lease.isConnected() ? HoldState.HELD : HoldState.JEOPARDY;
    for (Grant grant : List.copyOf(watches.keySet())) {
      if (grant.lease() == lease) {
        tellAll(grant, state);
      }
    }
  }

  /** The grant is lost, and with it its holds. */
  void lost(Grant grant) {
    tellAll(grant, HoldState.LOST);
    watches.remove(grant);
  }

  private void tellAll(Grant grant, HoldState state) {
    for (Watch watch : watches.getOrDefault(grant, List.of())) {
      tell(watch, state);
    }
  }

  private void tell(Watch watch, HoldState state) {
    if (watch.told != state && watch.told != HoldState.LOST) {
      watch.told = state;
      listeners.execute(() -> watch.listener.stateChanged(watch.hold, state));
    }
  }
}
