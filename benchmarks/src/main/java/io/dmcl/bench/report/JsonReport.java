package io.dmcl.bench.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.dmcl.bench.measure.Growth;
import io.dmcl.bench.measure.Statistics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The report for programs. */
public final class JsonReport {
  private JsonReport() {}

  private record Document(
      Environment environment, String method, List<Study> studies, List<Ratio> ratios) {}

  private record Study(
      String name,
      String title,
      String x,
      List<Value> values,
      List<Growth> growths,
      List<String> skipped) {}

  private record Value(String series, double x, String unit, Statistics value) {}

  private record Ratio(
      String name, String meaning, String goal, boolean reached, String of, Statistics value) {}

  /** Writes it. */
  public static void write(BenchReport report, Path file) throws IOException {
    Document document =
        new Document(
            report.environment(),
            report.method(),
            report.studies().stream()
                .map(
                    result ->
                        new Study(
                            result.study().name(),
                            result.study().title(),
                            result.study().x(),
                            result.values().entrySet().stream()
                                .map(
                                    e ->
                                        new Value(
                                            e.getKey().series(),
                                            e.getKey().x(),
                                            e.getKey().unit(),
                                            e.getValue()))
                                .toList(),
                            Growth.of(result),
                            result.skipped()))
                .toList(),
            report.ratios().stream()
                .map(
                    result ->
                        new Ratio(
                            result.ratio().name(),
                            result.ratio().meaning(),
                            result.ratio().goal().toString(),
                            result.isReached(),
                            result.worst().toString(),
                            result.value()))
                .toList());
    new ObjectMapper()
        .enable(SerializationFeature.INDENT_OUTPUT)
        .writeValue(file.toFile(), document);
  }
}
