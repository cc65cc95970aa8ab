package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockName;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs.Ids;
import org.apache.zookeeper.data.ACL;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A lockspace on a client with a digest identity and its ACLs is closed to another identity. */
@Timeout(120)
class AclIT {
  private static final Duration SESSION_TIMEOUT = Ensemble.TICK.multipliedBy(20);
  private static final String ROOT = "/hers";
  private static final LockPaths PATHS =
      new Layout(ROOT, Lockspace.DEFAULT_NAME).lock(LockName.of("lock"));

  private static Ensemble ensemble;
  private static CuratorFramework alice;
  private static CuratorFramework bob;
  private static Lockspace hers;
  private static ClusterLock lock;

  @BeforeAll
  static void start() throws Exception {
    ensemble = Ensemble.start();
    alice = client("alice");
    bob = client("bob");
    hers = open(alice);
    lock = hers.allocate("lock");
    release(acquire(lock, EXCLUSIVE));
  }

  @AfterAll
  static void stop() throws Exception {
    hers.close();
    alice.close();
    bob.close();
    ensemble.close();
  }

  private static CuratorFramework client(String user) {
    ACLProvider creatorsOnly =
        new ACLProvider() {
          @Override
          public List<ACL> getDefaultAcl() {
            return Ids.CREATOR_ALL_ACL;
          }

          @Override
          public List<ACL> getAclForPath(String path) {
            return Ids.CREATOR_ALL_ACL;
          }
        };
    CuratorFramework client =
        ensemble
            .builder(SESSION_TIMEOUT)
            .authorization("digest", (user + ":of-" + user).getBytes(StandardCharsets.UTF_8))
            .aclProvider(creatorsOnly)
            .build();
    client.start();
    return client;
  }

  private static Lockspace open(CuratorFramework client) {
    return ZooKeeperLockspace.on(client).root(ROOT).tick(Ensemble.TICK).open();
  }

  @Test
  void lockspace_ofAnotherIdentity_cannotBeOpenedAndSaysWhy() throws Exception {
    Hold hold = acquire(lock, EXCLUSIVE);
    try (Lockspace his = open(bob)) {
      for (ThrowingCallable deed :
          List.<ThrowingCallable>of(
              () -> his.allocate("lock").tryAcquire(EXCLUSIVE, Patience.LIMIT),
              () -> his.purge(lock.name()),
              his::dump)) {
        assertThatThrownBy(deed).isInstanceOf(LockException.class).hasMessageContaining("NO_AUTH");
      }
    }
    release(hold);
    Hold again = acquire(lock, EXCLUSIVE);
    assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
    release(again);
  }

  @Test
  void znodes_ofAnotherIdentity_canBeNeitherReadNorQueuedInNorBumpedNorPurged() throws Exception {
    Hold hold = acquire(lock, EXCLUSIVE);
    String entry = PATHS.lock() + "/" + alice.getChildren().forPath(PATHS.lock()).get(0);
    for (ThrowingCallable deed :
        List.<ThrowingCallable>of(
            () -> bob.getChildren().forPath(PATHS.lock()),
            () -> bob.getData().forPath(PATHS.version()),
            () -> bob.getChildren().forPath(ROOT),
            () ->
                bob.create()
                    .withMode(CreateMode.EPHEMERAL_SEQUENTIAL)
                    .forPath(PATHS.lock() + "/x-0000000000001.0-"),
            () -> bob.create().forPath(PATHS.version() + "/0000000000001.0"),
            () -> bob.setData().forPath(PATHS.version(), new byte[0]),
            () -> bob.delete().forPath(entry),
            () -> bob.delete().forPath(PATHS.version()),
            () -> bob.delete().forPath(PATHS.lock()))) {
      assertThatThrownBy(deed).isInstanceOf(KeeperException.NoAuthException.class);
    }
    hold.ensureHeld();
    release(hold);
  }
}
