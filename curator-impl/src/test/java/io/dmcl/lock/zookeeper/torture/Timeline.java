package io.dmcl.lock.zookeeper.torture;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.stream.XMLStreamException;

/**
 * A picture of a run: a lane for each node and server, with what it did and what was done to it.
 * What is too short or too close to be seen apart becomes one bar, so that its size is bounded
 * whatever happens. Thread-safe.
 */
final class Timeline {
  private static final double MOST_PIXELS = 14_000;
  private static final double PIXELS_PER_SECOND = 20;

  private final Options options;
  private final long startNanos;
  private final double nanosPerPixel;
  private final Map<String, Lane> lanes = new TreeMap<>();
  private final Map<String, Open> open = new HashMap<>();
  private final List<Breach> breaches = new ArrayList<>();
  private long endNanos;

  /** A part of a lane. */
  record Bar(String style, int row, double from, double to, String title) {}

  private record Open(String style, String lane, int row, long fromNanos, String title) {}

  /** What belongs to one node or server. */
  static final class Lane {
    final List<Bar> bars = new ArrayList<>();
    private final Map<String, Integer> last = new HashMap<>();

    void add(Bar bar) {
      String key = bar.style + bar.row;
      Integer index = last.get(key);
      Bar before = index == null ? null : bars.get(index);
      if (index != null && before != null && bar.from - before.to < 1) {
        double to = Math.max(before.to, bar.to);
        bars.set(index, new Bar(bar.style, bar.row, before.from, to, before.title));
      } else {
        last.put(key, bars.size());
        bars.add(bar);
      }
    }
  }

  Timeline(Options options, long startNanos) {
    this.options = options;
    this.startNanos = startNanos;
    endNanos = startNanos;
    double seconds = options.time().toSeconds() + 30.0;
    nanosPerPixel = 1e9 / Math.min(PIXELS_PER_SECOND, MOST_PIXELS / seconds);
  }

  private double x(long nanos) {
    return (nanos - startNanos) / nanosPerPixel;
  }

  /** A promise was broken. */
  synchronized void accept(Breach breach) {
    breaches.add(breach);
  }

  /** Takes in an event. */
  synchronized void accept(Event event) {
    endNanos = Math.max(endNanos, event.nanos());
    String lane = event.who().replaceFirst("\\..*", "");
    switch (event.what()) {
      case "started" -> begin(event, event.text("node"), "life", laneOf(event.text("node")), -1);
      case "killed" -> killed(event, event.text("node"));
      case "exited" -> killed(event, event.who());
      case "connection" -> connection(event, lane);
      case "fault" ->
          begin(
              event,
              "fault " + event.text("id"),
              "fault " + event.text("kind"),
              laneOf(event.text("on")),
              -2);
      case "healed" -> end(event.nanos(), "fault " + event.text("id"));
      default -> {
        if (event.has("lock")) {
          used(event, lane, row(event.text("lock")));
        }
      }
    }
  }

  private static String laneOf(String who) {
    return who.replaceFirst("\\..*", "");
  }

  private static int row(String lock) {
    return Integer.parseInt(lock.substring(1));
  }

  private void used(Event event, String lane, int row) {
    String key = event.who() + ' ' + (event.has("hold") ? event.text("hold") : "hook" + row);
    switch (event.what()) {
      case "ask" -> begin(event, key, "waiting", lane, row);
      case "refused" -> end(event.nanos(), key);
      case "had" -> {
        end(event.nanos(), key);
        if (event.has("from")) {
          end(event.nanos(), event.who() + ' ' + event.text("from"));
        }
        begin(event, key, event.text("mode").equals("X") ? "exclusive" : "shared", lane, row);
        if (event.text("told").equals("OWNER_DIED")) {
          tick(event, "died", lane, row);
        }
      }
      case "unlock" -> end(event.nanos(), key);
      case "demote" -> begin(event, key, "hook", lane, row);
      case "demoted" -> end(event.nanos(), key);
      case "recover" -> tick(event, "recovered", lane, row);
      default -> {}
    }
    if (event.what().equals("demote") && event.is("fails")) {
      end(event.nanos(), key);
    }
  }

  private void connection(Event event, String lane) {
    String key = event.who() + " connection";
    end(event.nanos(), key);
    String state = event.text("state");
    if (state.equals("SUSPENDED") || state.equals("LOST")) {
      begin(event, key, state.equals("LOST") ? "lost" : "suspended", lane, options.resources());
    }
  }

  private void begin(Event event, String key, String style, String lane, int row) {
    open.put(key, new Open(style, lane, row, event.nanos(), event.toString()));
  }

  private void end(long nanos, String key) {
    Open bar = open.remove(key);
    if (bar != null) {
      add(bar.lane, new Bar(bar.style, bar.row, x(bar.fromNanos), x(nanos), title(bar, nanos)));
    }
  }

  private String title(Open bar, long nanos) {
    String[] words = bar.title.split(" ", 2);
    return String.format(
        "%.3f s, for %.3f s: %s",
        (bar.fromNanos - startNanos) / 1e9, (nanos - bar.fromNanos) / 1e9, words[1]);
  }

  private void tick(Event event, String style, String lane, int row) {
    add(lane, new Bar(style, row, x(event.nanos()), x(event.nanos()) + 2, event.toString()));
  }

  private void add(String lane, Bar bar) {
    lanes.computeIfAbsent(lane, name -> new Lane()).add(bar);
  }

  private void killed(Event event, String node) {
    end(event.nanos(), node);
    for (String key : List.copyOf(open.keySet())) {
      if (key.startsWith(node + ' ')) {
        end(event.nanos(), key);
      }
    }
  }

  /** Writes it, as an SVG. */
  synchronized void write(Path file) throws IOException {
    for (String key : List.copyOf(open.keySet())) {
      end(endNanos, key);
    }
    Map<String, Lane> ordered = new LinkedHashMap<>(lanes);
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      new Picture(out, options.resources(), x(endNanos), 1e9 / nanosPerPixel)
          .write(heading(), ordered, breaches.stream().map(this::mark).toList());
    } catch (XMLStreamException e) {
      throw new IOException(e);
    }
  }

  /** Where something is to be marked in the whole picture. */
  record Mark(double x, String text) {}

  private Mark mark(Breach breach) {
    return new Mark(x(breach.nanos()), breach.toString());
  }

  private String heading() {
    return String.format(
        "%d s, seed %d: %d nodes, %d servers, %d locks; %d broken promises",
        options.time().toSeconds(),
        options.seed(),
        options.nodes(),
        Servers.COUNT,
        options.resources(),
        breaches.size());
  }
}
