package io.dmcl.lock.zookeeper;

import io.dmcl.lock.Lockspace;
import io.dmcl.lock.contract.ClusterFixture;
import io.dmcl.lock.contract.LockspaceContract;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.curator.framework.CuratorFramework;

/** The contract, in every caching mode, on a real ensemble of three servers. */
class ContractIT extends LockspaceContract {
  /** No test waits for it: sessions are ended at once, or kept. */
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);

  @Override
  protected ClusterFixture startCluster() throws Exception {
    return new RealCluster();
  }

  /** Each node has a client of its own. */
  private static final class RealCluster implements ClusterFixture {
    private final Ensemble ensemble = Ensemble.startQuick();
    private final Map<Lockspace, CuratorFramework> nodes = new LinkedHashMap<>();

    RealCluster() throws Exception {}

    @Override
    public Lockspace open(String lockspace) {
      CuratorFramework client = ensemble.client(SESSION_TIMEOUT);
      Lockspace node =
          ZooKeeperLockspace.on(client).name(lockspace).tick(Ensemble.QUICK_TICK).open();
      nodes.put(node, client);
      return node;
    }

    @Override
    public void kill(Lockspace node) {
      CuratorFramework client = Objects.requireNonNull(nodes.remove(node));
      client.close(); // ends the session; the node does not get another
      node.close();
    }

    @Override
    public void loseSession(Lockspace node) throws Exception {
      Ensemble.expire(Objects.requireNonNull(nodes.get(node)));
    }

    @Override
    public void close() throws Exception {
      for (Map.Entry<Lockspace, CuratorFramework> node : nodes.entrySet()) {
        node.getKey().close();
        node.getValue().close();
      }
      ensemble.close();
    }
  }
}
