package io.dmcl.dm.cli.demo;

import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.KeeperException;

/** The path under which a demo's locks are in ZooKeeper: a new one for each run. */
public final class LockRoot implements AutoCloseable {
  private static final int RETRY_MS = 500;
  private static final Duration CONNECTING = Duration.ofSeconds(5);

  private final String path =
      "/dmcl-demo-" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
  private final Servers servers;
  private boolean removed;

  /** Draws one; nothing is made yet. */
  public LockRoot(Servers servers) {
    this.servers = servers;
  }

  /** Where the locks are. */
  public String path() {
    return path;
  }

  /**
   * What nodes that have ended have left in the locks' queues, or else in the way of a purge; then
   * removes all of it.
   */
  List<String> removeAll(TableShape shape) throws Exception {
    List<String> left = new ArrayList<>();
    try (CuratorFramework client = client()) {
      client.start();
      try (Lockspace lockspace =
          ZooKeeperLockspace.on(client).root(path).tick(servers.tick()).open()) {
        for (LockspaceDump.LockEntry lock : lockspace.dump().locks()) {
          if (!lock.queue().isEmpty() || !lock.deadIntents().isEmpty()) {
            left.add(lock.name() + ": " + lock.queue() + " " + lock.deadIntents());
          }
        }
        int purged = lockspace.purgeUnused();
        if (left.isEmpty() && purged != shape.segments()) {
          left.add("of " + shape.segments() + " locks " + purged + " could be purged");
        }
      }
      remove(client);
    }
    return left;
  }

  /** Removes it if that was not done. */
  @Override
  public void close() throws Exception {
    if (removed) {
      return;
    }
    try (CuratorFramework client = client()) {
      client.start();
      if (client.blockUntilConnected((int) CONNECTING.toMillis(), TimeUnit.MILLISECONDS)) {
        remove(client);
      }
    }
  }

  private void remove(CuratorFramework client) throws Exception {
    try {
      client.delete().deletingChildrenIfNeeded().forPath(path);
    } catch (KeeperException.NoNodeException e) {
      // nobody has got so far
    }
    removed = true;
  }

  private CuratorFramework client() {
    int sessionTimeoutMs = (int) servers.sessionTimeout().toMillis();
    return CuratorFrameworkFactory.builder()
        .connectString(servers.connectString())
        .sessionTimeoutMs(sessionTimeoutMs)
        .connectionTimeoutMs(sessionTimeoutMs)
        .retryPolicy(new RetryOneTime(RETRY_MS))
        .build();
  }
}
