package io.dmcl.bench.profile;

import io.dmcl.bench.server.Jcmd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Flight Recordings of several processes at the same time. */
final class Recordings {
  private static final String NAME = "name=dmcl-profile";

  private final List<Long> pids;

  /** Starts them. */
  Recordings(List<Long> pids) throws IOException, InterruptedException {
    this.pids = List.copyOf(pids);
    List<String> command = new ArrayList<>(List.of("JFR.start", NAME, "settings=none"));
    ThreadUses.EVENTS.forEach(event -> command.add("+" + event + "#enabled=true"));
    for (long pid : pids) {
      var unused = Jcmd.ask(pid, command.toArray(new String[0]));
    }
  }

  /** Ends them; what each process has done, in the order of the processes. */
  List<Map<String, ThreadUse>> stop() throws IOException, InterruptedException {
    List<Map<String, ThreadUse>> uses = new ArrayList<>();
    for (long pid : pids) {
      Path file = Files.createTempFile("dmcl-profile-", ".jfr");
      try {
        var dumped = Jcmd.ask(pid, "JFR.dump", NAME, "filename=" + file);
        var stopped = Jcmd.ask(pid, "JFR.stop", NAME);
        uses.add(ThreadUses.of(file));
      } finally {
        Files.delete(file);
      }
    }
    return uses;
  }

  /** What several processes have done together. */
  static Map<String, ThreadUse> sum(List<Map<String, ThreadUse>> processes) {
    Map<String, ThreadUse> sum = new TreeMap<>();
    processes.forEach(
        process -> process.forEach((kind, use) -> sum.merge(kind, use, ThreadUse::plus)));
    return sum;
  }
}
