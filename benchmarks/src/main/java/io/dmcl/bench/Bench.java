package io.dmcl.bench;

import io.dmcl.bench.measure.MeasurementException;
import io.dmcl.bench.measure.Ratio;
import io.dmcl.bench.measure.Rounds;
import io.dmcl.bench.measure.Study;
import io.dmcl.bench.measure.StudyResult;
import io.dmcl.bench.report.BenchReport;
import io.dmcl.bench.report.Environment;
import io.dmcl.bench.report.HtmlReport;
import io.dmcl.bench.report.JsonReport;
import io.dmcl.bench.report.TextReport;
import io.dmcl.bench.server.Servers;
import io.dmcl.bench.size.SizeCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Measures the locks beside others, on servers that it starts, and says what came out. */
@Command(
    name = "dmcl bench",
    description = {
      "Measures the locks beside others, on servers that it starts on this machine.",
      "Prints the numbers, and at the end one line \"ratio NAME VALUE\" for each comparison."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false,
    subcommands = {JmhCommand.class, ProfileCommand.class, SizeCommand.class})
public final class Bench implements Callable<Integer> {
  @ArgGroup private @Nullable Size size;

  /** How much. */
  static final class Size {
    @Option(names = "--quick", description = "What the ratios need, in 5 minutes (the default).")
    private boolean quick;

    @Option(names = "--full", description = "The whole space of parameters; takes an hour or so.")
    private boolean full;

    @Option(names = "--tiny", hidden = true)
    private boolean tiny;
  }

  @Option(
      names = "--fsync",
      paramLabel = "on|off",
      description = "Whether servers sync what they write before they answer (default: on).")
  private Fsync fsync = Fsync.ON;

  /** Whether it is done. */
  enum Fsync {
    ON,
    OFF
  }

  @Option(names = "--rounds", description = "How often each variant has its turn.")
  private @Nullable Integer rounds;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "STUDY",
      description = "Only these studies; what there are is said if there is no such one.")
  private List<String> only = List.of();

  @Option(names = "--json", paramLabel = "FILE", description = "Writes all numbers to a file.")
  private @Nullable Path json;

  @Option(names = "--html", paramLabel = "FILE", description = "Writes a report with charts.")
  private @Nullable Path html;

  @Option(
      names = "--charts",
      paramLabel = "DIRECTORY",
      description = "Writes the charts as files of their own (SVG).")
  private @Nullable Path charts;

  @Option(
      names = "--directory",
      description = "Where the servers keep their files (default: the temporary directory).")
  private Path directory = Path.of(System.getProperty("java.io.tmpdir"));

  /**
   * Runs it and exits with its status: 0 all was measured, whatever came out; 1 not all; 2 misused.
   */
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Bench()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public Integer call() throws Exception {
    long start = System.nanoTime();
    boolean sync = fsync == Fsync.ON;
    Scale scale = scale();
    int roundCount = rounds == null ? scale.rounds() : rounds;
    Studies studies = new Studies(scale);
    List<Study> chosen = choose(studies.all());
    Environment environment = Environment.here(sync);
    String method = method(scale, roundCount);
    TextReport.printHead(environment, method, System.out);
    List<StudyResult> results = new ArrayList<>();
    progress("starting 3 ZooKeeper servers");
    try (Servers servers = Servers.start(directory, sync)) {
      new Rounds(servers, 0, scale.serverWarmUps(), Bench::progress).warmUp(studies.warmUp());
      Rounds measurement = new Rounds(servers, roundCount, scale.warmUps(), Bench::progress);
      for (Study study : chosen) {
        try {
          StudyResult result = measurement.measure(study);
          TextReport.printStudy(result, System.out);
          results.add(result);
        } catch (MeasurementException e) { // the others are worth having
          e.printStackTrace();
        }
      }
    }
    BenchReport report = new BenchReport(environment, method, results, evaluate(studies, results));
    TextReport.printRatios(report.ratios(), System.out);
    write(report);
    progress("took " + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start) + " s");
    return results.size() == chosen.size() ? 0 : 1;
  }

  private List<Study> choose(List<Study> studies) {
    List<String> names = studies.stream().map(Study::name).toList();
    if (!names.containsAll(only) || (rounds != null && rounds < 1)) {
      throw new CommandLine.ParameterException(
          new CommandLine(this), "There is at least one round, and the studies are " + names);
    }
    return studies.stream().filter(s -> only.isEmpty() || only.contains(s.name())).toList();
  }

  private void write(BenchReport report) throws IOException {
    if (json != null) {
      JsonReport.write(report, json);
    }
    if (html != null) {
      HtmlReport.write(report, html);
    }
    if (charts != null) {
      HtmlReport.writeCharts(report, charts);
    }
  }

  private static List<Ratio.Result> evaluate(Studies studies, List<StudyResult> results) {
    Map<String, StudyResult> byName = new LinkedHashMap<>();
    results.forEach(result -> byName.put(result.study().name(), result));
    return Ratios.all(studies).stream().flatMap(ratio -> ratio.evaluate(byName).stream()).toList();
  }

  private Scale scale() {
    if (size != null && size.full) {
      return Scale.FULL;
    }
    return size != null && size.tiny ? Scale.TINY : Scale.QUICK;
  }

  private static String method(Scale scale, int rounds) {
    return String.format(
        "%d rounds, in each of which every variant of a study runs for a window of %d ms, after a"
            + " lead-in of a quarter of it; before, windows of each to warm up, at most %d, until two"
            + " have found nothing that is 10 %% outside of what there was; servers and clients warmed"
            + " up before that by many nodes at once; JMH: a new process in each round, and a"
            + " window or more in it to warm up; ratios are taken in each round, and the median is told",
        rounds, scale.window().toMillis(), scale.warmUps());
  }

  private static void progress(String line) {
    System.err.println(line);
  }
}
