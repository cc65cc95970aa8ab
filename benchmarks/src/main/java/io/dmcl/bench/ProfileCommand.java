package io.dmcl.bench;

import com.google.common.io.Closer;
import io.dmcl.bench.measure.Counting;
import io.dmcl.bench.measure.Rounds;
import io.dmcl.bench.measure.Study;
import io.dmcl.bench.measure.Variant;
import io.dmcl.bench.profile.Profile;
import io.dmcl.bench.report.Environment;
import io.dmcl.bench.server.Servers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Where the time of an acquire goes. */
@Command(
    name = "profile",
    description = {
      "Shows what the threads of the client and of the servers do for one acquire: time on a",
      "processor, waits for each other, and for the disk. Recorded with Flight Recorder in all four",
      "processes. ZooKeeper only: ours, Curator's, and bare requests, fsync on."
    },
    mixinStandardHelpOptions = true)
final class ProfileCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "STUDY",
      description = "Which studies (default: uncached hand-over sets).")
  private List<String> names = List.of(Studies.UNCACHED, Studies.HAND_OVER, Studies.SETS);

  @Option(names = "--seconds", description = "How long each runs (default: ${DEFAULT-VALUE}).")
  private int seconds = 4;

  @Override
  public Integer call() throws Exception {
    Scale scale = Scale.QUICK;
    Studies studies = new Studies(scale);
    List<String> known = studies.all().stream().map(Study::name).toList();
    if (seconds < 1 || !known.containsAll(names)) {
      throw new CommandLine.ParameterException(
          new CommandLine(this), "At least one second, and the studies are " + known);
    }
    List<Variant> variants = new ArrayList<>();
    Environment.here(true).lines().forEach(System.out::println);
    try (Servers servers = Servers.start(Path.of(System.getProperty("java.io.tmpdir")), true)) {
      new Rounds(servers, 0, scale.serverWarmUps(), System.err::println).warmUp(studies.warmUp());
      for (Study study : studies.all()) {
        if (names.contains(study.name())) {
          variants.addAll(study.variants());
        }
      }
      profile(variants, scale, servers);
    }
    return 0;
  }

  private void profile(List<Variant> variants, Scale scale, Servers servers) throws Exception {
    try (Closer open = Closer.create()) {
      List<Counting> opened = new ArrayList<>();
      for (Variant variant : variants) {
        if (variant instanceof Counting counting && variant.needs() == null) {
          open.register(() -> Rounds.close(variant));
          variant.open(servers);
          opened.add(counting);
        }
      }
      // The first recording changes code in each process, which is compiled anew; nobody reads it.
      Profile.of(opened.get(0), scale.window(), servers);
      // Until the compilers are done, or nearly: what they take is not there for the acquires.
      for (int turn = 1; turn <= scale.serverWarmUps(); turn++) {
        System.err.println("warm-up " + turn + " of " + scale.serverWarmUps());
        for (Counting variant : opened) {
          variant.run(scale.window());
        }
      }
      for (Counting variant : opened) {
        Profile.of(variant, Duration.ofSeconds(seconds), servers).print(System.out);
      }
    }
  }
}
