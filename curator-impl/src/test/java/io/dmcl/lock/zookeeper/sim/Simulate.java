package io.dmcl.lock.zookeeper.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Runs schedules: {@code --seeds N --from S [--trace]}. */
public final class Simulate {
  private Simulate() {}

  /** Runs the command. */
  public static void main(String[] args) {
    silence();
    long seeds = 20_000;
    long from = 0;
    boolean trace = false;
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--seeds" -> seeds = Long.parseLong(args[++i]);
        case "--from" -> from = Long.parseLong(args[++i]);
        case "--trace" -> trace = true;
        default -> {
          System.err.println("usage: simulate [--seeds N] [--from S] [--trace]");
          System.exit(2);
        }
      }
    }
    System.exit(run(from, seeds, trace) == 0 ? 0 : 1);
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
