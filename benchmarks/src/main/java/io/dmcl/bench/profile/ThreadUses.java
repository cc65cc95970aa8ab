package io.dmcl.bench.profile;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedThread;
import jdk.jfr.consumer.RecordingFile;

/** What the threads of a process have done, by their kind, read from a Flight Recording. */
final class ThreadUses {
  private static final String CPU_LOAD = "jdk.ThreadCPULoad";
  private static final String FORCE = "jdk.FileForce";

  /** What has to be recorded. */
  static final List<String> EVENTS =
      List.of(CPU_LOAD, FORCE, "jdk.ThreadPark", "jdk.JavaMonitorWait", "jdk.JavaMonitorEnter");

  /** Of a client's threads the kind comes last, after who has started it. */
  private static final Pattern OF_CLIENT = Pattern.compile(".*-((?:Send|Event)Thread)\\b.*");

  /** What tells threads of a kind from each other: numbers, and whom they talk to. */
  private static final Pattern TELLS_APART = Pattern.compile("[(\\[:/].*|[-# ]?\\d+$");

  private ThreadUses() {}

  /** What {@code thread} is one of. */
  static String kind(String thread) {
    Matcher client = OF_CLIENT.matcher(thread);
    String kind = client.matches() ? client.group(1) : thread;
    kind = TELLS_APART.matcher(kind).replaceFirst("");
    return kind.endsWith("-") ? kind.substring(0, kind.length() - 1) : kind;
  }

  /** Whether threads of this kind compile. */
  static boolean isCompiler(String kind) {
    return kind.endsWith("CompilerThread");
  }

  /** Reads a recording of {@link #EVENTS} from its beginning to its end. */
  static Map<String, ThreadUse> of(Path recording) throws IOException {
    List<RecordedEvent> events = RecordingFile.readAllEvents(recording);
    Instant start =
        Instant.MAX; // the load is told at the start, of what was before, and at the end
    Instant end = Instant.MIN;
    for (RecordedEvent event : events) {
      if (event.getEventType().getName().equals(CPU_LOAD)) {
        start = event.getStartTime().isBefore(start) ? event.getStartTime() : start;
        end = event.getStartTime().isAfter(end) ? event.getStartTime() : end;
      }
    }
    Map<String, ThreadUse> uses = new TreeMap<>();
    for (RecordedEvent event : events) {
      RecordedThread thread = event.getThread();
      boolean before = !event.getStartTime().isAfter(start);
      if (thread != null && thread.getJavaName() != null && !before) {
        uses.merge(kind(thread.getJavaName()), use(event, start), ThreadUse::plus);
      }
    }
    return uses;
  }

  private static ThreadUse use(RecordedEvent event, Instant start) {
    switch (event.getEventType().getName()) {
      case CPU_LOAD:
        double share = event.getFloat("user") + event.getFloat("system"); // of all processors
        double processors = Runtime.getRuntime().availableProcessors();
        Duration since = Duration.between(start, event.getStartTime());
        return new ThreadUse(share * processors * since.toNanos(), 0, 0, 0);
      case FORCE:
        return new ThreadUse(0, 0, 1, event.getDuration().toNanos());
      default:
        return new ThreadUse(0, 1, 0, 0);
    }
  }
}
