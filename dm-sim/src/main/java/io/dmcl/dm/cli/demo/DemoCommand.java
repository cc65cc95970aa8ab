package io.dmcl.dm.cli.demo;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code lock-demo}: its options, and its exit status. */
@Command(
    name = "lock-demo",
    mixinStandardHelpOptions = true,
    description = {
      "Shows the lock at work: several processes read and write one table through it, first"
          + " non-cached, then cached; one of them is killed in the middle of a write.",
      "At the end every record is held against what the processes say they wrote."
    },
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {
      "0:nothing was lost and nothing was stale",
      "1:something was, or the demo could not be run",
      "2:misused"
    })
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class DemoCommand implements Callable<Integer> {
  private static final int MAX_NODES = 32;

  @Spec private CommandSpec spec;

  @Option(
      names = "--connect",
      paramLabel = "host:port,...",
      description = "An ensemble to use. Without it, three servers are started in this process.")
  private @Nullable String connectString;

  @Option(
      names = "--tick-ms",
      defaultValue = "2000",
      description = "With --connect: the servers' tickTime or more. Default: ${DEFAULT-VALUE}.")
  private long tickMs;

  @Option(
      names = "--nodes",
      defaultValue = "3",
      description = "How many processes. Default: ${DEFAULT-VALUE}.")
  private int nodes;

  @Option(
      names = "--seconds",
      defaultValue = "5",
      description = "How long each of the three phases is. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Which records are used in which order. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--ignore-freshness",
      hidden = true,
      description = "A fault, to see it found: one node never reads its copies again.")
  private boolean ignoreFreshness;

  @Override
  public Integer call() throws Exception {
    if (nodes < 2 || nodes > MAX_NODES) {
      throw misused("--nodes: from 2 to " + MAX_NODES);
    } else if (seconds < 1) {
      throw misused("--seconds: at least 1");
    } else if (tickMs < 1) {
      throw misused("--tick-ms: at least 1");
    }
    DemoRun.Settings settings =
        new DemoRun.Settings(
            nodes,
            Duration.ofSeconds(seconds),
            seed,
            connectString,
            Duration.ofMillis(tickMs),
            ignoreFreshness);
    return new DemoRun(settings, new Progress(System.out)).call("dmcl lock-demo");
  }

  private ParameterException misused(String message) {
    CommandLine commandLine = spec.commandLine();
    return new ParameterException(commandLine, message);
  }
}
