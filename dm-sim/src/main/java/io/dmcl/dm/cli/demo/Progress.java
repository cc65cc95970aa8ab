package io.dmcl.dm.cli.demo;

import java.io.PrintStream;
import java.util.Locale;

/** Says what is going on, line by line, each with the seconds since the start. Thread-safe. */
public final class Progress {
  private final PrintStream out;
  private final long begunNanos = System.nanoTime();

  /** Begins to count the seconds. */
  public Progress(PrintStream out) {
    this.out = out;
  }

  /** A line with the time; formats as {@link String#format}. */
  public void say(String format, Object... arguments) {
    double seconds = (System.nanoTime() - begunNanos) / 1e9;
    String text = String.format(Locale.ROOT, format, arguments);
    line(String.format(Locale.ROOT, "%6.1f s  %s", seconds, text));
  }

  /** A line without the time. */
  public void line(String text) {
    out.println(text);
    out.flush();
  }
}
