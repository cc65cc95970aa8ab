package io.dmcl.dm.cli.demo;

import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How long things took: a histogram of nanoseconds whose buckets are within 7 per cent. Not
 * thread-safe.
 */
final class Latencies {
  private static final int STEPS = 16;
  private static final int STEP_BITS = 4;

  private final long[] counts = new long[STEPS * Long.SIZE];

  void add(long nanos) {
    counts[bucket(Math.max(0, nanos))]++;
  }

  void addAll(Latencies other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += other.counts[i];
    }
  }

  long count() {
    return java.util.Arrays.stream(counts).sum();
  }

  /** The time that this part of all was not over; 0 if there was none. */
  long quantileNanos(double part) {
    long rank = (long) Math.ceil(part * count());
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (seen > 0 && seen >= rank) {
        return upperBound(i);
      }
    }
    return 0;
  }

  private static int bucket(long nanos) {
    if (nanos < STEPS) {
      return (int) nanos;
    }
    int shift = Long.SIZE - 1 - STEP_BITS - Long.numberOfLeadingZeros(nanos);
    return (shift + 1) * STEPS + (int) ((nanos >>> shift) - STEPS);
  }

  private static long upperBound(int bucket) {
    if (bucket < STEPS) {
      return bucket;
    }
    int shift = bucket / STEPS - 1;
    return ((STEPS + bucket % STEPS + 1L) << shift) - 1;
  }

  /** For {@link #parse}: no spaces. */
  @Override
  public String toString() {
    return IntStream.range(0, counts.length)
        .filter(i -> counts[i] > 0)
        .mapToObj(i -> i + ":" + counts[i])
        .collect(Collectors.joining(","));
  }

  static Latencies parse(String text) {
    Latencies result = new Latencies();
    if (!text.isEmpty()) {
      for (String bucket : text.split(",", -1)) {
        int colon = bucket.indexOf(':');
        result.counts[Integer.parseInt(bucket.substring(0, colon))] =
            Long.parseLong(bucket.substring(colon + 1));
      }
    }
    return result;
  }
}
