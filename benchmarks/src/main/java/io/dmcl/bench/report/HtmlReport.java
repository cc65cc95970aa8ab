package io.dmcl.bench.report;

import com.google.common.html.HtmlEscapers;
import io.dmcl.bench.measure.Growth;
import io.dmcl.bench.measure.Key;
import io.dmcl.bench.measure.Numbers;
import io.dmcl.bench.measure.Ratio;
import io.dmcl.bench.measure.Statistics;
import io.dmcl.bench.measure.StudyResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The report as one HTML file that needs no other, and its charts as files of their own. */
public final class HtmlReport {
  private static final String HEAD =
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <title>dmcl: benchmarks</title>
      <style>
        body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
        table { border-collapse: collapse; margin: 1em 0; }
        th, td { padding: .15em .8em; border-bottom: 1px solid #ddd; text-align: left; }
        td.n { text-align: right; font-variant-numeric: tabular-nums; }
        svg { max-width: 100%; height: auto; }
        pre { white-space: pre-wrap; }
      </style>
      </head>
      <body>
      <h1>dmcl: benchmarks</h1>
      """;

  private HtmlReport() {}

  /** Writes the file. */
  public static void write(BenchReport report, Path file) throws IOException {
    StringBuilder html = new StringBuilder(HEAD);
    html.append("<pre>");
    report.environment().lines().forEach(line -> html.append(escape(line)).append('\n'));
    html.append("method    ").append(escape(report.method())).append("</pre>\n");
    ratios(report.ratios(), html);
    for (StudyResult result : report.studies()) {
      study(result, html);
    }
    html.append("</body>\n</html>\n");
    Files.writeString(file, html);
  }

  /** Writes the charts as {@code STUDY-UNIT.svg}. */
  public static void writeCharts(BenchReport report, Path directory) throws IOException {
    Files.createDirectories(directory);
    for (StudyResult result : report.studies()) {
      for (Map.Entry<String, String> chart : Charts.of(result).entrySet()) {
        String unit = chart.getKey().toLowerCase(Locale.ROOT).replaceAll("[^a-z]+", "-");
        Files.writeString(
            directory.resolve(result.study().name() + "-" + unit + ".svg"), chart.getValue());
      }
    }
  }

  private static void ratios(List<Ratio.Result> ratios, StringBuilder html) {
    html.append("<h2>Ratios</h2>\n<table>\n");
    html.append("<tr><th>ratio<th>meaning<th>median<th>min<th>max<th>goal</tr>\n");
    for (Ratio.Result result : ratios) {
      html.append("<tr>");
      cell(result.ratio().name(), html);
      cell(result.ratio().meaning(), html);
      numbers(result.value(), html);
      String goal = result.ratio().goal().toString();
      cell(goal.isEmpty() || result.isReached() ? goal : goal + ", missed", html);
      html.append("</tr>\n");
    }
    html.append("</table>\n");
  }

  private static void study(StudyResult result, StringBuilder html) throws IOException {
    String title = result.study().name() + ": " + result.study().title();
    html.append("<h2>").append(escape(title)).append("</h2>\n");
    for (String svg : Charts.of(result).values()) {
      html.append(svg.substring(svg.indexOf("<svg"))).append('\n');
    }
    html.append("<table>\n<tr><th>series<th>")
        .append(escape(result.study().x()))
        .append("<th>median<th>min<th>max<th>unit</tr>\n");
    for (Map.Entry<Key, Statistics> entry : result.values().entrySet()) {
      html.append("<tr>");
      cell(entry.getKey().series(), html);
      number(entry.getKey().x(), html);
      numbers(entry.getValue(), html);
      cell(entry.getKey().unit(), html);
      html.append("</tr>\n");
    }
    html.append("</table>\n");
    growths(Growth.of(result), html);
    for (String line : result.skipped()) {
      html.append("<p>Skipped: ").append(escape(line)).append("</p>\n");
    }
  }

  private static void growths(List<Growth> growths, StringBuilder html) {
    if (growths.isEmpty()) {
      return;
    }
    html.append(
        "<table>\n<tr><th>series<th>unit<th>from<th>to<th>grows as x to the power of</tr>\n");
    for (Growth growth : growths) {
      html.append("<tr>");
      cell(growth.series(), html);
      cell(growth.unit(), html);
      number(growth.from(), html);
      number(growth.to(), html);
      html.append("<td class=\"n\">").append(String.format("%.2f", growth.exponent()));
      html.append("</tr>\n");
    }
    html.append("</table>\n");
  }

  private static void numbers(Statistics value, StringBuilder html) {
    number(value.median(), html);
    number(value.min(), html);
    number(value.max(), html);
  }

  private static void number(double value, StringBuilder html) {
    html.append("<td class=\"n\">").append(Numbers.format(value));
  }

  private static void cell(String text, StringBuilder html) {
    html.append("<td>").append(escape(text));
  }

  private static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
