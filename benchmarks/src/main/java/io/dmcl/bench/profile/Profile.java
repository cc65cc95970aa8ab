package io.dmcl.bench.profile;

import io.dmcl.bench.measure.Counting;
import io.dmcl.bench.server.Servers;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What the threads of the client and of the three servers do for one acquire with its unlock.
 *
 * @param variant what was run
 * @param acquires how many there were
 * @param nanos in which time
 * @param client by kind of thread
 * @param servers by kind of thread, all servers together
 */
public record Profile(
    String variant,
    long acquires,
    long nanos,
    Map<String, ThreadUse> client,
    Map<String, ThreadUse> servers) {

  /** What takes less of a processor, and waits less, is not told by itself. */
  private static final double LEAST_CPU_SHARE = 0.01;

  private static final double LEAST_WAITS = 0.05;
  private static final double NANOS_PER_MICRO = 1e3;

  /** Runs a variant that is open and warm. */
  public static Profile of(Counting variant, Duration window, Servers servers) throws Exception {
    List<Long> pids = new ArrayList<>(List.of(ProcessHandle.current().pid()));
    pids.addAll(servers.zooKeeperPids());
    Recordings recordings = new Recordings(pids);
    List<Map<String, ThreadUse>> uses;
    long before = variant.acquires();
    long start = System.nanoTime();
    long nanos;
    try {
      variant.run(window);
    } finally {
      nanos = System.nanoTime() - start;
      uses = recordings.stop();
    }
    return new Profile(
        variant.name(),
        variant.acquires() - before,
        nanos,
        uses.get(0),
        Recordings.sum(uses.subList(1, uses.size())));
  }

  /** Prints it as a table, without the compilers, which belong to no acquire. */
  public void print(PrintStream out) {
    ThreadUse all = total(client, false).plus(total(servers, false));
    ThreadUse compilers = total(client, true).plus(total(servers, true));
    out.printf(
        "%n%s: %,d acquires, %,.0f us each; processors busy: %.2f, and %.2f with compiling%n",
        variant,
        acquires,
        nanos / NANOS_PER_MICRO / acquires,
        all.cpuNanos() / nanos,
        compilers.cpuNanos() / nanos);
    out.printf(
        "  %-8s %-34s %8s %8s %8s %8s%n", "", "for one acquire", "CPU us", "waits", "forces", "us");
    printAll("client", client, all, out);
    printAll("servers", servers, all, out);
    printLine("", "all", all, out);
  }

  private void printAll(
      String process, Map<String, ThreadUse> uses, ThreadUse all, PrintStream out) {
    ThreadUse others = ThreadUse.NONE;
    for (Map.Entry<String, ThreadUse> each : uses.entrySet()) {
      ThreadUse use = each.getValue();
      if (ThreadUses.isCompiler(each.getKey())) {
        continue;
      }
      boolean small =
          use.cpuNanos() < LEAST_CPU_SHARE * all.cpuNanos()
              && use.waits() < LEAST_WAITS * acquires
              && use.forces() == 0;
      if (small) {
        others = others.plus(use);
      } else {
        printLine(process, each.getKey(), use, out);
      }
    }
    printLine(process, "others", others, out);
  }

  private void printLine(String process, String kind, ThreadUse use, PrintStream out) {
    out.printf(
        "  %-8s %-34s %8.1f %8.2f %8s %8s%n",
        process,
        kind,
        use.cpuNanos() / NANOS_PER_MICRO / acquires,
        (double) use.waits() / acquires,
        use.forces() == 0 ? "" : String.format("%.2f", (double) use.forces() / acquires),
        use.forces() == 0
            ? ""
            : String.format("%.1f", use.forceNanos() / NANOS_PER_MICRO / acquires));
  }

  private static ThreadUse total(Map<String, ThreadUse> uses, boolean compilers) {
    return uses.entrySet().stream()
        .filter(each -> ThreadUses.isCompiler(each.getKey()) == compilers)
        .map(Map.Entry::getValue)
        .reduce(ThreadUse.NONE, ThreadUse::plus);
  }
}
