package io.dmcl.lock.zookeeper.torture;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * What a run is told.
 *
 * @param time for how long faults happen
 * @param seed what the nemesis and the nodes draw from; real clusters do not repeat themselves all
 *     the same
 * @param out where everything is kept: history, logs, picture
 * @param nodes how many nodes
 * @param resources how many resources, each with its lock
 * @param sessionTimeout the nodes' session timeout
 * @param lie what nodes do wrong on purpose
 */
record Options(
    Duration time,
    long seed,
    Path out,
    int nodes,
    int resources,
    Duration sessionTimeout,
    NodeProgram.Lie lie) {
  /** The servers' tick. */
  static final Duration TICK = Duration.ofMillis(400);

  static final String USAGE =
      String.join(
          System.lineSeparator(),
          "usage: torture [--minutes M | --seconds S] [--seed N] [--out DIR] [--nodes N]",
          "               [--resources N] [--session-timeout-ms MS] [--lie none|freshness|lease]",
          "",
          "Breaks a real cluster of three servers and some nodes, each a process of its own, for so",
          "long (2 minutes if not given), and checks all that happened. DIR (target/torture if not",
          "given) gets the history, the logs, and the picture timeline.svg.",
          "--lie: what the nodes do wrong on purpose, to see that it is found out; lease needs luck.",
          "",
          "exit status: 0 no promise was broken; 1 one was, or the run failed; 2 misused");

  /**
   * From the command line.
   *
   * @throws IllegalArgumentException if it is not to be understood
   */
  static Options parse(String[] args) {
    Duration time = Duration.ofMinutes(2);
    long seed = System.nanoTime() & 0xffffff;
    Path out = Path.of("target", "torture");
    int nodes = 4;
    int resources = 6;
    Duration sessionTimeout = TICK.multipliedBy(8);
    NodeProgram.Lie lie = NodeProgram.Lie.NONE;
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " needs a value");
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--minutes" -> time = Duration.ofSeconds(Math.round(60 * Double.parseDouble(value)));
        case "--seconds" -> time = Duration.ofSeconds(positive(value, 100_000));
        case "--seed" -> seed = Long.parseLong(value);
        case "--out" -> out = Path.of(value);
        case "--nodes" -> nodes = positive(value, 32);
        case "--resources" -> resources = positive(value, 32);
        case "--session-timeout-ms" -> sessionTimeout = Duration.ofMillis(positive(value, 60_000));
        case "--lie" -> lie = NodeProgram.Lie.valueOf(value.toUpperCase(Locale.ROOT));
        default -> throw new IllegalArgumentException("no such option: " + args[i]);
      }
    }
    return new Options(time, seed, out.toAbsolutePath(), nodes, resources, sessionTimeout, lie);
  }

  private static int positive(String value, int most) {
    int number = Integer.parseInt(value);
    if (number < 1 || number > most) {
      throw new IllegalArgumentException(value + " is not from 1 to " + most);
    }
    return number;
  }
}
