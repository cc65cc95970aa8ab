package io.dmcl.bench;

import java.time.Duration;
import java.util.List;

/** How much is measured. What the tracked ratios need is in every scale. */
enum Scale {
  /** To see in seconds that everything runs. Its numbers mean nothing. */
  TINY(1, 1, Duration.ofMillis(20)),
  /** What the ratios need, in at most five minutes. */
  QUICK(5, 4, Duration.ofMillis(400)),
  /** The whole space of parameters. */
  FULL(5, 6, Duration.ofSeconds(1));

  private static final int SERVER_WARM_UPS = 12;

  private final int rounds;
  private final int warmUps;
  private final Duration window;

  Scale(int rounds, int warmUps, Duration window) {
    this.rounds = rounds;
    this.warmUps = warmUps;
    this.window = window;
  }

  /** How often every variant has its turn, if nothing else is asked for. */
  int rounds() {
    return rounds;
  }

  /** How often a variant is run before it counts, at most. */
  int warmUps() {
    return warmUps;
  }

  /** The same for what warms up the servers, before all studies. */
  int serverWarmUps() {
    return this == TINY ? 1 : SERVER_WARM_UPS;
  }

  /** How long a variant runs each time. */
  Duration window() {
    return window;
  }

  /** So many of something, if the scale is not {@link #TINY}. */
  int pick(int tiny, int real) {
    return this == TINY ? tiny : real;
  }

  /** What to vary something over. */
  List<Integer> pick(List<Integer> few, List<Integer> many) {
    return this == FULL ? many : few;
  }
}
