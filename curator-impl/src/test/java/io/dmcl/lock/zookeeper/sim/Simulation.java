package io.dmcl.lock.zookeeper.sim;

import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** One schedule: everything that happens in it is drawn from its seed. */
final class Simulation {
  private static final long MILLI = 1_000_000L;
  private static final int COUNTER_NEAR_THE_END = 1 << 30;

  private final Plan plan;
  private final SplittableRandom random;
  private final World world;
  private final Ensemble ensemble;
  private final Nemesis nemesis;
  private int events;

  Simulation(long seed, boolean traced) {
    random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + 1);
    plan = new Plan(seed, random.split());
    world =
        new World(
            plan,
            random,
            Settings.of(plan.servers).withTickNanos(plan.tickNanos),
            new Trace(traced));
    ensemble = world.ensemble;
    nemesis = new Nemesis(world);
  }

  /** Runs the schedule. Returns what went wrong; null if nothing did. */
  @Nullable Throwable run() {
    try {
      for (int machine = 0; machine < plan.machines; machine++) {
        world.open(machine);
      }
      for (int i = 0; i < plan.events; i++) {
        step();
        events++;
        world.check();
      }
      nemesis.end();
      events += new Settlement(world).run();
      return null;
    } catch (RuntimeException | Error e) {
      world.trace(() -> "FAILED: " + e.getMessage());
      return e;
    }
  }

  List<String> trace() {
    return world.trace.lines();
  }

  /** How many events there were. */
  int events() {
    return events;
  }

  private void step() {
    if (nemesis.aim() || (random.nextInt(1000) < plan.faultPerMille && nemesis.strike())) {
      return;
    }
    for (int tries = 0; tries < 4; tries++) {
      int choice =
          random.nextInt(
              plan.ensembleWeight
                  + plan.loopWeight
                  + plan.callbackWeight
                  + plan.userWeight
                  + plan.timeWeight);
      if ((choice -= plan.ensembleWeight) < 0) {
        if (stepEnsemble()) {
          return;
        }
      } else if ((choice -= plan.loopWeight) < 0) {
        if (stepLoop()) {
          return;
        }
      } else if ((choice -= plan.callbackWeight) < 0) {
        if (stepCallback()) {
          return;
        }
      } else if ((choice - plan.userWeight) < 0) {
        if (stepUser()) {
          return;
        }
      } else {
        stepTime();
        return;
      }
      passTime(plan.stepNanos);
    }
    stepTime();
  }

  private boolean stepEnsemble() {
    List<Step> steps = ensemble.steps();
    nemesis.filter(steps);
    if (steps.isEmpty()) {
      return false;
    }
    Step step = steps.get(random.nextInt(steps.size()));
    world.trace(() -> "    " + step);
    ensemble.take(step);
    return true;
  }

  private @Nullable User running() {
    User user = world.users.get(random.nextInt(plan.machines));
    return user != null && user.node.isRunning() ? user : null;
  }

  private boolean stepLoop() {
    User user = running();
    if (user == null || nemesis.isStalled(user) || !user.node.loop().canRun()) {
      return false;
    }
    world.trace(() -> "    LOOP " + user.node);
    user.node.loop().runBatch(random.nextInt(4) == 0 ? Integer.MAX_VALUE : random.nextInt(3));
    return true;
  }

  private boolean stepCallback() {
    User user = running();
    if (user == null) {
      return false;
    }
    SimTasks hooks = user.node.hooks;
    SimTasks listeners = user.node.listeners;
    int choices = hooks.size() + Math.min(1, listeners.size());
    if (choices == 0) {
      return false;
    }
    int choice = random.nextInt(choices);
    world.trace(() -> "    CALLBACK " + user.node);
    if (choice < hooks.size()) {
      hooks.run(choice);
    } else {
      listeners.run(0);
    }
    return true;
  }

  private boolean stepUser() {
    User user = running();
    if (user == null) {
      return false;
    }
    user.act();
    return true;
  }

  private void stepTime() {
    if (random.nextInt(1000) < plan.jumpPerMille) {
      passTime(plan.jumpNanos);
    } else if (random.nextInt(8) == 0) {
      passTime(10 * MILLI);
    } else {
      passTime(8 * plan.stepNanos);
    }
  }

  private void passTime(long mostNanos) {
    ensemble.advanceTo(ensemble.nowNanos() + 1 + random.nextLong(mostNanos));
    nemesis.timePassed();
  }

  /** What the plan is, for the head of a trace. */
  String describe() {
    return plan.machines
        + " machines, "
        + plan.locks
        + " locks, "
        + plan.servers
        + " servers, faults "
        + plan.faults
        + ", session timeout "
        + plan.sessionTimeoutNanos / MILLI
        + " ms, properties "
        + plan.properties;
  }
}
