package io.dmcl.bench.measure;

import java.util.Arrays;
import java.util.List;

/**
 * The rounds of one number.
 *
 * @param rounds in their order
 */
public record Statistics(List<Double> rounds, double median, double min, double max) {
  /**
   * Of these values.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Statistics of(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("nothing was measured");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Statistics(
        Arrays.stream(values).boxed().toList(), median, sorted[0], sorted[sorted.length - 1]);
  }

  /** The quotients, round by round. */
  public Statistics over(Statistics divisor) {
    if (rounds.size() != divisor.rounds.size()) {
      throw new IllegalArgumentException("not of the same rounds");
    }
    double[] quotients = new double[rounds.size()];
    for (int i = 0; i < quotients.length; i++) {
      quotients[i] = rounds.get(i) / divisor.rounds.get(i);
    }
    return of(quotients);
  }
}
