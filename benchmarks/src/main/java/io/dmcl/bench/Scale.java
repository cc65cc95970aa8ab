package io.dmcl.bench;

import java.time.Duration;
import java.util.List;

/** How much is measured. What the tracked ratios need is in every scale. */
enum Scale {
  /** To see in seconds that everything runs. Its numbers mean nothing. */
  TINY(1, Duration.ofMillis(20)),
  /** What the ratios need, in at most five minutes. */
  QUICK(5, Duration.ofMillis(500)),
  /** The whole space of parameters. */
  FULL(7, Duration.ofSeconds(2));

  private final int rounds;
  private final Duration window;

  Scale(int rounds, Duration window) {
    this.rounds = rounds;
    this.window = window;
  }

  /** How often every variant has its turn, if nothing else is asked for. */
  int rounds() {
    return rounds;
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
