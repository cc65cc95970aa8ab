package io.dmcl.bench.measure;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.hipparchus.stat.regression.SimpleRegression;

/**
 * How a number grows with what a study varies: as x to the power of {@code exponent}, the slope of
 * the least-squares line through the medians on logarithmic axes. 0: it does not grow; 1: linear. A
 * rate that does not suffer has 0; one to which each x adds as much work as the one before has -1.
 *
 * @param from the least x
 * @param to the most
 */
public record Growth(String series, String unit, double from, double to, double exponent) {
  /** Two points are on a line whatever they are. */
  private static final int LEAST_POINTS = 3;

  /**
   * Of every series that was measured at three values of x or more, in their order. Nothing grows
   * with a percentile.
   */
  public static List<Growth> of(StudyResult result) {
    if (result.study().x().equals(ArrivalLatency.PERCENTILE)) {
      return List.of();
    }
    Map<String, Map<String, TreeMap<Double, Double>>> points = new LinkedHashMap<>();
    result
        .values()
        .forEach(
            (key, value) -> {
              if (key.x() > 0 && value.median() > 0) { // what has a logarithm
                points
                    .computeIfAbsent(key.series(), series -> new LinkedHashMap<>())
                    .computeIfAbsent(key.unit(), unit -> new TreeMap<>())
                    .put(key.x(), value.median());
              }
            });
    List<Growth> growths = new ArrayList<>();
    points.forEach(
        (series, units) ->
            units.forEach(
                (unit, curve) -> {
                  if (curve.size() >= LEAST_POINTS) {
                    growths.add(
                        new Growth(series, unit, curve.firstKey(), curve.lastKey(), slope(curve)));
                  }
                }));
    return growths;
  }

  private static double slope(Map<Double, Double> curve) {
    SimpleRegression line = new SimpleRegression();
    curve.forEach((x, y) -> line.addData(Math.log(x), Math.log(y)));
    return line.getSlope();
  }
}
