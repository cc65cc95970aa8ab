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
 */
public record Study(String name, String title, String x, Duration window, List<Variant> variants) {}
