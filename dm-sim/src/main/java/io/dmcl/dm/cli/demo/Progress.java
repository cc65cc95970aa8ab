package io.dmcl.dm.cli.demo;

import java.io.PrintStream;
import java.util.Locale;

/** Says what is going on, line by line, each with the seconds since the start. Thread-safe. */
final class Progress {
  private final PrintStream out;
  private final long begunNanos = System.nanoTime();

  Progress(PrintStream out) {
    this.out = out;
  }

  void say(String format, Object... arguments) {
    double seconds = (System.nanoTime() - begunNanos) / 1e9;
    String text = String.format(Locale.ROOT, format, arguments);
    line(String.format(Locale.ROOT, "%6.1f s  %s", seconds, text));
  }

  /** A line without the time. */
  void line(String text) {
    out.println(text);
    out.flush();
  }
}
