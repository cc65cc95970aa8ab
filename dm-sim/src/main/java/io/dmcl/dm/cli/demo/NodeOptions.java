package io.dmcl.dm.cli.demo;

import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What every node process of a demo is told when it is started. */
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class NodeOptions {
  @Option(names = "--dir", required = true)
  private Path directory;

  @Option(names = "--connect", required = true)
  private String connectString;

  @Option(names = "--root", required = true)
  private String root;

  @Option(names = "--node", required = true)
  private int node;

  @Option(names = "--seed", required = true)
  private long seed;

  @Option(names = "--session-timeout-ms", required = true)
  private long sessionTimeoutMs;

  @Option(names = "--tick-ms", required = true)
  private long tickMs;

  /** Opens the lockspace of the demo; returns when its session is there. */
  public Lockspace open() throws InterruptedException {
    Lockspace lockspace =
        ZooKeeperLockspace.connect(connectString)
            .root(root)
            .sessionTimeout(Duration.ofMillis(sessionTimeoutMs))
            .tick(Duration.ofMillis(tickMs))
            .open();
    lockspace.dump();
    return lockspace;
  }

  /** Where all nodes work. */
  public Path directory() {
    return directory;
  }

  /** Which node it is, from 1. */
  public int node() {
    return node;
  }

  /** The seed of the run. */
  public long seed() {
    return seed;
  }
}
