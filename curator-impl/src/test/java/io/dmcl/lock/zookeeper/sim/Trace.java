package io.dmcl.lock.zookeeper.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** What happened, in lines for a person; nothing is kept, or made, unless it is wanted. */
final class Trace {
  private final boolean wanted;
  private final List<String> lines = new ArrayList<>();

  Trace(boolean wanted) {
    this.wanted = wanted;
  }

  boolean isWanted() {
    return wanted;
  }

  void add(LongSupplier nowNanos, Supplier<String> line) {
    if (wanted) {
      lines.add(String.format("%12.6f ms  %s", nowNanos.getAsLong() / 1e6, line.get()));
    }
  }

  List<String> lines() {
    return lines;
  }
}
