package io.dmcl.lock.zookeeper;

import io.dmcl.lock.Lockspace;
import io.dmcl.lock.contract.CachingMode;
import io.dmcl.lock.contract.ClusterFixture;
import io.dmcl.lock.contract.LockspaceContract;
import java.util.EnumSet;
import java.util.Set;

/** The contract on a lockspace over two ensembles; what differs by mode, one ensemble shows. */
class SpreadContractIT extends LockspaceContract {
  private static final Set<CachingMode> MODES =
      EnumSet.of(CachingMode.NON_CACHED, CachingMode.CACHED);

  @Override
  protected ClusterFixture startCluster() throws Exception {
    SmallEnsembles ensembles = new SmallEnsembles("left", "right");
    return new ClusterFixture() {
      @Override
      public Lockspace open(String lockspace) {
        return ensembles.open(lockspace);
      }

      @Override
      public void kill(Lockspace node) {
        ensembles.kill(node);
      }

      @Override
      public void loseSession(Lockspace node) throws Exception {
        ensembles.loseSessions(node);
      }

      @Override
      public Set<CachingMode> modes() {
        return MODES;
      }

      @Override
      public boolean entersSetsInOneStep() {
        return false;
      }

      @Override
      public void close() throws Exception {
        ensembles.close();
      }
    };
  }
}
