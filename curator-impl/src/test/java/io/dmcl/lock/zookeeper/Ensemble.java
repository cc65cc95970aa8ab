package io.dmcl.lock.zookeeper;

import com.google.common.util.concurrent.Uninterruptibles;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingCluster;
import org.apache.curator.test.TestingZooKeeperServer;
import org.apache.curator.test.ZooKeeperServerEmbeddedAdapter;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.server.DataTree;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.jspecify.annotations.Nullable;

/** A fixture: a running ensemble of three servers, and what can be done to it. */
public final class Ensemble implements AutoCloseable {
  private static final String DATA_TREES = "org.apache.ZooKeeperService:*,name3=InMemoryDataTree";
  private static final int SERVERS = 3;

  /** The servers' tick: short, so that leases begin and sessions end quickly. */
  public static final Duration TICK = Duration.ofMillis(400);

  /** The tick of {@link #startQuick}. */
  static final Duration QUICK_TICK = Duration.ofMillis(100);

  private final TestingCluster cluster;

  private Ensemble(TestingCluster cluster) {
    this.cluster = cluster;
  }

  public static Ensemble start() throws Exception {
    return start(specs(TICK, Map.of()));
  }

  /**
   * As {@link #start}, with a shorter tick: the lease of a node on a client that it did not make
   * begins after one. What the servers bear with from each other is not shorter, and sessions may
   * be as long as a minute: for tests that do not wait for a session to expire.
   */
  static Ensemble startQuick() throws Exception {
    return start(
        specs(
            QUICK_TICK,
            Map.of("initLimit", "200", "syncLimit", "200", "maxSessionTimeout", "60000")));
  }

  /**
   * As {@link #start}, but the first server goes to the others, when they lead, over links; a
   * server that cannot hear its leader goes on answering reads for {@code syncLimit} ticks.
   */
  static Ensemble startLinked(int syncLimit, Map<InstanceSpec, Link> links) throws Exception {
    List<InstanceSpec> servers = specs(TICK, Map.of("syncLimit", Integer.toString(syncLimit)));
    Map<InstanceSpec, Collection<InstanceSpec>> views = new LinkedHashMap<>();
    List<InstanceSpec> linked = new ArrayList<>(servers.subList(0, 1));
    for (InstanceSpec other : servers.subList(1, SERVERS)) {
      Link link = new Link(other.getQuorumPort());
      links.put(other, link);
      linked.add(
          new InstanceSpec(
              other.getDataDirectory(),
              other.getPort(),
              other.getElectionPort(),
              link.port(),
              true,
              other.getServerId(),
              other.getTickTime(),
              -1,
              other.getCustomProperties()));
    }
    servers.forEach(server -> views.put(server, server == servers.get(0) ? linked : servers));
    TestingCluster cluster = new TestingCluster(views);
    cluster.start();
    return new Ensemble(cluster);
  }

  private static List<InstanceSpec> specs(Duration tick, Map<String, Object> properties) {
    List<InstanceSpec> servers = new ArrayList<>();
    for (int i = 0; i < SERVERS; i++) {
      servers.add(spec(tick, properties));
    }
    return servers;
  }

  /** A server to be started. */
  static InstanceSpec spec(Duration tick, Map<String, Object> properties) {
    List<Integer> ports = Ports.free(3);
    return new InstanceSpec(
        null,
        ports.get(0),
        ports.get(1),
        ports.get(2),
        true,
        -1,
        (int) tick.toMillis(),
        -1,
        properties);
  }

  private static Ensemble start(List<InstanceSpec> servers) throws Exception {
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

  /**
   * Puts the client behind everything that has been answered to anybody: what it reads next shows
   * that. It takes a write; a sync does not do, for a leader answers its own clients' syncs and
   * reads although it has not applied what followers have told theirs of already.
   */
  public static void catchUp(CuratorFramework client) throws Exception {
    var unused = client.transaction().forOperations(client.transactionOp().check().forPath("/"));
  }

  /** The server that the handle is connected to. */
  public InstanceSpec serverOf(ZooKeeper handle) throws Exception {
    return cluster.findConnectionInstance(handle);
  }

  /** The servers. */
  public List<InstanceSpec> servers() {
    return List.copyOf(cluster.getInstances());
  }

  /** The server that leads; null while none does. */
  public @Nullable InstanceSpec leader() throws JMException {
    MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    for (InstanceSpec server : servers()) {
      String name =
          String.format(
              "org.apache.ZooKeeperService:name0=ReplicatedServer_id%1$d,name1=replica.%1$d,name2=Leader",
              server.getServerId());
      if (beans.isRegistered(new ObjectName(name))) {
        return server;
      }
    }
    return null;
  }

  /** How many servers lead or follow. */
  int inQuorum() throws JMException {
    MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    Set<ObjectName> serving = new HashSet<>();
    for (String role : List.of("Leader", "Follower")) {
      serving.addAll(
          beans.queryNames(
              new ObjectName("org.apache.ZooKeeperService:name0=*,name1=*,name2=" + role), null));
    }
    return serving.size();
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
    expire(client, () -> null);
  }

  /**
   * The same, if it takes its time until the client's users know.
   *
   * @param known returns when they do; called when the client has been told
   */
  public static void expire(CuratorFramework client, Callable<?> known) throws Exception {
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
    // No event is handed out before the handle is closed: Curator, told first, would else close it,
    // and the session with it, before anybody else knows.
    CountDownLatch held = new CountDownLatch(1);
    CountDownLatch closed = new CountDownLatch(1);
    handle.exists(
        "/",
        false,
        (code, path, context, stat) -> {
          held.countDown();
          Uninterruptibles.awaitUninterruptibly(closed);
        },
        null);
    held.await();
    handle.getTestable().injectSessionExpiration();
    closed.countDown();
    told.await();
    known.call();
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

  /**
   * The number of the last request of a session, as its server counts them: pings have none, so the
   * difference between two moments is how many requests the client has sent in between.
   */
  public static long lastRequestOf(long sessionId) throws JMException {
    MBeanServer beans = ManagementFactory.getPlatformMBeanServer();
    String session = "0x" + Long.toHexString(sessionId);
    for (ObjectName name :
        beans.queryNames(new ObjectName("org.apache.ZooKeeperService:*"), null)) {
      if (name.getKeyPropertyList().containsValue(session)) {
        String last = (String) beans.getAttribute(name, "LastCxid");
        return Long.parseLong(last.substring(2), 16);
      }
    }
    throw new IllegalStateException("no connection of session " + session);
  }

  /**
   * By how many bytes of paths each session owns ephemeral znodes, as one of the servers has it.
   */
  Map<Long, Long> ephemeralBytes() throws ReflectiveOperationException {
    Map<Long, Long> bytes = new LinkedHashMap<>();
    DataTree tree = aServer().getZKDatabase().getDataTree();
    for (long session : tree.getSessions()) {
      long sum = 0;
      for (String path : tree.getEphemerals(session)) {
        sum += path.getBytes(StandardCharsets.UTF_8).length;
      }
      bytes.put(session, sum);
    }
    return bytes;
  }

  /** A server that is running, from the inside. */
  private ZooKeeperServer aServer() throws ReflectiveOperationException {
    for (TestingZooKeeperServer server : cluster.getServers()) {
      Method getMain = TestingZooKeeperServer.class.getDeclaredMethod("getMain");
      getMain.setAccessible(true);
      ZooKeeperServer found =
          ((ZooKeeperServerEmbeddedAdapter) getMain.invoke(server))
              .getServerCnxnFactory()
              .getZooKeeperServer();
      if (found != null && found.isRunning()) {
        return found;
      }
    }
    throw new IllegalStateException("no server is running");
  }
}
