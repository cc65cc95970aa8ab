package io.dmcl.lock.zookeeper.torture;

import java.io.Writer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/** Draws a {@link Timeline}: lanes from top to bottom, time from left to right. */
final class Picture {
  private static final String NAMESPACE = "http://www.w3.org/2000/svg";
  private static final double LEFT = 60;
  private static final double TOP = 90;
  private static final double ROW = 11;
  private static final double FAULT_ROW = 15;
  private static final double GAP = 14;

  private static final Map<String, String> COLOURS =
      Map.ofEntries(
          Map.entry("life", "#f2f4f6"),
          Map.entry("waiting", "#f5d76e"),
          Map.entry("shared", "#7fbf7b"),
          Map.entry("exclusive", "#3b76b8"),
          Map.entry("hook", "#e08214"),
          Map.entry("suspended", "#f4a6a6"),
          Map.entry("lost", "#c0392b"),
          Map.entry("died", "#7b3294"),
          Map.entry("recovered", "#00a07a"));

  private static final List<List<String>> LEGEND =
      List.of(
          List.of("waiting", "waits"),
          List.of("shared", "holds shared"),
          List.of("exclusive", "holds exclusively"),
          List.of("hook", "demote hook"),
          List.of("died", "was told OWNER_DIED"),
          List.of("recovered", "repaired it"),
          List.of("suspended", "connection lost"),
          List.of("lost", "session lost"),
          List.of("fault", "fault"));

  private final XMLStreamWriter xml;
  private final int locks;
  private final double width;
  private final double pixelsPerSecond;

  Picture(Writer out, int locks, double width, double pixelsPerSecond) throws XMLStreamException {
    xml = XMLOutputFactory.newInstance().createXMLStreamWriter(out);
    this.locks = locks;
    this.width = width;
    this.pixelsPerSecond = pixelsPerSecond;
  }

  void write(String heading, Map<String, Timeline.Lane> lanes, List<Timeline.Mark> marks)
      throws XMLStreamException {
    double height = TOP;
    for (String name : lanes.keySet()) {
      height += heightOf(name) + GAP;
    }
    xml.writeStartDocument("UTF-8", "1.0");
    xml.writeStartElement("svg");
    xml.writeDefaultNamespace(NAMESPACE);
    attribute("width", width + LEFT + 20);
    attribute("height", height + 20);
    xml.writeAttribute("font-family", "sans-serif");
    xml.writeAttribute("font-size", "10");
    text(LEFT, 18, "14", "What was done to the cluster, and what it did: " + heading);
    legend();
    scale(height);
    double y = TOP;
    for (Map.Entry<String, Timeline.Lane> lane : lanes.entrySet()) {
      lane(lane.getKey(), lane.getValue(), y);
      y += heightOf(lane.getKey()) + GAP;
    }
    for (Timeline.Mark mark : marks) {
      rectangle(LEFT + mark.x(), TOP - 20, 2, height - TOP + 20, "#ff0000", mark.text());
      text(LEFT + mark.x() + 4, TOP - 12, "9", mark.text());
    }
    xml.writeEndElement();
    xml.writeEndDocument();
    xml.close();
  }

  private static boolean isNode(String lane) {
    return lane.startsWith("n");
  }

  private double heightOf(String lane) {
    return FAULT_ROW + (isNode(lane) ? ROW * locks + 6 : 0);
  }

  private void legend() throws XMLStreamException {
    double x = LEFT;
    for (List<String> entry : LEGEND) {
      rectangle(x, 30, 12, 9, colour(entry.get(0)), entry.get(1));
      text(x + 16, 38, "10", entry.get(1));
      x += 26 + 6.2 * entry.get(1).length();
    }
    text(LEFT, 54, "10", "One row per lock, r0 on top; point at a bar to see what it is.");
  }

  private void scale(double height) throws XMLStreamException {
    int step = pixelsPerSecond >= 10 ? 5 : 60;
    for (int second = 0; second * pixelsPerSecond <= width; second += step) {
      double x = LEFT + second * pixelsPerSecond;
      rectangle(x, TOP - 8, 0.5, height - TOP + 8, "#cccccc", "");
      text(x + 2, TOP - 10, "9", String.format("%d:%02d", second / 60, second % 60));
    }
  }

  private void lane(String name, Timeline.Lane lane, double top) throws XMLStreamException {
    text(8, top + heightOf(name) / 2 + 4, "13", isNode(name) ? "node " + name.substring(1) : name);
    for (Timeline.Bar bar : lane.bars) {
      if (bar.row() == -1) {
        double y = top + FAULT_ROW;
        bar(bar, y, heightOf(name) - FAULT_ROW);
      }
    }
    for (Timeline.Bar bar : lane.bars) {
      if (bar.row() == -2) {
        fault(bar, top);
      } else if (bar.row() == locks) {
        bar(bar, top + FAULT_ROW + ROW * locks + 1, 4);
      } else if (bar.row() >= 0) {
        bar(bar, top + FAULT_ROW + ROW * bar.row(), ROW - 2);
      }
    }
  }

  private void fault(Timeline.Bar bar, double top) throws XMLStreamException {
    String kind = bar.style().substring("fault ".length());
    bar(bar, top + 3, FAULT_ROW - 5);
    double room = bar.to() - bar.from();
    String label = kind.toLowerCase(Locale.ROOT).replaceFirst("_.*", "");
    if (room > 6.0 * label.length()) {
      text(LEFT + bar.from() + 2, top + FAULT_ROW - 4, "9", label);
    }
  }

  private void bar(Timeline.Bar bar, double y, double height) throws XMLStreamException {
    double length = Math.max(0.8, bar.to() - bar.from());
    rectangle(LEFT + bar.from(), y, length, height, colour(bar.style()), bar.title());
  }

  private static String colour(String style) {
    return COLOURS.getOrDefault(style, "#ef8a8a");
  }

  private void rectangle(
      double x, double y, double length, double height, String colour, String title)
      throws XMLStreamException {
    xml.writeStartElement("rect");
    attribute("x", x);
    attribute("y", y);
    attribute("width", length);
    attribute("height", height);
    xml.writeAttribute("fill", colour);
    if (!title.isEmpty()) {
      xml.writeStartElement("title");
      xml.writeCharacters(title);
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private void text(double x, double y, String size, String characters) throws XMLStreamException {
    xml.writeStartElement("text");
    attribute("x", x);
    attribute("y", y);
    xml.writeAttribute("font-size", size);
    xml.writeCharacters(characters);
    xml.writeEndElement();
  }

  private void attribute(String name, double value) throws XMLStreamException {
    xml.writeAttribute(name, String.format(Locale.ROOT, "%.1f", value));
  }
}
