package io.dmcl.dm.cli.demo;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Options of a demo: how many nodes work for how long on which servers. */
public final class ClusterOptions {
  @Spec(Target.MIXEE)
  private @Nullable CommandSpec command;

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
      description = "How long each phase is. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  /**
   * Returns if they make sense.
   *
   * @throws ParameterException if they do not
   */
  public void check(int maxNodes) {
    if (nodes < 2 || nodes > maxNodes) {
      throw misused("--nodes: from 2 to " + maxNodes);
    } else if (seconds < 1) {
      throw misused("--seconds: at least 1");
    } else if (tickMs < 1) {
      throw misused("--tick-ms: at least 1");
    }
  }

  /** What to say when an option makes no sense. */
  public ParameterException misused(String message) {
    CommandSpec spec = command;
    if (spec == null) {
      throw new IllegalStateException("not of a command");
    }
    return new ParameterException(spec.commandLine(), message);
  }

  /** The ensemble to use; null: one of our own. */
  public @Nullable String connectString() {
    return connectString;
  }

  /** The tick of an ensemble that is there. */
  public Duration tick() {
    return Duration.ofMillis(tickMs);
  }

  /** How many processes. */
  public int nodes() {
    return nodes;
  }

  /** How long each phase is. */
  public Duration phase() {
    return Duration.ofSeconds(seconds);
  }
}
