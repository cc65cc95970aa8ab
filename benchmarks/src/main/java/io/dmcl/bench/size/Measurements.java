package io.dmcl.bench.size;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dmcl.bench.measure.Recall;
import io.dmcl.bench.measure.ServerCost;
import io.dmcl.bench.measure.ServerMemory;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the study {@value #STUDY} found, as its JSON has it.
 *
 * @param machine what it was measured on
 * @param acquires what they cost
 * @param bytesPerLock on the heap of each server
 * @param bytesPerGrant besides
 */
record Measurements(
    String machine, List<Measured> acquires, double bytesPerLock, double bytesPerGrant) {
  static final String STUDY = "cost";

  /**
   * Reads them.
   *
   * @throws IOException if the file is not a report that has the study
   */
  static Measurements read(InputStream json) throws IOException {
    JsonNode report = new ObjectMapper().readTree(json);
    for (JsonNode study : report.path("studies")) {
      if (study.path("name").asText().equals(STUDY)) {
        JsonNode environment = report.path("environment");
        return of(
            environment.path("machine").asText() + ", " + environment.path("date").asText(), study);
      }
    }
    throw new IOException(
        "the report has no study \"" + STUDY + "\": dmcl bench --full --only=" + STUDY);
  }

  private static Measurements of(String machine, JsonNode study) throws IOException {
    Map<Point, Map<String, Double>> points = new LinkedHashMap<>();
    for (JsonNode value : study.path("values")) {
      points
          .computeIfAbsent(
              new Point(value.path("series").asText(), value.path("x").asDouble()),
              point -> new LinkedHashMap<>())
          .put(value.path("unit").asText(), value.path("value").path("median").asDouble());
    }
    List<Measured> acquires = new ArrayList<>();
    double bytesPerLock = Double.NaN;
    double bytesPerGrant = Double.NaN;
    for (Map.Entry<Point, Map<String, Double>> entry : points.entrySet()) {
      Point point = entry.getKey();
      Map<String, Double> units = entry.getValue();
      if (point.series.equals(ServerMemory.SERIES)) {
        bytesPerLock = number(units, ServerMemory.LOCK);
        bytesPerGrant = number(units, ServerMemory.GRANT);
      } else {
        Cost cost =
            new Cost(
                number(units, ServerCost.REQUESTS),
                number(units, ServerCost.TRANSACTIONS),
                number(units, ServerCost.NOTIFICATIONS),
                number(units, ServerCost.BYTES));
        acquires.add(new Measured(point.series, point.x, cost, number(units, ServerCost.CPU)));
      }
    }
    return new Measurements(machine, acquires, bytesPerLock, bytesPerGrant);
  }

  private record Point(String series, double x) {}

  private static double number(Map<String, Double> units, String unit) throws IOException {
    Double value = units.get(unit);
    if (value == null) {
      throw new IOException("the study has no " + unit);
    }
    return value;
  }

  /** What an acquire of this kind was seen to cost at the greatest x that is not above this one. */
  Measured of(String series, double x) {
    return acquires.stream()
        .filter(each -> each.series().equals(series) && each.x() <= x)
        .max(Comparator.comparingDouble(Measured::x))
        .orElseThrow(() -> new IllegalStateException("not measured: " + series + " at " + x));
  }

  /** What a writer costs that recalls as many readers as were measured, at most. */
  Measured widestRecall() {
    return acquires.stream()
        .filter(each -> each.series().equals(Recall.SERIES))
        .max(Comparator.comparingDouble(Measured::x))
        .orElseThrow(() -> new IllegalStateException("no recall was measured"));
  }
}
