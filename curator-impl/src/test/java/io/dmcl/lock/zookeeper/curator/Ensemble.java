package io.dmcl.lock.zookeeper.curator;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.apache.zookeeper.ZooKeeper;

/** A fixture: a running ensemble of three servers, and what can be done to it. */
final class Ensemble implements AutoCloseable {
  private static final String DATA_TREES = "org.apache.ZooKeeperService:*,name3=InMemoryDataTree";
  private static final int SERVERS = 3;

  private final TestingCluster cluster;

  private Ensemble(TestingCluster cluster) {
    this.cluster = cluster;
  }

  static Ensemble start() throws Exception {
    TestingCluster cluster = new TestingCluster(SERVERS);
    cluster.start();
    return new Ensemble(cluster);
  }

  @Override
  public void close() throws IOException {
    cluster.close();
  }

  String connectString() {
    return cluster.getConnectString();
  }

  /** A started client. */
  CuratorFramework client(Duration sessionTimeout) {
    CuratorFramework client = builder(sessionTimeout).build();
    client.start();
    return client;
  }

  CuratorFrameworkFactory.Builder builder(Duration sessionTimeout) {
    return CuratorFrameworkFactory.builder()
        .connectString(connectString())
        .sessionTimeoutMs((int) sessionTimeout.toMillis())
        .connectionTimeoutMs(10_000)
        .retryPolicy(new RetryOneTime(100));
  }

  /** The server that the handle is connected to. */
  InstanceSpec serverOf(ZooKeeper handle) throws Exception {
    return cluster.findConnectionInstance(handle);
  }

  void kill(InstanceSpec server) throws Exception {
    cluster.killServer(server);
  }

  void restart(InstanceSpec server) throws Exception {
    cluster.restartServer(server);
  }

  /** The watches, of data and of children, at all servers together. */
  int watchCount() throws JMException {
    MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    int count = 0;
    for (ObjectName tree : beans.queryNames(new ObjectName(DATA_TREES), null)) {
      count += (int) beans.getAttribute(tree, "WatchCount");
    }
    return count;
  }
}
