package io.dmcl.bench.size;

import io.dmcl.bench.measure.Numbers;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Says how many servers are needed. */
@Command(
    name = "size",
    description = {
      "Says how many ZooKeeper servers so many nodes and locks need, by a model that is fitted to"
          + " measurements.",
      "Those that come with it are of a small machine; measure on yours first:",
      "  dmcl bench --full --only=cost --json cost.json",
      "  dmcl bench size --cost cost.json --nodes 200 --locks 1000000 --acquires 50000"
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
@SuppressWarnings("NullAway.Init")
public final class SizeCommand implements Callable<Integer> {
  private static final String MEASURED = "cost.json";
  private static final double GIB = 1L << 30;
  private static final double PERCENT = 100;

  @Option(names = "--nodes", required = true, description = "Nodes that have a lockspace open.")
  private long nodes;

  @Option(names = "--locks", required = true, description = "Locks that exist.")
  private long locks;

  @Option(names = "--acquires", required = true, description = "Acquires per second, of all nodes.")
  private double acquires;

  @Option(
      names = "--exclusive",
      paramLabel = "PERCENT",
      defaultValue = "50",
      description = "How many of them are exclusive (default: ${DEFAULT-VALUE}).")
  private double exclusivePercent;

  @Option(
      names = "--parallel",
      defaultValue = "1",
      description =
          "Acquires that a node has under way at a time; they share transactions. Reckoned with if"
              + " not cached (default: ${DEFAULT-VALUE}).")
  private int parallel;

  @Option(names = "--uncached", description = "Grants are not kept.")
  private boolean uncached;

  @Option(
      names = "--remote",
      paramLabel = "PERCENT",
      defaultValue = "5",
      description =
          "For how many of them another node has or had the lock; the others are served by the"
              + " cache (default: ${DEFAULT-VALUE}).")
  private double remotePercent;

  @Option(
      names = "--readers",
      defaultValue = "1",
      description =
          "Nodes that have a lock cached for reading when it is acquired exclusively (default:"
              + " ${DEFAULT-VALUE}).")
  private int readers;

  @Option(
      names = "--tick-ms",
      defaultValue = "2000",
      description = "The tick of the lockspaces (default: ${DEFAULT-VALUE}).")
  private double tickMs;

  @Option(
      names = "--cpus",
      defaultValue = "2",
      description = "Processors of each server (default: ${DEFAULT-VALUE}).")
  private double cpus;

  @Option(
      names = "--utilization",
      paramLabel = "PERCENT",
      defaultValue = "50",
      description = "How much of them may be used on the average (default: ${DEFAULT-VALUE}).")
  private double utilizationPercent;

  @Option(
      names = "--heap-gib",
      defaultValue = "4",
      description = "Live objects on the heap of each server (default: ${DEFAULT-VALUE}).")
  private double heapGib;

  @Option(
      names = "--cost",
      paramLabel = "FILE",
      description = "Measurements (default: those that come with this).")
  private @Nullable Path cost;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    check();
    Measurements measurements = measurements();
    Workload workload =
        new Workload(
            nodes,
            locks,
            acquires,
            exclusivePercent / PERCENT,
            parallel,
            !uncached,
            remotePercent / PERCENT,
            readers,
            tickMs / 1_000);
    Sizing.Server server = new Sizing.Server(cpus, utilizationPercent / PERCENT, heapGib * GIB);
    print(Sizing.of(workload, measurements, server), measurements, System.out);
    return 0;
  }

  private void check() {
    atLeast(1, "--nodes", nodes);
    atLeast(0, "--locks", locks);
    atLeast(0, "--acquires", acquires);
    percentage("--exclusive", exclusivePercent);
    atLeast(1, "--parallel", parallel);
    percentage("--remote", remotePercent);
    atLeast(0, "--readers", readers);
    moreThanNothing("--tick-ms", tickMs);
    moreThanNothing("--cpus", cpus);
    percentage("--utilization", utilizationPercent);
    moreThanNothing("--utilization", utilizationPercent);
    moreThanNothing("--heap-gib", heapGib);
  }

  // Not-a-number is refused, too, hence the negations.

  private void atLeast(int least, String option, double value) {
    if (!(value >= least)) {
      throw misused(option + " is at least " + least);
    }
  }

  private void moreThanNothing(String option, double value) {
    if (!(value > 0)) {
      throw misused(option + " is more than 0");
    }
  }

  private void percentage(String option, double value) {
    if (!(value >= 0 && value <= PERCENT)) {
      throw misused(option + " is between 0 and 100");
    }
  }

  private ParameterException misused(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private Measurements measurements() {
    try (InputStream json = open()) {
      return Measurements.read(json);
    } catch (NoSuchFileException e) {
      throw misused("--cost: there is no file " + e.getFile());
    } catch (IOException e) {
      throw misused("--cost: " + e.getMessage());
    }
  }

  private InputStream open() throws IOException {
    if (cost != null) {
      return Files.newInputStream(cost);
    }
    InputStream resource = SizeCommand.class.getResourceAsStream(MEASURED);
    if (resource == null) {
      throw new FileNotFoundException(MEASURED);
    }
    return resource;
  }

  private void print(Sizing sizing, Measurements measurements, PrintStream out) {
    ServerModel model = ServerModel.fit(measurements.acquires());
    out.printf("measured on %s%n%n", measurements.machine());
    out.printf("  %-24s %8s %12s %12s %8s%n", "an acquire", "x", "CPU us", "model", "error");
    for (Measured each : measurements.acquires()) {
      out.printf(
          "  %-24s %8s %12s %12s %7.0f%%%n",
          each.series(),
          Numbers.format(each.x()),
          Numbers.format(each.cpuMicros()),
          Numbers.format(model.micros(each.cost())),
          PERCENT * model.error(each));
    }
    out.printf(
        "%nCPU of the busiest server: %s us a request, %s us a transaction, %s us a notification,"
            + " %s us a KiB%n",
        Numbers.format(model.microsPerRequest()),
        Numbers.format(model.microsPerTransaction()),
        Numbers.format(model.microsPerNotification()),
        Numbers.format(model.microsPerKib()));
    out.printf(
        "heap of each server: %s bytes a lock, %s bytes a grant%n%n",
        Numbers.format(measurements.bytesPerLock()), Numbers.format(measurements.bytesPerGrant()));
    line("requests/s", sizing.cost().requests(), out);
    line("transactions/s", sizing.cost().transactions(), out);
    line("notifications/s", sizing.cost().notifications(), out);
    line("KiB/s", sizing.cost().bytes() / 1_024, out);
    line("processors, busiest server", sizing.cpu(), out);
    line("heap of each server, MiB", sizing.heapBytes() / (1 << 20), out);
    out.printf("(if it were one ensemble)%n%n");
    out.printf(
        "%d servers: ensembles of %d: %d; sessions of a node: %d; decided by %s%n",
        sizing.servers(),
        Sizing.SERVERS,
        sizing.ensembles(),
        sizing.sessionsPerNode(),
        sizing.limit());
  }

  private static void line(String what, double value, PrintStream out) {
    out.printf("  %-28s %14s%n", what, Numbers.format(value));
  }
}
