package io.dmcl.bench.report;

import io.dmcl.bench.measure.Growth;
import io.dmcl.bench.measure.Key;
import io.dmcl.bench.measure.Numbers;
import io.dmcl.bench.measure.Ratio;
import io.dmcl.bench.measure.Statistics;
import io.dmcl.bench.measure.StudyResult;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;

/** The report as text. Its last lines are {@code ratio NAME VALUE}, one for each number tracked. */
public final class TextReport {
  private TextReport() {}

  /** Prints what is known before. */
  public static void printHead(Environment environment, String method, PrintStream out) {
    environment.lines().forEach(out::println);
    out.println("method    " + method);
  }

  /** Prints the numbers that are tracked. */
  public static void printRatios(List<Ratio.Result> ratios, PrintStream out) {
    out.printf("%n%-36s %10s %10s %10s  %s%n", "ratio", "median", "min", "max", "goal");
    for (Ratio.Result result : ratios) {
      Statistics value = result.value();
      String goal = result.ratio().goal().toString();
      out.printf(
          "%-36s %10s %10s %10s  %s%n",
          result.ratio().name(),
          Numbers.format(value.median()),
          Numbers.format(value.min()),
          Numbers.format(value.max()),
          goal.isEmpty() ? "" : goal + (result.isReached() ? "" : "  missed"));
    }
    out.println();
    for (Ratio.Result result : ratios) {
      out.println("ratio " + result.ratio().name() + " " + Numbers.format(result.value().median()));
    }
  }

  /** Prints one study. */
  public static void printStudy(StudyResult result, PrintStream out) {
    out.printf(
        "%n%s: %s%n  %-34s %8s %12s %12s %12s  %s%n",
        result.study().name(), result.study().title(), "", "x", "median", "min", "max", "unit");
    for (Map.Entry<Key, Statistics> entry : result.values().entrySet()) {
      Key key = entry.getKey();
      Statistics value = entry.getValue();
      out.printf(
          "  %-34s %8s %12s %12s %12s  %s%n",
          key.series(),
          Numbers.format(key.x()),
          Numbers.format(value.median()),
          Numbers.format(value.min()),
          Numbers.format(value.max()),
          key.unit());
    }
    out.println("  (x: " + result.study().x() + ")");
    for (Growth growth : Growth.of(result)) {
      out.printf(
          "  %-34s grows as x^%.2f from %s to %s  (%s)%n",
          growth.series(),
          growth.exponent(),
          Numbers.format(growth.from()),
          Numbers.format(growth.to()),
          growth.unit());
    }
    result.skipped().forEach(line -> out.println("  skipped " + line));
  }
}
