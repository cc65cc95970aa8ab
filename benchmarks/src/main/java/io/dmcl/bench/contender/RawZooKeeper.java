package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.ZooKeeper;

/**
 * An ephemeral sequential node, created and deleted, both awaited: what a lock on ZooKeeper cannot
 * do without if it waits for everything it sends. It excludes nobody.
 */
final class RawZooKeeper implements Contender {
  private static final String ROOT = "/raw";
  private static final byte[] NOTHING = {};
  private static final int SESSION_TIMEOUT_MS = 15_000;

  @Override
  public String name() {
    return "raw create+delete";
  }

  @Override
  public Node open(Addresses servers) throws IOException, InterruptedException, KeeperException {
    CountDownLatch connected = new CountDownLatch(1);
    ZooKeeper client =
        new ZooKeeper(
            servers.zooKeeper(),
            SESSION_TIMEOUT_MS,
            event -> {
              if (event.getState() == KeeperState.SyncConnected) {
                connected.countDown();
              }
            });
    connected.await();
    createIfAbsent(client, ROOT);
    return new RawNode(client);
  }

  private static void createIfAbsent(ZooKeeper client, String path)
      throws InterruptedException, KeeperException {
    try {
      client.create(path, NOTHING, Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT);
    } catch (KeeperException.NodeExistsException e) {
      // another node was first
    }
  }

  private record RawNode(ZooKeeper client) implements Node {
    @Override
    public Section lock(String lockName, LockMode mode)
        throws InterruptedException, KeeperException {
      String path = ROOT + "/" + lockName;
      createIfAbsent(client, path);
      return new CreateAndDelete(client, path + "/x-");
    }

    @Override
    public void close() throws InterruptedException {
      client.close();
    }
  }

  private static final class CreateAndDelete implements Section {
    private final ZooKeeper client;
    private final String prefix;
    private String path = "";

    CreateAndDelete(ZooKeeper client, String prefix) {
      this.client = client;
      this.prefix = prefix;
    }

    @Override
    public void enter() throws InterruptedException, KeeperException {
      path = client.create(prefix, NOTHING, Ids.OPEN_ACL_UNSAFE, CreateMode.EPHEMERAL_SEQUENTIAL);
    }

    @Override
    public void leave() throws InterruptedException, KeeperException {
      client.delete(path, -1);
    }
  }
}
