package io.dmcl.bench.measure;

import io.dmcl.bench.server.Addresses;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that is measured: opened once, run for a window in every round, closed at the end. What
 * is opened waits without doing anything while other variants have their turn.
 */
public interface Variant extends AutoCloseable {
  /**
   * Into how many parts a window is divided to get the length of its lead-in, which is not counted.
   */
  int LEAD_IN = 4;

  /** What it is called while it runs. */
  String name();

  /** The program that has to be installed for it, if any. */
  default @Nullable String needs() {
    return null;
  }

  /** Whether it has to run once before it counts; false if it warms up by itself. */
  default boolean needsWarmUp() {
    return true;
  }

  /** Makes ready what it needs. */
  void open(Addresses servers) throws Exception;

  /**
   * Runs, for about this long, and returns what was found. What is found while it gets up to speed
   * does not count.
   */
  Map<Key, Double> run(Duration window) throws Exception;

  @Override
  void close() throws Exception;
}
