package io.dmcl.bench.server;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The bytes of live objects in another JVM, as {@code jcmd} counts them after a collection. */
final class LiveHeap {
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

  private LiveHeap() {}

  static long of(long pid) throws IOException, InterruptedException {
    String output = Jcmd.ask(pid, "GC.class_histogram");
    Matcher total = TOTAL.matcher(output);
    if (!total.find()) {
      throw new IOException("jcmd: " + output);
    }
    return Long.parseLong(total.group(1));
  }
}
