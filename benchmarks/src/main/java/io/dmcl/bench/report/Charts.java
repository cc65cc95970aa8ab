package io.dmcl.bench.report;

import io.dmcl.bench.measure.Key;
import io.dmcl.bench.measure.Numbers;
import io.dmcl.bench.measure.Statistics;
import io.dmcl.bench.measure.StudyResult;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;

/**
 * Charts of a study, as SVG: one for each unit. Lines if what is varied has three values or more,
 * bars otherwise. Axes are logarithmic where numbers span more than an order of magnitude and a
 * half.
 */
final class Charts {
  /** Letters are drawn, too: what the eye cannot see would be most of the file. */
  private static final Pattern MORE_DECIMALS = Pattern.compile("(\\d\\.\\d\\d)\\d+");

  private static final int WIDTH = 860;
  private static final int HEIGHT = 430;
  private static final int LINES_FROM = 3;
  private static final double LOGARITHMIC_FROM = 30;

  static {
    System.setProperty(
        "java.awt.headless", "true"); // nothing is shown, whatever there is to show it on
  }

  private Charts() {}

  /** SVG documents by the unit of what they show. */
  static Map<String, String> of(StudyResult result) throws IOException {
    Map<String, Map<Key, Statistics>> byUnit = new LinkedHashMap<>();
    result
        .values()
        .forEach(
            (key, value) ->
                byUnit.computeIfAbsent(key.unit(), unit -> new LinkedHashMap<>()).put(key, value));
    Map<String, String> charts = new LinkedHashMap<>();
    for (Map.Entry<String, Map<Key, Statistics>> entry : byUnit.entrySet()) {
      charts.put(entry.getKey(), svg(chart(result, entry.getKey(), entry.getValue())));
    }
    return charts;
  }

  private static Chart<?, ?> chart(StudyResult result, String unit, Map<Key, Statistics> values) {
    TreeSet<Double> xs = new TreeSet<>(values.keySet().stream().map(Key::x).toList());
    List<String> series = values.keySet().stream().map(Key::series).distinct().toList();
    return xs.size() < LINES_FROM
        ? bars(result, unit, values, xs, series)
        : lines(result, unit, values, xs, series);
  }

  private static XYChart lines(
      StudyResult result,
      String unit,
      Map<Key, Statistics> values,
      TreeSet<Double> xs,
      List<String> series) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(result.study().title())
            .xAxisTitle(result.study().x())
            .yAxisTitle(unit)
            .build();
    for (String name : series) {
      List<Double> x =
          xs.stream().filter(at -> values.containsKey(new Key(name, at, unit))).toList();
      chart.addSeries(name, x, x.stream().map(at -> median(values, name, at, unit)).toList());
    }
    style(chart.getStyler(), values);
    chart.getStyler().setXAxisLogarithmic(isWide(xs.first(), xs.last()));
    return chart;
  }

  private static CategoryChart bars(
      StudyResult result,
      String unit,
      Map<Key, Statistics> values,
      TreeSet<Double> xs,
      List<String> series) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(result.study().title())
            .xAxisTitle(xs.size() == 1 ? "" : result.study().x())
            .yAxisTitle(unit)
            .build();
    List<String> labels = new ArrayList<>();
    List<Double> y = new ArrayList<>();
    for (double x : xs) {
      for (String name : series) {
        if (values.containsKey(new Key(name, x, unit))) {
          labels.add(xs.size() == 1 ? name : name + ", " + Numbers.format(x));
          y.add(median(values, name, x, unit));
        }
      }
    }
    chart.addSeries(unit, labels, y);
    style(chart.getStyler(), values);
    chart.getStyler().setXAxisLabelRotation(90);
    chart.getStyler().setXAxisTickMarkSpacingHint(1); // all are labelled, however many there are
    chart.getStyler().setLegendVisible(false);
    return chart;
  }

  private static Double median(Map<Key, Statistics> values, String series, double x, String unit) {
    Statistics value = values.get(new Key(series, x, unit));
    return value == null ? Double.NaN : value.median();
  }

  private static void style(AxesChartStyler styler, Map<Key, Statistics> values) {
    double least = values.values().stream().mapToDouble(Statistics::median).min().orElse(1);
    double most = values.values().stream().mapToDouble(Statistics::median).max().orElse(1);
    styler.setLegendPosition(Styler.LegendPosition.OutsideE);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBorderVisible(false);
    styler.setPlotGridLinesStroke(new BasicStroke(0.5f)); // dashes would be drawn one by one
    styler.setPlotGridVerticalLinesVisible(false);
    if (isWide(least, most)) {
      styler.setYAxisLogarithmic(true);
      styler.setYAxisMin(Math.pow(10, Math.floor(Math.log10(least)))); // bars would start at 0
    } else {
      styler.setYAxisMin(0.0);
    }
  }

  private static boolean isWide(double least, double most) {
    return least > 0 && most / least > LOGARITHMIC_FROM;
  }

  private static String svg(Chart<?, ?> chart) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsFormat.SVG);
    return MORE_DECIMALS.matcher(out.toString(StandardCharsets.UTF_8)).replaceAll("$1");
  }
}
