package io.dmcl.lock.zookeeper.torture;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/** What a run has shown, for people. */
final class Report {
  /** How often each cell has to be hit in ten minutes. */
  private static final int LEAST_HITS = 10;

  private static final double FULL_MINUTES = 10;
  private static final int MOST_BREACHES = 3;
  private static final long AROUND_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final int MOST_EVENTS = 40;

  private final Options options;
  private final Coverage coverage;
  private final Summary summary;
  private final LongFunction<String> time;
  private final PrintStream out = System.out;
  private int gaps;
  private int falseDeaths;

  /**
   * A report.
   *
   * @param time how moments are written
   */
  Report(Options options, Coverage coverage, Summary summary, LongFunction<String> time) {
    this.options = options;
    this.coverage = coverage;
    this.summary = summary;
    this.time = time;
  }

  /** What the ensemble's log has shown. */
  void logged(int gapsInLog, int ownersReportedThatDidNotDie) {
    gaps = gapsInLog;
    falseDeaths = ownersReportedThatDidNotDie;
  }

  void write(List<Breach> breaches, History history) {
    out.println();
    matrix();
    out.println();
    line("holds given out", summary.holds());
    line("accesses to read", summary.reads());
    line("writes", summary.writes());
    line("demote hooks", summary.hooks());
    line("accesses that the gate refused", summary.stale());
    line("holds lost before they were unlocked", summary.lost());
    line("holds told OWNER_DIED", summary.ownersDied());
    line("grants told so, though only a waiter had died", falseDeaths);
    out.printf(
        Locale.ROOT,
        "  %-48s %9.1f s (%s, until %s)%n",
        "longest time a lock was wanted and not used",
        summary.longestNanos() / 1e9,
        summary.longestLock(),
        time.apply(summary.longestEndNanos()));
    out.println("  not acquired: " + summary.refusals());
    if (gaps > 0) {
      out.println("  the ensemble's log has " + gaps + " gaps; what it shows may be wrong");
    }
    out.println();
    breaches.stream().limit(MOST_BREACHES).forEach(breach -> explain(breach, history));
    proof();
    out.println(
        breaches.isEmpty()
            ? "PASSED: no promise was broken"
            : "FAILED: " + breaches.size() + " broken promises; all is in " + options.out());
  }

  private void line(String what, long count) {
    out.printf(Locale.ROOT, "  %-48s %,9d%n", what, count);
  }

  private void matrix() {
    out.printf("%-16s%8s", "faults", "all");
    for (ProtocolState state : ProtocolState.values()) {
      out.printf("%14s", state.name().toLowerCase(Locale.ROOT));
    }
    out.println();
    out.println("-".repeat(24 + 14 * ProtocolState.values().length));
    for (Fault fault : Fault.values()) {
      String name = fault.name().toLowerCase(Locale.ROOT).replace('_', ' ');
      out.printf("%-16s%8d", name, coverage.count(fault));
      for (ProtocolState state : ProtocolState.values()) {
        out.printf("%14d", coverage.hits(fault, state));
      }
      out.println();
    }
  }

  private void proof() {
    int least =
        (int) Math.min(LEAST_HITS, LEAST_HITS * options.time().toSeconds() / 60 / FULL_MINUTES);
    List<Coverage.Cell> few = coverage.below(least);
    if (!few.isEmpty()) {
      out.printf(
          "PROVED TOO LITTLE: %d of the %d meetings of fault and state came about less than %d"
              + " times: %s%n",
          few.size(),
          Fault.values().length * ProtocolState.values().length,
          least,
          few.stream().limit(6).map(cell -> cell.fault() + "+" + cell.state()).toList());
    } else if (least < LEAST_HITS) {
      out.printf(
          "Every kind of fault has hit every state at least %d times; ten minutes would give %d.%n",
          least, LEAST_HITS);
    } else {
      out.printf("Every kind of fault has hit every state at least %d times.%n", least);
    }
  }

  private void explain(Breach breach, History history) {
    out.println("BROKEN at " + time.apply(breach.nanos()) + ": " + breach);
    List<Event> events =
        history.around(
            breach.lock(), breach.nanos() - AROUND_NANOS, breach.nanos() + AROUND_NANOS / 10);
    for (Event event : events.subList(Math.max(0, events.size() - MOST_EVENTS), events.size())) {
      String[] words = event.toString().split(" ", 2);
      out.println("    " + time.apply(event.nanos()) + ' ' + words[1]);
    }
    out.println();
  }
}
