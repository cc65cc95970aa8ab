package io.dmcl.dm.cli.device;

import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Settings;
import io.dmcl.lock.LockException;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The command {@code dm node}: a process that has devices until it is told to end. */
@Command(
    name = "node",
    mixinStandardHelpOptions = true,
    description = {
      "Runs a node: the devices live in this process, and the other commands reach it through"
          + " --run-dir.",
      "It ends, and removes its devices, on SIGTERM or SIGINT."
    })
// picocli sets the fields.
@SuppressWarnings("NullAway.Init")
public final class NodeCommand implements Callable<Integer> {
  @ParentCommand private DmCommand parent;

  @Option(
      names = "--connect",
      required = true,
      paramLabel = "host:port,...",
      description = "The ZooKeeper ensemble.")
  private String connectString;

  @Option(
      names = "--images",
      required = true,
      paramLabel = "DIR",
      description = "Where the disks are, which table lines call file:NAME.")
  private Path images;

  @Option(
      names = "--root",
      defaultValue = "/dmcl",
      description = "The path of the locks in ZooKeeper. Default: ${DEFAULT-VALUE}.")
  private String root;

  @Option(
      names = "--lockspace",
      defaultValue = Lockspace.DEFAULT_NAME,
      description = "The lockspace: the same for all nodes. Default: ${DEFAULT-VALUE}.")
  private String lockspaceName;

  @Option(
      names = "--session-timeout-ms",
      defaultValue = "15000",
      description = "After so long a dead node is found out. Default: ${DEFAULT-VALUE}.")
  private long sessionTimeoutMs;

  @Option(
      names = "--tick-ms",
      defaultValue = "2000",
      description = "The servers' tickTime or more. Default: ${DEFAULT-VALUE}.")
  private long tickMs;

  @Option(names = "--non-cached", description = "Gives every lock back after use.")
  private boolean nonCached;

  @Override
  public Integer call() throws Exception {
    if (!Files.isDirectory(images)) {
      System.err.println("dmcl dm node: no such directory: " + images);
      return 1;
    }
    CountDownLatch ended = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    Thread hook = new Thread(() -> awaitEnd(ended, closed), "dm-node-end");
    try (Lockspace lockspace =
            ZooKeeperLockspace.connect(connectString)
                .root(root)
                .name(lockspaceName)
                .sessionTimeout(Duration.ofMillis(sessionTimeoutMs))
                .tick(Duration.ofMillis(tickMs))
                .open();
        DeviceMapper devices =
            new DeviceMapper(lockspace, images, Settings.DEFAULT.withCaching(!nonCached));
        DeviceServer server = DeviceServer.start(parent.runDirectory(), new DeviceCalls(devices))) {
      lockspace.dump(); // the session is there: no command is refused for want of it
      Runtime.getRuntime().addShutdownHook(hook);
      System.out.println("node " + lockspace.nodeId() + " is ready");
      ended.await();
    } catch (IOException | LockException e) {
      System.err.println("dmcl dm node: " + e.getMessage());
      return 1;
    } finally {
      closed.countDown();
    }
    return 0;
  }

  /** Keeps the machine running until the devices are removed. */
  private static void awaitEnd(CountDownLatch ended, CountDownLatch closed) {
    ended.countDown();
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
