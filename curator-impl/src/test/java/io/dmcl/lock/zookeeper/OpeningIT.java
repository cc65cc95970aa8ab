package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.Lockspace;
import java.time.Duration;
import java.util.UUID;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.imps.CuratorFrameworkState;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The ways to open a lockspace. */
@Timeout(120)
class OpeningIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);

  private static Ensemble ensemble;
  private static CuratorFramework client;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startQuick();
    client = ensemble.client(SESSION_TIMEOUT);
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    client.close();
    ensemble.close();
  }

  private static ZooKeeperLockspace on(CuratorFramework its) {
    return ZooKeeperLockspace.on(its).tick(Ensemble.QUICK_TICK);
  }

  private static ZooKeeperLockspace connect(String connectString) {
    return ZooKeeperLockspace.connect(connectString)
        .sessionTimeout(SESSION_TIMEOUT)
        .tick(Ensemble.QUICK_TICK);
  }

  /** They are nodes of one lockspace: a modification at one is news at the other. */
  private static void assertSame(Lockspace first, Lockspace second) throws Exception {
    ClusterLock firsts = first.allocate("same");
    ClusterLock seconds = second.allocate("same");
    release(acquire(seconds, SHARED));
    Hold hold = acquire(firsts, EXCLUSIVE);
    assertThat(seconds.tryAcquire(EXCLUSIVE)).isNull();
    release(hold);
    Hold next = acquire(seconds, EXCLUSIVE);
    assertThat(next.freshness()).isEqualTo(Freshness.MODIFIED);
    release(next);
    get(firsts.freeAsync());
    get(seconds.freeAsync());
  }

  /** They are different lockspaces: both can have the lock. */
  private static void assertApart(Lockspace first, Lockspace second) throws Exception {
    try (ClusterLock firsts = first.allocate("apart");
        ClusterLock seconds = second.allocate("apart");
        Hold one = acquire(firsts, EXCLUSIVE);
        Hold other = acquire(seconds, EXCLUSIVE)) {
      one.ensureHeld();
      other.ensureHeld();
    }
  }

  @Test
  void name_uuid_isTheLockspaceThatIsCalledSo() throws Exception {
    UUID uuid = UUID.fromString("6f9619ff-8b86-d011-b42d-00c04fc964ff");
    try (Lockspace byUuid = connect(ensemble.connectString()).name(uuid).open();
        Lockspace byText = on(client).name(uuid.toString()).open();
        Lockspace another = on(client).name(new UUID(0, 0)).open()) {
      assertThat(byUuid.name()).isEqualTo(uuid.toString());
      assertSame(byUuid, byText);
      assertApart(byUuid, another);
    }
  }

  @Test
  void name_notGiven_isTheDefaultOne() throws Exception {
    try (Lockspace first = on(client).open();
        Lockspace second = on(client).name(Lockspace.DEFAULT_NAME).open()) {
      assertThat(first.name()).isEqualTo(Lockspace.DEFAULT_NAME);
      assertSame(first, second);
    }
  }

  @Test
  void on_clientWithNamespace_isUnderIt() throws Exception {
    try (CuratorFramework its = ensemble.builder(SESSION_TIMEOUT).namespace("app/locks").build()) {
      its.start();
      try (Lockspace inside = on(its).open();
          Lockspace view = on(client.usingNamespace("app/locks")).open();
          Lockspace chroot = connect(ensemble.connectString() + "/app/locks").open();
          Lockspace outside = on(client).open()) {
        assertSame(inside, view);
        assertSame(inside, chroot);
        assertApart(inside, outside);
        Ensemble.catchUp(client);
        assertThat(client.checkExists().forPath("/app/locks/dmcl")).isNotNull();
      }
    }
  }

  @Test
  void root_another_isAnotherLockspace() throws Exception {
    try (Lockspace first = on(client).root("/else/where").open();
        Lockspace second = connect(ensemble.connectString()).root("/else/where").open();
        Lockspace usual = on(client).open()) {
      assertSame(first, second);
      assertApart(first, usual);
      Ensemble.catchUp(client);
      assertThat(client.checkExists().forPath("/else/where")).isNotNull();
    }
    for (String root :
        new String[] {"", "relative", "/slash/", "/double//slash", "/..", "/a/./b", "/control\n"}) {
      ZooKeeperLockspace builder = on(client);
      assertThatThrownBy(() -> builder.root(root)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void close_onYourOwnClient_leavesItOpen() throws Exception {
    Lockspace lockspace = on(client).open();
    try (ClusterLock lock = lockspace.allocate("own-client")) {
      release(acquire(lock, EXCLUSIVE));
    }
    lockspace.close();
    assertThat(client.getState()).isEqualTo(CuratorFrameworkState.STARTED);
    assertThat(client.checkExists().forPath("/dmcl")).isNotNull();
  }

  @Test
  void sessions_severalOnYourOwnClient_needsMoreClients() {
    ZooKeeperLockspace builder = on(client).sessions(2);
    assertThatThrownBy(builder::open)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("where further clients come from");
  }
}
