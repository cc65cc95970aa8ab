package io.dmcl.dm.cli.demo;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

  @Mixin private ClusterOptions cluster;

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
    cluster.check(MAX_NODES);
    DemoRun.Settings settings =
        new DemoRun.Settings(
            cluster.nodes(),
            cluster.phase(),
            seed,
            cluster.connectString(),
            cluster.tick(),
            ignoreFreshness);
    return new DemoRun(settings, new Progress(System.out)).call("dmcl lock-demo");
  }
}
