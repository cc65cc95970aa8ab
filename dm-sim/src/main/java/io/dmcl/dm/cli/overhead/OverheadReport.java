package io.dmcl.dm.cli.overhead;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What was measured; times are nanoseconds per I/O.
 *
 * @param ios how many I/Os each has done
 * @param bare a bare file
 * @param twoBare two bare files, one after the other
 * @param mirror the mirror
 * @param undurable the mirror without waiting for the disk: locks, gates, splitting and copying
 * @param logWrites how often the mirror's log was written
 */
record OverheadReport(
    long ios, double bare, double twoBare, double mirror, double undurable, long logWrites) {

  /** The I/O per second of the mirror in that of the bare file. */
  double ratio() {
    return bare / mirror;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT, "%-44s%14s%14s%12s", "", "I/O per second", "us per I/O", "ratio"));
    lines.add(line("bare file", bare));
    lines.add(line("two bare files, one after the other", twoBare));
    lines.add(line("mirror, cached locks", mirror));
    lines.add("");
    lines.add(String.format(Locale.ROOT, "of a mirror's I/O:%36s%14s", "us", "%"));
    lines.add(share("two bare writes", twoBare));
    lines.add(share("locks, gates, splitting, copying", undurable));
    double rest = mirror - twoBare - undurable;
    lines.add(
        share(
            String.format(
                Locale.ROOT,
                "the log, written %.3f times per I/O; noise",
                logWrites / (double) ios),
            rest));
    lines.add("");
    lines.add(String.format(Locale.ROOT, "%,d I/Os on each, in turns", ios));
    lines.add(String.format(Locale.ROOT, "ceiling %.2f", bare / twoBare));
    lines.add(String.format(Locale.ROOT, "ratio %.2f", ratio()));
    return lines;
  }

  private String line(String what, double nanos) {
    return String.format(
        Locale.ROOT, "%-44s%14.0f%14.1f%12.2f", what, 1e9 / nanos, nanos / 1e3, bare / nanos);
  }

  private String share(String what, double nanos) {
    return String.format(
        Locale.ROOT, "  %-44s%8.1f%14.0f", what, nanos / 1e3, 100 * nanos / mirror);
  }
}
