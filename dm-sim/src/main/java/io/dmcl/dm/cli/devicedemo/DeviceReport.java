package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.cli.devicedemo.Tally.Counter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What a run has shown: a table for people, and the verdict. Thread-safe. */
final class DeviceReport {
  private static final int PROBLEMS = 20;

  private final List<String> table = new ArrayList<>();
  private final List<String> facts = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private long moreProblems;

  synchronized void fact(String format, Object... arguments) {
    facts.add(String.format(Locale.ROOT, format, arguments));
  }

  synchronized void problem(String text) {
    if (problems.size() < PROBLEMS) {
      problems.add(text);
    } else {
      moreProblems++;
    }
  }

  synchronized boolean isGood() {
    return problems.isEmpty();
  }

  synchronized void compared(Tally nonCached, Tally cached) {
    table.add(row("", "non-cached", "cached"));
    table.add(rule());
    table.add(number("I/O per second", nonCached, cached, Tally::iosPerSecond));
    table.add(number("I/O", nonCached, cached, Tally::ios));
    table.add(number("  reads", nonCached, cached, tally -> tally.get(Counter.READS)));
    table.add(number("  writes", nonCached, cached, tally -> tally.get(Counter.WRITES)));
    table.add(perThousand("cluster acquires", Counter.CLUSTER_ACQUIRES, nonCached, cached));
    table.add(perThousand("served by the cache", Counter.HITS, nonCached, cached));
    table.add(perThousand("metadata reloads", Counter.RELOADS, nonCached, cached));
    table.add(perThousand("metadata reloads avoided", Counter.RELOADS_AVOIDED, nonCached, cached));
    table.add(perThousand("recalls", Counter.RECALLS, nonCached, cached));
    table.add(rule());
    table.add("I/O: 4 KiB to the origin and its snapshots, the same mix, each node mostly at home");
    table.add(
        String.format(
            Locale.ROOT,
            "cached: %.0f times the I/O per second, %.0f times fewer cluster acquires per I/O",
            cached.iosPerSecond() / nonCached.iosPerSecond(),
            nonCached.perThousandIos(Counter.CLUSTER_ACQUIRES)
                / cached.perThousandIos(Counter.CLUSTER_ACQUIRES)));
    table.add("");
  }

  synchronized List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.addAll(table);
    facts.forEach(fact -> lines.add("  " + fact));
    problems.forEach(problem -> lines.add("  WRONG: " + problem));
    if (moreProblems > 0) {
      lines.add("  WRONG: and " + moreProblems + " more like these");
    }
    lines.add("");
    lines.add(isGood() ? "PASSED: every block is what it must be" : "FAILED");
    return lines;
  }

  private static String perThousand(String label, Counter counter, Tally left, Tally right) {
    return row(
        label + " / 1,000 I/O",
        String.format(Locale.ROOT, "%,.1f", left.perThousandIos(counter)),
        String.format(Locale.ROOT, "%,.1f", right.perThousandIos(counter)));
  }

  private static String number(
      String label, Tally left, Tally right, ToDoubleFunction<Tally> value) {
    return row(
        label,
        String.format(Locale.ROOT, "%,.0f", value.applyAsDouble(left)),
        String.format(Locale.ROOT, "%,.0f", value.applyAsDouble(right)));
  }

  private static String row(String label, String left, String right) {
    return String.format(Locale.ROOT, "%-40s%14s%14s", label, left, right);
  }

  private static String rule() {
    return "-".repeat(68);
  }
}
