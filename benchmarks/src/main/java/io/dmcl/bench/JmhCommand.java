package io.dmcl.bench;

import io.dmcl.bench.server.GivenAddresses;
import io.dmcl.bench.server.Servers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** JMH itself, with servers that it starts. */
@Command(
    name = "jmh",
    description = {
      "Runs the JMH benchmarks with JMH's own options, on servers that it starts (fsync on):",
      "  dmcl bench jmh -p contender=\"dmcl cached,dmcl\" -p locks=1,64 -t 64 -prof gc"
    })
final class JmhCommand implements Callable<Integer> {
  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() throws Exception {
    CommandLineOptions given = new CommandLineOptions(arguments.toArray(new String[0]));
    if (given.shouldHelp()) {
      given.showHelp();
      return 0;
    }
    Path directory = Path.of(System.getProperty("java.io.tmpdir"));
    try (Servers servers = Servers.start(directory, true)) {
      GivenAddresses.toProperties(servers, null);
      Options options =
          new OptionsBuilder().parent(given).jvmArgsAppend(GivenAddresses.asJvmOptions()).build();
      new Runner(options).run();
    }
    return 0;
  }
}
