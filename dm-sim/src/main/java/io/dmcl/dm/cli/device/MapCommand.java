package io.dmcl.dm.cli.device;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The command {@code dm map}. */
@Command(
    name = "map",
    mixinStandardHelpOptions = true,
    description = {
      "Draws a device: a mirror's regions, a snapshot's exceptions, an origin's ranges, and which"
          + " node has which lock.",
      "Asks ZooKeeper for every lock of the lockspace."
    })
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
final class MapCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @ParentCommand private DmCommand parent;

  @Parameters(paramLabel = "DEVICE")
  private String device;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Draws into a file, .svg or .png, instead of the terminal.")
  private @Nullable Path file;

  @Override
  public Integer call() throws Exception {
    Path picture = file;
    if (picture != null && !picture.toString().toLowerCase(Locale.ROOT).matches(".*\\.(svg|png)")) {
      throw new ParameterException(spec.commandLine(), "--out: a name that ends in .svg or .png");
    }
    Reply reply = parent.call(Request.of("map", device));
    if (reply.status() != 0) {
      parent.err().println(reply.error());
      return reply.status();
    }
    DeviceMap map = DeviceMap.parse(reply.text());
    if (picture != null) {
      MapPicture.save(map, picture);
    } else {
      MapText.lines(map).forEach(parent.out()::println);
    }
    return 0;
  }
}
