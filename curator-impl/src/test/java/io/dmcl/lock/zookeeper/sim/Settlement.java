package io.dmcl.lock.zookeeper.sim;

import java.util.List;

/**
 * The end of a schedule: nothing goes wrong any more and everybody gets his turn. Every caller that
 * waits is served within a bounded number of events; then nothing is left behind.
 */
final class Settlement {
  private static final int MOST_ROUNDS = 3_000;
  private static final int MOST_TIMEOUTS = 40;

  private final World world;
  private final Ensemble ensemble;
  private int events;

  Settlement(World world) {
    this.world = world;
    ensemble = world.ensemble;
  }

  /** Returns how many events it took. */
  int run() {
    world.settle();
    world.trace(() -> "** faults stop");
    until("every caller is served", this::isServed);
    for (User user : world.users) {
      if (user != null && !user.node.isClosing()) {
        for (Use use : user.uses) {
          user.trace(use, "drop");
          var unused = use.lock.drop();
        }
      }
    }
    until("every grant is dropped", this::isDropped);
    checkRest();
    for (User user : world.users) {
      if (user != null && !user.node.isClosing()) {
        user.node.close();
      }
    }
    until("every node is closed", () -> world.users.stream().allMatch(user -> user == null));
    checkRest();
    return events;
  }

  private interface Condition {
    boolean holds();
  }

  private void until(String what, Condition condition) {
    long deadlineNanos = ensemble.nowNanos() + MOST_TIMEOUTS * world.plan.sessionTimeoutNanos;
    for (int round = 0; !condition.holds(); round++) {
      if (round > MOST_ROUNDS || ensemble.nowNanos() > deadlineNanos) {
        throw new Violation("not within bounds: " + what + state());
      }
      if (!round()) {
        advance();
      }
    }
  }

  private String state() {
    StringBuilder text = new StringBuilder();
    for (User user : world.users) {
      if (user != null) {
        for (Use use : user.uses) {
          text.append("\n  ").append(use).append(": ").append(use.local);
        }
      }
    }
    for (LockTruth lock : world.locks) {
      text.append("\n  queue of ").append(lock.name).append(':');
      lock.queue.values().forEach(place -> text.append(' ').append(place.entry.name()));
    }
    return text.toString();
  }

  /** Everybody's turn, once. Returns whether anybody had something to do. */
  private boolean round() {
    boolean any = false;
    for (int i = 0; i < 200; i++) {
      List<Step> steps = ensemble.steps();
      if (steps.isEmpty()) {
        break;
      }
      Step step = steps.get(i % steps.size());
      world.trace(() -> "    " + step);
      ensemble.take(step);
      did();
      any = true;
    }
    for (User user : List.copyOf(world.users.stream().filter(u -> u != null).toList())) {
      any |= round(user);
    }
    return any;
  }

  private boolean round(User user) {
    SimNode node = user.node;
    boolean any = false;
    if (node.loop().canRun()) {
      world.trace(() -> "    LOOP " + node);
      node.loop().runBatch(Integer.MAX_VALUE);
      did();
      any = true;
    }
    while (node.hooks.size() > 0) {
      node.hooks.run(0);
      did();
      any = true;
    }
    while (node.listeners.size() > 0) {
      node.listeners.run(0);
      did();
      any = true;
    }
    if (node.isClosing()) {
      node.continueClosing();
      if (!node.isThere()) {
        world.gone(user);
        any = true;
      }
    } else {
      any |= user.finish();
    }
    did();
    return any;
  }

  private void did() {
    events++;
    world.check();
  }

  private void advance() {
    long next = ensemble.nextDueNanos();
    for (User user : world.users) {
      if (user != null) {
        next = Math.min(next, user.node.nextDueNanos());
      }
    }
    if (next == Long.MAX_VALUE) {
      throw new Violation("nothing will ever happen again" + state());
    }
    ensemble.advanceTo(Math.max(next, ensemble.nowNanos() + 1));
  }

  private boolean isServed() {
    for (User user : world.users) {
      if (user != null) {
        if (user.node.isClosing()) {
          return false;
        }
        for (Use use : user.uses) {
          if (!use.isIdle() || use.local.isInUse()) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private boolean isDropped() {
    for (User user : world.users) {
      if (user != null) {
        for (Use use : user.uses) {
          if (!use.local.isAtRest() || use.freeing != null) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /** What has been asked for on the way out, such as the removal of watches, takes its time. */
  private void checkRest() {
    String[] left = {""};
    try {
      until(
          "nothing is left",
          () -> {
            left[0] = whatIsLeft();
            return left[0].isEmpty();
          });
    } catch (Violation e) {
      throw new Violation(left[0], e);
    }
  }

  private String whatIsLeft() {
    String left = world.oracle.whatIsLeft();
    for (User user : world.users) {
      SimSession session = user == null ? null : user.node.client.session();
      if (user != null && session != null) {
        for (LockTruth lock : world.locks) {
          left += watchesLeft(user, session, lock);
        }
      }
    }
    return left;
  }

  private static String watchesLeft(User user, SimSession session, LockTruth lock) {
    boolean monitored =
        user.uses.stream()
            .anyMatch(use -> use.truth == lock && use.lock.options().monitorListener() != null);
    for (String path : session.dataWatches) {
      boolean version = path.equals(lock.paths.version());
      if (path.startsWith(lock.paths.lock()) && !(version && monitored)) {
        return user.node + " has left a data watch on " + path;
      }
    }
    for (String path : session.childWatches) {
      if (path.startsWith(lock.paths.lock())) {
        return user.node + " has left a child watch on " + path;
      }
    }
    return "";
  }
}
