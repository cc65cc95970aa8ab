package io.dmcl.lock.contract;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The contract that every implementation of the lock API passes. A subclass says how nodes are
 * made:
 *
 * <pre>{@code
 * class MyContractTest extends LockspaceContract {
 *   @Override
 *   protected ClusterFixture startCluster() {
 *     return new MyCluster();
 *   }
 * }
 * }</pre>
 *
 * <p>What caching could change is run in every {@link CachingMode}. The nodes are shared by all
 * tests, the locks by none; only a few tests open nodes of their own.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class LockspaceContract {
  @SuppressWarnings("NullAway.Init")
  private ContractCluster cluster;

  /** Called once, before all tests. */
  protected abstract ClusterFixture startCluster() throws Exception;

  @BeforeAll
  void start() throws Exception {
    cluster = new ContractCluster(startCluster());
  }

  @AfterAll
  void stop() throws Exception {
    cluster.close();
  }

  @Nested
  @ParameterizedClass
  @EnumSource(CachingMode.class)
  class Holds extends HoldContract {
    Holds(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  @Nested
  @ParameterizedClass
  @EnumSource(CachingMode.class)
  class FreshnessTable extends FreshnessContract {
    FreshnessTable(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  @Nested
  @ParameterizedClass
  @EnumSource(CachingMode.class)
  class ValuesAndTokens extends ValueAndTokenContract {
    ValuesAndTokens(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  @Nested
  @ParameterizedClass
  @EnumSource(CachingMode.class)
  class Queues extends QueueContract {
    Queues(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  @Nested
  @ParameterizedClass
  @EnumSource(CachingMode.class)
  class Conversions extends ConversionContract {
    Conversions(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  @Nested
  @ParameterizedClass
  @EnumSource(CachingMode.class)
  class Sets extends SetContract {
    Sets(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  /** Here the semaphore makes no difference. */
  @Nested
  @ParameterizedClass
  @EnumSource(names = {"NON_CACHED", "READ_CACHED", "WRITE_CACHED", "CACHED"})
  class Deaths extends DeathContract {
    Deaths(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  @Nested
  @ParameterizedClass
  @EnumSource(names = {"CACHED", "CACHED_SEMAPHORE"})
  class Caching extends CachingContract {
    Caching(CachingMode mode) {
      super(LockspaceContract.this.cluster, mode);
    }
  }

  @Nested
  class Modes extends ModesContract {
    Modes() {
      super(LockspaceContract.this.cluster);
    }
  }

  @Nested
  class Lockspaces extends LockspaceLifecycleContract {
    Lockspaces() {
      super(LockspaceContract.this.cluster);
    }
  }
}
