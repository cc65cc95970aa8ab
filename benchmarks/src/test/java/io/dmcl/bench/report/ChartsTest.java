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
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ChartsTest {
  private static Document chart(Map<Key, Statistics> values) throws Exception {
    Study study = new Study("study", "a study", "x", Duration.ofMillis(1), List.of());
    Map<String, String> charts = Charts.of(new StudyResult(study, values, List.of()));
    assertThat(charts).containsOnlyKeys(Key.PER_SECOND);
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    return factory
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(charts.get(Key.PER_SECOND))));
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
