package io.dmcl.lock.contract;

import io.dmcl.lock.Lockspace;

/** The contract can be kept, and the reference implementation keeps it. */
class InMemoryClusterTest extends LockspaceContract {
  @Override
  protected ClusterFixture startCluster() {
    InMemoryCluster cluster = new InMemoryCluster();
    return new ClusterFixture() {
      @Override
      public Lockspace open(String lockspace) {
        return cluster.open(lockspace);
      }

      @Override
      public void kill(Lockspace node) {
        cluster.kill(node);
      }

      @Override
      public void loseSession(Lockspace node) {
        cluster.loseSession(node);
      }

      @Override
      public void close() {}
    };
  }
}
