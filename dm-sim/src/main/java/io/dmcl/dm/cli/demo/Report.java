package io.dmcl.dm.cli.demo;

import io.dmcl.dm.cli.demo.PhaseResult.Counter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** What a run has shown: a table for people, and the verdict. */
final class Report {
  private PhaseResult nonCached = new PhaseResult();
  private PhaseResult cached = new PhaseResult();
  private final PhaseResult all = new PhaseResult();
  private final List<String> facts = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  void nonCached(PhaseResult result) {
    nonCached = result;
    all.addAll(result);
  }

  void cached(PhaseResult result) {
    cached = result;
    all.addAll(result);
  }

  void warmedUp(PhaseResult result) {
    all.addAll(result);
  }

  void died(PhaseResult result) {
    all.addAll(result);
  }

  void toured(PhaseResult result) {
    all.addAll(result);
  }

  void repaired(Deaths.@Nullable Repair repair, boolean torn) {
    if (!torn) {
      problems.add("the node that was killed in the middle of a write left no torn record");
    }
    if (repair != null) {
      facts.add(
          String.format(
              Locale.ROOT,
              "a node killed in the middle of a write: node %d was told %.1f s later and put the"
                  + " record back",
              repair.node(),
              repair.seconds()));
    }
  }

  void fenced(boolean refused, long token) {
    if (refused) {
      facts.add("its fencing token, " + token + ", is refused by the table now");
    } else {
      problems.add("the table still admits the dead node's fencing token, " + token);
    }
  }

  void leftBehind(List<String> left) {
    if (left.isEmpty()) {
      facts.add("nothing is left in any lock's queue");
    } else {
      left.forEach(what -> problems.add("left behind: " + what));
    }
  }

  void verified(TableShape shape, Verification verification, List<String> ofDeaths) {
    problems.addAll(ofDeaths);
    problems.addAll(verification.problems());
    long more = verification.problemCount() - verification.problems().size();
    if (more > 0) {
      problems.add("and " + more + " more like these");
    }
    problem(Counter.STALE, "times a copy was used that was not what the file had");
    problem(Counter.WENT_BACK, "times a record's counter went back");
    problem(Counter.TORN, "times a record was torn and nobody was reported dead");
    if (all.get(Counter.LOST_HOLDS) > 0) {
      facts.add(
          String.format(
              Locale.ROOT,
              "%,d holds were lost (the machine was too busy to keep a lease) and done again",
              all.get(Counter.LOST_HOLDS)));
    }
    int records = shape.segments() * shape.records();
    if (verification.problemCount() == 0) {
      facts.add(
          String.format(
              Locale.ROOT,
              "%,d records, %,d of them written: each is what its last writer says",
              records,
              verification.recordsWritten()));
      facts.add(
          String.format(
              Locale.ROOT,
              "%,d acknowledged writes: every record's are numbered from 1 on, none lost, none"
                  + " twice",
              verification.writes()));
    }
    if (all.get(Counter.STALE) == 0) {
      facts.add(
          String.format(
              Locale.ROOT,
              "%,d times a copy was not reloaded: each time it was what the file had",
              all.get(Counter.RELOADS_AVOIDED)));
    }
  }

  private void problem(Counter counter, String what) {
    if (all.get(counter) > 0) {
      problems.add(String.format(Locale.ROOT, "%,d %s", all.get(counter), what));
    }
  }

  boolean isGood() {
    return problems.isEmpty();
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add(row("", "non-cached", "cached"));
    lines.add(rule());
    lines.add(number("operations per second", result -> Math.round(result.operationsPerSecond())));
    lines.add(number("operations", result -> result.get(Counter.OPERATIONS)));
    lines.add(number("  reads", result -> result.get(Counter.READS)));
    lines.add(number("  writes", result -> result.get(Counter.WRITES)));
    lines.add(number("cluster acquires", result -> result.get(Counter.GRANTS)));
    lines.add(number("cache hits", result -> result.get(Counter.HITS)));
    lines.add(number("recalls", result -> result.get(Counter.RECALLS)));
    lines.add(number("reloads", result -> result.get(Counter.RELOADS)));
    lines.add(number("reloads avoided", result -> result.get(Counter.RELOADS_AVOIDED)));
    lines.add(time("acquire, median", result -> result.acquires().quantileNanos(0.5)));
    lines.add(time("acquire, 99 %", result -> result.acquires().quantileNanos(0.99)));
    lines.add(time("hand-over, median", result -> result.handOvers().quantileNanos(0.5)));
    lines.add(time("hand-over, 99 %", result -> result.handOvers().quantileNanos(0.99)));
    lines.add(rule());
    lines.add(
        "hand-over: from asking for a lock to having it, if another node wrote under it last");
    lines.add("");
    facts.forEach(fact -> lines.add("  " + fact));
    problems.forEach(problem -> lines.add("  WRONG: " + problem));
    lines.add("");
    lines.add(isGood() ? "PASSED: nothing lost, nothing stale" : "FAILED");
    return lines;
  }

  private String number(String label, ToLongFunction<PhaseResult> value) {
    return row(
        label,
        String.format(Locale.ROOT, "%,d", value.applyAsLong(nonCached)),
        String.format(Locale.ROOT, "%,d", value.applyAsLong(cached)));
  }

  private String time(String label, ToDoubleFunction<PhaseResult> nanos) {
    return row(
        label, duration(nanos.applyAsDouble(nonCached)), duration(nanos.applyAsDouble(cached)));
  }

  private static String duration(double nanos) {
    if (nanos == 0) {
      return "-";
    } else if (nanos < 1e6) {
      return String.format(Locale.ROOT, "%.1f us", nanos / 1e3);
    }
    return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
  }

  private static String row(String label, String left, String right) {
    return String.format(Locale.ROOT, "%-28s%16s%16s", label, left, right);
  }

  private static String rule() {
    return "-".repeat(60);
  }
}
