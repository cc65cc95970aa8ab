package io.dmcl.lock.zookeeper.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Does what the plan allows to go wrong, and ends it again. */
final class Nemesis {
  private static final int MOST_QUICK_ACTS = 8;

  private final World world;
  private final Plan plan;
  private final SplittableRandom random;
  private final Ensemble ensemble;
  private final List<Ending> endings = new ArrayList<>();

  /** A server that is slow for a while: what it has from the leader, or everything, waits. */
  private int slowServer = -1;

  private boolean entirelySlow;
  private int stalled = -1;

  private record Ending(long atNanos, Runnable task) {}

  Nemesis(World world) {
    this.world = world;
    plan = world.plan;
    random = world.random;
    ensemble = world.ensemble;
  }

  /** Removes the steps that are not to be taken now. */
  void filter(List<Step> steps) {
    if (slowServer >= 0) {
      steps.removeIf(
          step ->
              step.server() == slowServer
                  && (entirelySlow
                      || step.kind() == Step.Kind.SERVER_APPLIES
                      || step.kind() == Step.Kind.SERVER_HEARS));
    }
  }

  boolean isStalled(User user) {
    return user.node.number == stalled;
  }

  void timePassed() {
    for (int i = endings.size() - 1; i >= 0; i--) {
      if (endings.get(i).atNanos <= ensemble.nowNanos()) {
        endings.remove(i).task.run();
      }
    }
  }

  /** Ends everything. */
  void end() {
    while (!endings.isEmpty()) {
      endings.remove(endings.size() - 1).task.run();
    }
    slowServer = -1;
    stalled = -1;
  }

  private void later(Runnable task) {
    long afterNanos =
        random.nextInt(100) < plan.longFaultsPercent
            ? plan.leastLongFaultNanos + random.nextLong(2 * plan.sessionTimeoutNanos)
            : random.nextLong(plan.tickNanos);
    after(afterNanos, task);
  }

  private void after(long nanos, Runnable task) {
    endings.add(new Ending(ensemble.nowNanos() + nanos, task));
  }

  /** Whether it strikes where it would hurt. */
  boolean aim() {
    if (!plan.late || random.nextInt(8) != 0) {
      return false;
    }
    int machine = random.nextInt(plan.machines);
    User user = world.users.get(machine);
    return user != null
        && user.node.hooks.size() > 0
        && user.node.access.hasLease()
        && strikeNode(Plan.Fault.PAUSE_NODE, machine);
  }

  /** Does something bad, or at least slow; false if it was nothing. */
  boolean strike() {
    int kind = random.nextInt(plan.candidates.size() + 2);
    if (kind >= plan.candidates.size()) {
      slow(kind % 2 == 0);
      return true;
    }
    Plan.Fault fault = plan.candidates.get(kind);
    if (!plan.has(fault)) {
      return false;
    }
    switch (fault) {
      case STOP_SERVER, CUT_SERVER, ELECT -> {
        return strikeServer(fault);
      }
      case HOOK_THROWS, PURGE -> {
        return false; // users do that
      }
      default -> {
        return strikeNode(fault, random.nextInt(plan.machines));
      }
    }
  }

  private void slow(boolean server) {
    if (server && slowServer < 0) {
      slowServer = random.nextInt(plan.servers);
      entirelySlow = random.nextBoolean();
      later(() -> slowServer = -1);
    } else if (stalled < 0) {
      stalled = random.nextInt(plan.machines);
      later(() -> stalled = -1);
    }
  }

  private boolean strikeServer(Plan.Fault fault) {
    int server = random.nextInt(plan.servers);
    if (fault == Plan.Fault.ELECT) {
      if (ensemble.isDown(server)) {
        return false;
      }
      trace("elect server " + server);
      ensemble.elect(server);
      return true;
    }
    if (server == ensemble.leaderIndex() || ensemble.isDown(server)) {
      return false;
    }
    if (fault == Plan.Fault.STOP_SERVER) {
      trace("stop server " + server);
      ensemble.stop(server);
      later(
          () -> {
            trace("start server " + server);
            ensemble.start(server);
          });
    } else {
      trace("cut server " + server);
      ensemble.cut(server);
      later(
          () -> {
            if (!ensemble.isDown(server)) {
              trace("heal server " + server);
              ensemble.heal(server);
            }
          });
    }
    return true;
  }

  private boolean strikeNode(Plan.Fault fault, int machine) {
    User user = world.users.get(machine);
    if (user == null) {
      if (fault == Plan.Fault.CRASH_NODE || fault == Plan.Fault.CLOSE_NODE) {
        world.open(machine);
        return true;
      }
      return false;
    }
    SimNode node = user.node;
    if (!node.isThere() || node.isPaused()) {
      return false;
    }
    trace(node + ": " + fault);
    int onTheWay = node.client.requestsOnTheWay();
    int delivered = random.nextInt(onTheWay + 1);
    switch (fault) {
      case DISCONNECT ->
          ensemble.disconnect(node.client, delivered, random.nextInt(onTheWay - delivered + 1));
      case PAUSE_NODE -> {
        if (plan.late) {
          pauseUntilLeaseIsOver(user);
        } else {
          pause(node, false);
        }
      }
      case SUSPEND_MACHINE -> pause(node, true);
      case CRASH_NODE -> {
        node.crash(delivered);
        world.gone(user);
      }
      case REPLACE_HANDLE -> ensemble.closeHandle(node.client, true, random.nextBoolean());
      case CLOSE_HANDLE -> {
        ensemble.closeHandle(node.client, false, random.nextBoolean());
        node.close();
      }
      case GIVE_UP_SESSION -> ensemble.giveUp(node.client);
      case CLOSE_NODE -> {
        if (!node.isClosing()) {
          node.close();
        }
      }
      default -> throw new IllegalStateException(fault.toString());
    }
    return true;
  }

  private void pause(SimNode node, boolean suspended) {
    long fromNanos = ensemble.nowNanos();
    node.pause();
    later(
        () -> {
          if (node.isPaused()) {
            trace(node + ": goes on");
            node.resume();
            if (suspended) {
              world.oracle.disturb();
              node.suspended(ensemble.nowNanos() - fromNanos);
            }
          }
        });
  }

  /** Then its users do something before its event loop finds out. */
  private void pauseUntilLeaseIsOver(User user) {
    SimNode node = user.node;
    node.pause();
    after(
        node.leaseEndNanos() - ensemble.nowNanos() + random.nextLong(plan.tickNanos / 4),
        () -> {
          if (node.isPaused()) {
            trace(node + ": goes on, its users first");
            world.oracle.disturb();
            node.resume();
            while (node.hooks.size() > 0) {
              node.hooks.run(0);
            }
            for (int i = random.nextInt(MOST_QUICK_ACTS); i >= 0; i--) {
              user.act();
            }
          }
        });
  }

  private void trace(@Nullable String line) {
    world.trace(() -> "** " + line);
  }
}
