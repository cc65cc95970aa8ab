package io.dmcl.dm.cli.overhead;

import io.dmcl.dm.Bio;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code overhead}: its options. */
@Command(
    name = "overhead",
    mixinStandardHelpOptions = true,
    description = {
      "Measures random I/O through a clustered mirror with cached locks against a bare file, in"
          + " turns, every write durable when it is done; prints the ratio.",
      "Two bare files, written one after the other, show how near to a bare file a mirror can get."
    },
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {"0:measured", "1:failed", "2:misused"})
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class OverheadCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Where the files are made, on the disk in question. Default: java.io.tmpdir.")
  private @Nullable Path directory;

  @Option(
      names = "--seconds",
      defaultValue = "20",
      description = "How long to measure, all in all. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--bytes",
      defaultValue = "4096",
      description = "The size of an I/O, a multiple of 512. Default: ${DEFAULT-VALUE}.")
  private int bytes;

  @Option(
      names = "--reads",
      defaultValue = "0",
      paramLabel = "PERCENT",
      description = "How many I/Os are reads. Default: ${DEFAULT-VALUE}.")
  private int reads;

  @Option(
      names = "--mib",
      defaultValue = "32",
      description = "The size of the files in MiB. Default: ${DEFAULT-VALUE}.")
  private int mib;

  @Option(
      names = "--region",
      defaultValue = "4096",
      paramLabel = "SECTORS",
      description = "The mirror's regions, a power of two. Default, as LVM's: ${DEFAULT-VALUE}.")
  private int regionSectors;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Which places, in which order. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Override
  public Integer call() throws Exception {
    if (seconds < 1) {
      throw misused("--seconds: at least 1");
    } else if (mib < 1 || mib > 1024) {
      throw misused("--mib: from 1 to 1024");
    } else if (bytes < 1 || bytes % Bio.SECTOR != 0 || bytes > 1 << 20) {
      throw misused("--bytes: a multiple of 512, at most 1 MiB");
    } else if (Integer.bitCount(regionSectors) != 1 || regionSectors < 2) {
      throw misused("--region: a power of two");
    } else if (reads < 0 || reads > 99) {
      throw misused("--reads: from 0 to 99");
    }
    if (System.getProperty("dmcl.log") == null) {
      // The ensemble is in this process, and its clients complain until it is complete.
      System.setProperty("dmcl.log", "ERROR");
    }
    Path where = directory == null ? Path.of(System.getProperty("java.io.tmpdir")) : directory;
    Workload workload = new Workload((long) mib << 20, bytes, reads, seed);
    OverheadRun run = new OverheadRun(workload, regionSectors, Duration.ofSeconds(seconds), where);
    run.measure().lines().forEach(System.out::println);
    return 0;
  }

  private ParameterException misused(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
