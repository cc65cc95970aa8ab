package io.dmcl.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.bench.measure.Key;
import io.dmcl.bench.measure.Statistics;
import io.dmcl.bench.measure.Study;
import io.dmcl.bench.measure.StudyResult;
import java.io.StringReader;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ChartsTest {
  private static final int BARS = 14;

  private static String text(Map<Key, Statistics> values) throws Exception {
    Study study = new Study("study", "a study", "x", Duration.ofMillis(1), List.of());
    Map<String, String> charts = Charts.of(new StudyResult(study, values, List.of()));
    assertThat(charts).containsOnlyKeys(Key.PER_SECOND);
    return Objects.requireNonNull(charts.get(Key.PER_SECOND));
  }

  private static Document chart(Map<Key, Statistics> values) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(text(values))));
  }

  private static Map<Key, Statistics> values(double factor, int... xs) {
    Map<Key, Statistics> values = new LinkedHashMap<>();
    for (int x : xs) {
      values.put(Key.rate("slow", x), Statistics.of(x));
      values.put(Key.rate("fast", x), Statistics.of(factor * x));
    }
    values.put(Key.rate("once", xs[0]), Statistics.of(3));
    return values;
  }

  private static void assertDrawn(Document svg) {
    assertThat(svg.getDocumentElement().getTagName()).isEqualTo("svg");
    assertThat(svg.getElementsByTagName("path").getLength()).isPositive();
  }

  @Test
  void of_oneValueOfX_bars() throws Exception {
    assertDrawn(chart(values(2, 1)));
  }

  /** Letters are drawn, so a label that is there is seen by the chart's being another one. */
  @Test
  void of_manyBars_eachHasItsLabel() throws Exception {
    String chart = text(bars(-1));
    for (int i = 0; i < BARS; i++) {
      assertThat(text(bars(i))).as("bar %d", i).isNotEqualTo(chart);
    }
  }

  private static Map<Key, Statistics> bars(int otherLabel) {
    Map<Key, Statistics> values = new LinkedHashMap<>();
    for (int i = 0; i < BARS; i++) {
      String series = "a series with a name " + (char) ((i == otherLabel ? 'A' : 'a') + i);
      values.put(Key.rate(series, 1), Statistics.of(1 + i));
    }
    return values;
  }

  @Test
  void of_barsThatDifferByFarMoreThanTenfold_logarithmic() throws Exception {
    assertDrawn(chart(values(1e6, 1, 8)));
  }

  @Test
  void of_manyValuesOfX_lines() throws Exception {
    assertDrawn(chart(values(2, 1, 2, 3)));
  }

  @Test
  void of_linesThatSpanFarMoreThanTenfold_logarithmic() throws Exception {
    assertDrawn(chart(values(1e5, 1, 10, 1_000)));
  }

  @Test
  void of_valuesThatAreZero_linear() throws Exception {
    Map<Key, Statistics> values = values(1e6, 1, 8);
    values.put(Key.rate("slow", 1), Statistics.of(0));

    assertDrawn(chart(values));
  }
}
