package io.dmcl.bench.measure;

import java.time.Duration;
import java.util.List;

/**
 * Variants that are measured together, interleaved.
 *
 * @param name one word
 * @param title a line for people
 * @param x what is varied
 * @param window how long a variant runs in each round
 * @param isReckoned whether to tell what each acquire costs the servers
 */
public record Study(
    String name,
    String title,
    String x,
    Duration window,
    List<Variant> variants,
    boolean isReckoned) {
  /** One that tells nothing of the servers. */
  public Study(String name, String title, String x, Duration window, List<Variant> variants) {
    this(name, title, x, window, variants, false);
  }
}
