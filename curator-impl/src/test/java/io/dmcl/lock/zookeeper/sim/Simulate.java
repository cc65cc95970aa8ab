package io.dmcl.lock.zookeeper.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * Runs schedules: {@code --seeds N --from S [--trace]}; or looks for the planted bugs, in so many
 * schedules at most: {@code --planted [--seeds MOST]}; or explores small configurations: {@code
 * --explore [--states MOST] [--plan xs/x]}.
 */
public final class Simulate {
  private Simulate() {}

  /** Runs the command. */
  public static void main(String[] args) {
    silence();
    long seeds = 20_000;
    long from = 0;
    boolean trace = false;
    boolean planted = false;
    boolean explore = false;
    long states = 10_000_000;
    String plan = "";
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--seeds" -> seeds = Long.parseLong(args[++i]);
        case "--from" -> from = Long.parseLong(args[++i]);
        case "--trace" -> trace = true;
        case "--planted" -> planted = true;
        case "--explore" -> explore = true;
        case "--states" -> states = Long.parseLong(args[++i]);
        case "--plan" -> plan = args[++i];
        default -> {
          System.err.println(
              "usage: simulate [--seeds N] [--from S] [--trace]\n"
                  + "       simulate --planted [--seeds MOST]\n"
                  + "       simulate --explore [--states MOST] [--plan PLAN]");
          System.exit(2);
        }
      }
    }
    boolean passed;
    if (planted) {
      passed = !PlantedSearch.all(seeds, System.out::println).containsValue("");
    } else if (explore) {
      passed = explore(plan, states);
    } else {
      passed = run(from, seeds, trace) == 0;
    }
    System.exit(passed ? 0 : 1);
  }

  /** Explores the plans whose names begin so, as many at a time as there are processors. */
  private static boolean explore(String name, long mostStates) {
    List<Explore.Result> results =
        SmallPlan.all().parallelStream()
            .filter(plan -> plan.toString().startsWith(name))
            .map(plan -> explore(plan, mostStates))
            .toList();
    boolean complete = results.stream().allMatch(Explore.Result::complete);
    System.out.printf(
        "%,d states in %d configurations, %s%n",
        results.stream().mapToLong(Explore.Result::states).sum(),
        results.size(),
        complete ? "complete" : "not complete");
    return complete;
  }

  private static Explore.Result explore(SmallPlan plan, long mostStates) {
    long began = System.nanoTime();
    Explore.Result result = new Explore(plan).run(mostStates);
    System.out.printf(
        "%-52s %,10d states, %,10d runs, %4d deep, %5.1f s%s%n",
        plan,
        result.states(),
        result.runs(),
        result.depth(),
        (System.nanoTime() - began) / 1e9,
        result.complete() ? "" : ", NOT to the end");
    return result;
  }

  /** What nodes have to say about faults is not of interest. */
  static void silence() {
    ((Logger) LoggerFactory.getLogger("io.dmcl")).setLevel(Level.OFF);
  }

  private static long run(long from, long seeds, boolean trace) {
    long began = System.nanoTime();
    long said = began;
    long events = 0;
    long failures = 0;
    for (long seed = from; seed < from + seeds; seed++) {
      Simulation simulation = new Simulation(seed, trace);
      Throwable failure = simulation.run();
      events += simulation.events();
      if (trace) {
        print(seed, simulation, failure);
      }
      if (failure != null) {
        failures++;
        System.out.println("seed " + seed + ": " + failure);
        System.out.println("  " + replay(seed));
        if (failures >= 20) {
          break;
        }
      }
      long now = System.nanoTime();
      if (now - said > TimeUnit.SECONDS.toNanos(5) || seed == from + seeds - 1) {
        said = now;
        System.out.printf(
            "%d schedules, %d events, %d failures, %.0f schedules/s%n",
            seed - from + 1, events, failures, (seed - from + 1) / ((now - began) / 1e9));
      }
    }
    return failures;
  }

  /** The command that shows a schedule. */
  static String replay(long seed) {
    return "./dmcl simulate --seeds 1 --from " + seed + " --trace";
  }

  private static void print(long seed, Simulation simulation, @Nullable Throwable failure) {
    System.out.println("seed " + seed + ": " + simulation.describe());
    simulation.trace().forEach(System.out::println);
    if (failure != null) {
      failure.printStackTrace(System.out);
    }
  }
}
