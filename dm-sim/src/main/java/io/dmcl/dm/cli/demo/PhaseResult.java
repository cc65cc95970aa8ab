package io.dmcl.dm.cli.demo;

import io.dmcl.lock.LockStats;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;

/** What a node did in a phase, or several nodes together. Not thread-safe. */
final class PhaseResult {
  /** What is counted. */
  enum Counter {
    OPERATIONS,
    READS,
    WRITES,
    RELOADS,
    RELOADS_AVOIDED,
    GRANTS,
    HITS,
    RECALLS,
    /** A read, or the base of a write, that was not what the file had under the lock. */
    STALE,
    /** A counter that went back. */
    WENT_BACK,
    /** A record half written, though nobody was reported dead. */
    TORN,
    /** A hold that was lost before it was unlocked. */
    LOST_HOLDS,
    REPAIRS
  }

  private final Map<Counter, Long> counts = new EnumMap<>(Counter.class);
  private final Latencies acquires = new Latencies();
  private final Latencies handOvers = new Latencies();
  private double operationsPerSecond;

  void count(Counter counter) {
    count(counter, 1);
  }

  void count(Counter counter, long by) {
    counts.merge(counter, by, Long::sum);
  }

  long get(Counter counter) {
    return counts.getOrDefault(counter, 0L);
  }

  /** The time to acquire, of every operation. */
  Latencies acquires() {
    return acquires;
  }

  /** The time to acquire a lock that another node had last. */
  Latencies handOvers() {
    return handOvers;
  }

  double operationsPerSecond() {
    return operationsPerSecond;
  }

  void took(long nanos) {
    operationsPerSecond = get(Counter.OPERATIONS) * 1e9 / Math.max(1, nanos);
  }

  void add(LockStats stats) {
    Map<Counter, ToLongFunction<LockStats>> of =
        Map.of(
            Counter.GRANTS, LockStats::grants,
            Counter.HITS, LockStats::hits,
            Counter.RECALLS, LockStats::recalls);
    of.forEach((counter, value) -> count(counter, value.applyAsLong(stats)));
  }

  void addAll(PhaseResult other) {
    for (Counter counter : Counter.values()) {
      count(counter, other.get(counter));
    }
    acquires.addAll(other.acquires);
    handOvers.addAll(other.handOvers);
    operationsPerSecond += other.operationsPerSecond;
  }

  /** One line, for {@link #parse}. */
  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    for (Counter counter : Counter.values()) {
      parts.add(counter.name() + "=" + get(counter));
    }
    parts.add("rate=" + String.format(Locale.ROOT, "%.3f", operationsPerSecond));
    parts.add("acquires=" + acquires);
    parts.add("handOvers=" + handOvers);
    return String.join(" ", parts);
  }

  static PhaseResult parse(String line) {
    Map<String, String> values = new HashMap<>();
    for (String part : line.split(" ", -1)) {
      int equals = part.indexOf('=');
      values.put(part.substring(0, equals), part.substring(equals + 1));
    }
    PhaseResult result = new PhaseResult();
    for (Counter counter : Counter.values()) {
      result.count(counter, Long.parseLong(values.getOrDefault(counter.name(), "0")));
    }
    result.operationsPerSecond = Double.parseDouble(values.getOrDefault("rate", "0"));
    result.acquires.addAll(Latencies.parse(values.getOrDefault("acquires", "")));
    result.handOvers.addAll(Latencies.parse(values.getOrDefault("handOvers", "")));
    return result;
  }
}
