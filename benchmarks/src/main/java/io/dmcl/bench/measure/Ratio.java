package io.dmcl.bench.measure;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A number that is tracked: of two measurements of a study, the quotient in each round; or one
 * measurement as it is. Where there are several, the worst counts.
 *
 * @param name as it is tracked
 * @param meaning a line for people
 * @param study the study's name
 * @param goal what it is to come to
 */
public record Ratio(String name, String meaning, String study, Goal goal, List<Pair> pairs) {
  /** Two measurements, or one with nothing to divide it by. */
  public record Pair(Key dividend, @Nullable Key divisor) {}

  /** What a number is to come to. */
  public record Goal(boolean higherIsBetter, double bound) {
    /** So much or more. */
    public static Goal atLeast(double bound) {
      return new Goal(true, bound);
    }

    /** So much or less. */
    public static Goal atMost(double bound) {
      return new Goal(false, bound);
    }

    /** Nothing is asked for: it is only told. */
    public static Goal none() {
      return new Goal(true, 0);
    }

    boolean isReached(double value) {
      return higherIsBetter ? value >= bound : value <= bound;
    }

    @Override
    public String toString() {
      return bound == 0 && higherIsBetter
          ? ""
          : (higherIsBetter ? ">= " : "<= ") + Numbers.format(bound);
    }
  }

  /** What came out. */
  public record Result(Ratio ratio, Statistics value, Pair worst) {
    /** Whether the median reaches the goal. */
    public boolean isReached() {
      return ratio.goal().isReached(value.median());
    }
  }

  /** The quotient of two series at one value of {@code x}. */
  public static Ratio of(
      String name, String meaning, String study, Goal goal, Key dividend, Key divisor) {
    return new Ratio(name, meaning, study, goal, List.of(new Pair(dividend, divisor)));
  }

  /** One measurement as it is. */
  public static Ratio plain(String name, String meaning, String study, Goal goal, Key key) {
    return new Ratio(name, meaning, study, goal, List.of(new Pair(key, null)));
  }

  /** Nothing, if what it takes has not been measured. */
  public Optional<Result> evaluate(Map<String, StudyResult> studies) {
    StudyResult result = studies.get(study);
    if (result == null) {
      return Optional.empty();
    }
    Comparator<Result> byMedian = Comparator.comparingDouble(r -> r.value().median());
    return pairs.stream()
        .flatMap(pair -> evaluate(pair, result.values()).stream())
        .min(goal.higherIsBetter() ? byMedian : byMedian.reversed());
  }

  private Optional<Result> evaluate(Pair pair, Map<Key, Statistics> values) {
    Statistics dividend = values.get(pair.dividend());
    if (dividend == null) {
      return Optional.empty();
    }
    Key by = pair.divisor();
    if (by == null) {
      return Optional.of(new Result(this, dividend, pair));
    }
    Statistics divisor = values.get(by);
    return divisor == null
        ? Optional.empty()
        : Optional.of(new Result(this, dividend.over(divisor), pair));
  }
}
