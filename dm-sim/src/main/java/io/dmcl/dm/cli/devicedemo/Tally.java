package io.dmcl.dm.cli.devicedemo;

import io.dmcl.lock.LockStats;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a node did in a phase, or several nodes together. Not thread-safe. */
final class Tally {
  /** What is counted. */
  enum Counter {
    READS,
    WRITES,
    /** Acquires that the coordinator was asked for. */
    CLUSTER_ACQUIRES,
    /** Acquires that a cached grant served. */
    HITS,
    /** Grants after which metadata had to be read or asked for again. */
    RELOADS,
    /** Acquires, of either kind, after which nothing had to. */
    RELOADS_AVOIDED,
    RECALLS,
    /** Bios that were refused because the node had lost its locks. */
    REFUSED,
    /** Blocks that were not what they must be. */
    WRONG
  }

  private final long[] counts = new long[Counter.values().length];
  private double iosPerSecond;

  void count(Counter counter) {
    counts[counter.ordinal()]++;
  }

  void count(Counter counter, long by) {
    counts[counter.ordinal()] += by;
  }

  long get(Counter counter) {
    return counts[counter.ordinal()];
  }

  long ios() {
    return get(Counter.READS) + get(Counter.WRITES);
  }

  double iosPerSecond() {
    return iosPerSecond;
  }

  double perThousandIos(Counter counter) {
    return ios() == 0 ? 0 : 1000.0 * get(counter) / ios();
  }

  void took(long nanos) {
    iosPerSecond = ios() * 1e9 / Math.max(1, nanos);
  }

  /** The difference of two readings of a lockspace's counters. */
  void addLocks(LockStats before, LockStats after) {
    long hits = after.hits() - before.hits();
    long grants = after.grants() - before.grants();
    long unchanged = after.reloadsAvoided() - before.reloadsAvoided();
    count(Counter.CLUSTER_ACQUIRES, after.misses() - before.misses());
    count(Counter.HITS, hits);
    count(Counter.RELOADS, grants - unchanged);
    count(Counter.RELOADS_AVOIDED, hits + unchanged);
    count(Counter.RECALLS, after.recalls() - before.recalls());
  }

  void addAll(Tally other) {
    for (Counter counter : Counter.values()) {
      count(counter, other.get(counter));
    }
    iosPerSecond += other.iosPerSecond;
  }

  /** One line, for {@link #parse}. */
  @Override
  public String toString() {
    List<String> words = new ArrayList<>();
    for (long count : counts) {
      words.add(Long.toString(count));
    }
    words.add(String.format(Locale.ROOT, "%.3f", iosPerSecond));
    return String.join(" ", words);
  }

  static Tally parse(String line) {
    String[] words = line.split(" ", -1);
    Tally tally = new Tally();
    for (Counter counter : Counter.values()) {
      tally.count(counter, Long.parseLong(words[counter.ordinal()]));
    }
    tally.iosPerSecond = Double.parseDouble(words[Counter.values().length]);
    return tally;
  }
}
