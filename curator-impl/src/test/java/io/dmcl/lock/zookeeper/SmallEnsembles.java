package io.dmcl.lock.zookeeper;

import io.dmcl.lock.Lockspace;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;
import org.apache.curator.test.InstanceSpec;
import org.apache.curator.test.TestingServer;

/**
 * A fixture: several ensembles of one server each, by name, and nodes that are spread over them.
 */
final class SmallEnsembles implements AutoCloseable {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);

  private final Map<String, TestingServer> servers = new TreeMap<>();
  private final Map<Lockspace, Map<String, CuratorFramework>> nodes = new LinkedHashMap<>();

  SmallEnsembles(String... names) throws Exception {
    for (String name : names) {
      add(name);
    }
  }

  void add(String name) throws Exception {
    InstanceSpec spec = Ensemble.spec(Ensemble.QUICK_TICK, Map.of("maxSessionTimeout", "60000"));
    servers.put(name, new TestingServer(spec, true));
  }

  /** The server of an ensemble. */
  TestingServer server(String name) {
    return Objects.requireNonNull(servers.get(name));
  }

  /** Opens a lockspace over all of them. */
  Lockspace open(String lockspace) {
    return open(lockspace, servers);
  }

  /** Opens a lockspace over these, under these names. */
  Lockspace open(String lockspace, Map<String, TestingServer> over) {
    Map<String, CuratorFramework> clients = new TreeMap<>();
    over.forEach((name, server) -> clients.put(name, client(server)));
    Lockspace node =
        ZooKeeperLockspace.on(clients)
            .name(lockspace)
            .tick(Ensemble.QUICK_TICK)
            .closeTimeout(Duration.ofSeconds(10))
            .open();
    nodes.put(node, clients);
    return node;
  }

  CuratorFramework client(TestingServer server) {
    CuratorFramework client =
        CuratorFrameworkFactory.builder()
            .connectString(server.getConnectString())
            .sessionTimeoutMs((int) SESSION_TIMEOUT.toMillis())
            .connectionTimeoutMs(10_000)
            .ensembleTracker(false)
            .retryPolicy(new RetryNTimes(100, 100))
            .build();
    client.start();
    return client;
  }

  private Map<String, CuratorFramework> clients(Lockspace node) {
    return Objects.requireNonNull(nodes.get(node));
  }

  /** A node's client at an ensemble. */
  CuratorFramework client(Lockspace node, String ensemble) {
    return Objects.requireNonNull(clients(node).get(ensemble));
  }

  /** Ends all sessions of a node for good. */
  void kill(Lockspace node) {
    Objects.requireNonNull(nodes.remove(node)).values().forEach(CuratorFramework::close);
    node.close();
  }

  /** Ends all sessions of a node. */
  void loseSessions(Lockspace node) throws Exception {
    for (CuratorFramework client : clients(node).values()) {
      Ensemble.expire(client);
    }
  }

  @Override
  public void close() throws Exception {
    nodes.forEach(
        (node, clients) -> {
          node.close();
          clients.values().forEach(CuratorFramework::close);
        });
    for (TestingServer server : servers.values()) {
      server.close();
    }
  }
}
