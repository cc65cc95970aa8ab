package io.dmcl.dm.cli;

import io.dmcl.dm.cli.demo.DemoCommand;
import io.dmcl.dm.cli.demo.NodeCommand;
import io.dmcl.dm.cli.device.DmCommand;
import io.dmcl.dm.cli.devicedemo.DeviceDemoCommand;
import io.dmcl.dm.cli.devicedemo.DeviceNodeCommand;
import io.dmcl.dm.cli.overhead.OverheadCommand;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The root command. It does nothing by itself: each subcommand is a class of its own. */
@Command(
    name = "dmcl",
    description = "Cluster locks on ZooKeeper, and simulated devices that are guarded by them.",
    mixinStandardHelpOptions = true,
    versionProvider = Dmcl.Version.class,
    subcommands = {
      DeviceDemoCommand.class,
      DeviceNodeCommand.class,
      DmCommand.class,
      OverheadCommand.class,
      DemoCommand.class,
      NodeCommand.class
    })
public final class Dmcl implements Runnable {
  @Spec private CommandSpec spec;

  // picocli makes the command and sets its fields.
  @SuppressWarnings("NullAway.Init")
  private Dmcl() {}

  /** Runs one command and exits with its status: 0 done, 1 failed, 2 misused. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Dmcl()).execute(args));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Missing command");
  }

  /** Reads the version that the build wrote beside this class. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      Properties properties = new Properties();
      try (InputStream in = Dmcl.class.getResourceAsStream("version.properties")) {
        if (in == null) {
          throw new IOException("version.properties is not on the class path");
        }
        properties.load(in);
      }
      return new String[] {"dmcl " + properties.getProperty("version")};
    }
  }
}
