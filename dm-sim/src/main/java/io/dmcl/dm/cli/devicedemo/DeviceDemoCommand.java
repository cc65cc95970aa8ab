package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.cli.demo.ClusterOptions;
import io.dmcl.dm.cli.demo.Progress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code demo}: its options, and its exit status. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Shows devices that share: several processes write and read a mirror with two snapshots, with"
          + " non-cached and with cached locks; one is killed in the middle of a write, one is"
          + " stopped until its session is over.",
      "At the end every block of origin, snapshots and legs is held against what it must be."
    },
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {
      "0:every block is what it must be",
      "1:one is not, or the demo could not be run",
      "2:misused"
    })
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class DeviceDemoCommand implements Callable<Integer> {
  private static final String KILL = "kill";
  private static final int MAX_NODES = 8;

  @Mixin private ClusterOptions cluster;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Which blocks, which node is killed, in which leg. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--keep",
      paramLabel = "DIR",
      description = "Leaves the disks there, with a manifest.json of devices and their SHA-256.")
  private @Nullable Path keep;

  @Option(
      names = "--stop-at",
      paramLabel = KILL,
      description = "kill: ends everything right after a node was killed, before any recovery.")
  private @Nullable String stopAt;

  @Option(
      names = "--sectors",
      defaultValue = "65536",
      description = "The size of the volume, a multiple of 1024. Default: ${DEFAULT-VALUE}.")
  private long sectors;

  @Option(
      names = "--damage",
      paramLabel = "BLOCK",
      hidden = true,
      description = "A fault, to see it found: overwrites a block of the second leg at the end.")
  private @Nullable Integer damaged;

  @Override
  public Integer call() throws Exception {
    cluster.check(MAX_NODES);
    if (stopAt != null && !stopAt.equals(KILL)) {
      throw cluster.misused("--stop-at: only kill");
    } else if (sectors < Volume.MIN_SECTORS || sectors % 1024 != 0) {
      throw cluster.misused("--sectors: a multiple of 1024, at least " + Volume.MIN_SECTORS);
    }
    DeviceDemoRun.Settings settings =
        new DeviceDemoRun.Settings(
            cluster.nodes(),
            cluster.phase(),
            seed,
            sectors,
            cluster.connectString(),
            cluster.tick(),
            stopAt != null,
            keep,
            damaged);
    return new DeviceDemoRun(settings, new Progress(System.out)).call("dmcl demo");
  }
}
