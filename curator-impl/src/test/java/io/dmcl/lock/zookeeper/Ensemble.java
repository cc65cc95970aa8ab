package io.dmcl.lock.zookeeper;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;

/** A fixture: a running ensemble of three servers, and what can be done to it. */
public final class Ensemble implements AutoCloseable {
  private static final String DATA_TREES = "org.apache.ZooKeeperService:*,name3=InMemoryDataTree";
  private static final int SERVERS = 3;

  /** The servers' tick: short, so that leases begin and sessions end quickly. */
  public static final Duration TICK = Duration.ofMillis(400);

  private final TestingCluster cluster;

  private Ensemble(TestingCluster cluster) {
    this.cluster = cluster;
  }

  public static Ensemble start() throws Exception {
    List<InstanceSpec> servers = new ArrayList<>();
    for (int i = 0; i < SERVERS; i++) {
      servers.add(new InstanceSpec(null, -1, -1, -1, true, -1, (int) TICK.toMillis(), -1));
    }
    TestingCluster cluster = new TestingCluster(servers);
    cluster.start();
    return new Ensemble(cluster);
  }

  @Override
  public void close() throws IOException {
    cluster.close();
  }

  public String connectString() {
    return cluster.getConnectString();
  }

  /** A started client. */
  public CuratorFramework client(Duration sessionTimeout) {
    CuratorFramework client = builder(sessionTimeout).build();
    client.start();
    return client;
  }

  /**
   * For a client that does nothing by itself: with an ensemble tracker it would watch the
   * configuration, and after its first reconnection break the connection once more, to balance the
   * load over the servers that the configuration names.
   */
  public CuratorFrameworkFactory.Builder builder(Duration sessionTimeout) {
    return CuratorFrameworkFactory.builder()
        .connectString(connectString())
        .sessionTimeoutMs((int) sessionTimeout.toMillis())
        .connectionTimeoutMs(10_000)
        .ensembleTracker(false)
        .retryPolicy(new RetryNTimes(100, 100));
  }

  /** The server that the handle is connected to. */
  public InstanceSpec serverOf(ZooKeeper handle) throws Exception {
    return cluster.findConnectionInstance(handle);
  }

  public void kill(InstanceSpec server) throws Exception {
    cluster.killServer(server);
  }

  public void restart(InstanceSpec server) throws Exception {
    cluster.restartServer(server);
  }

  /**
   * Ends the client's session as if it had expired: the client is told first, because only an
   * administrator ends sessions behind the back of clients whose leases run, and leases do not hold
   * against that.
   */
  public static void expire(CuratorFramework client) throws Exception {
    ZooKeeper handle = client.getZookeeperClient().getZooKeeper();
    long id = handle.getSessionId();
    byte[] password = handle.getSessionPasswd();
    int timeoutMs = handle.getSessionTimeout();
    CountDownLatch told = new CountDownLatch(1);
    handle.exists(
        "/",
        event -> {
          if (event.getState() == KeeperState.Expired) {
            told.countDown();
          }
        });
    handle.getTestable().injectSessionExpiration();
    told.await();
    CountDownLatch connected = new CountDownLatch(1); // or gone already
    ZooKeeper second =
        new ZooKeeper(
            client.getZookeeperClient().getCurrentConnectionString(),
            timeoutMs,
            event -> {
              if (event.getState() == KeeperState.SyncConnected
                  || event.getState() == KeeperState.Expired) {
                connected.countDown();
              }
            },
            id,
            password);
    connected.await();
    second.close();
  }

  /** The watches, of data and of children, at all servers together. */
  public int watchCount() throws JMException {
    MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    int count = 0;
    for (ObjectName tree : beans.queryNames(new ObjectName(DATA_TREES), null)) {
      count += (int) beans.getAttribute(tree, "WatchCount");
    }
    return count;
  }
}
