package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import java.time.Duration;
import org.apache.curator.test.InstanceSpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A process that holds the lock EXCLUSIVE is killed: whoever comes next is told, until repaired.
 */
@Timeout(180)
class DeathIT {
  private static final Duration SESSION_TIMEOUT = Ensemble.TICK.multipliedBy(8);

  private static Ensemble ensemble;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.start();
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    ensemble.close();
  }

  private static Lockspace open() {
    return ZooKeeperLockspace.connect(ensemble.connectString())
        .sessionTimeout(SESSION_TIMEOUT)
        .tick(Ensemble.TICK)
        .open();
  }

  private static ChildNode child(String lock) throws Exception {
    return new ChildNode(ensemble.connectString(), SESSION_TIMEOUT, Ensemble.TICK, lock);
  }

  private static Freshness freshnessOf(ClusterLock lock, LockMode mode) throws Exception {
    Hold hold = acquire(lock, mode);
    Freshness freshness = hold.freshness();
    release(hold);
    return freshness;
  }

  private static void recover(ClusterLock lock) throws Exception {
    Hold hold = acquire(lock, EXCLUSIVE);
    assertThat(hold.freshness()).isEqualTo(Freshness.OWNER_DIED);
    hold.markRecovered();
    release(hold);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void kill_exclusiveOwner_everybodyIsToldUntilRecovered(boolean cached) throws Exception {
    String name = "killed-" + cached;
    try (ChildNode child = child(name);
        Lockspace first = open();
        Lockspace second = open()) {
      long token = child.acquire();
      if (cached) {
        assertThat(child.unlock()).isEqualTo("unlocked");
      }
      child.kill();

      ClusterLock firsts = first.allocate(name);
      ClusterLock seconds = second.allocate(name);
      Hold hold = acquire(firsts, SHARED);
      assertThat(hold.freshness()).isEqualTo(Freshness.OWNER_DIED);
      assertThat(hold.token()).isGreaterThan(token);
      release(hold);
      assertThat(freshnessOf(seconds, EXCLUSIVE)).isEqualTo(Freshness.OWNER_DIED);
      assertThat(freshnessOf(firsts, EXCLUSIVE)).isEqualTo(Freshness.OWNER_DIED);
      assertThat(freshnessOf(firsts, EXCLUSIVE)).isEqualTo(Freshness.OWNER_DIED);

      recover(seconds);
      assertThat(freshnessOf(firsts, SHARED)).isEqualTo(Freshness.MODIFIED);
      assertThat(freshnessOf(seconds, EXCLUSIVE)).isEqualTo(Freshness.UNCHANGED);
    }
  }

  @Test
  void kill_exclusiveOwner_isToldWhenEverybodyHasRestarted() throws Exception {
    String name = "all-restarted";
    try (ChildNode child = child(name);
        Lockspace bystander = open()) {
      bystander.allocate(name);
      var unused = child.acquire();
      child.kill();
    }
    for (InstanceSpec server : ensemble.servers()) {
      ensemble.kill(server);
    }
    for (InstanceSpec server : ensemble.servers()) {
      ensemble.restart(server);
    }

    // Nobody who was there then is there now.
    try (Lockspace node = open()) {
      assertThat(freshnessOf(node.allocate(name), SHARED)).isEqualTo(Freshness.OWNER_DIED);
    }
    try (ChildNode child = child(name)) {
      var unused = child.acquire();
      assertThat(child.freshness()).isEqualTo("OWNER_DIED");
      assertThat(child.unlock()).isEqualTo("unlocked");
      child.exit();
    }
    try (Lockspace node = open()) {
      recover(node.allocate(name));
    }
    try (Lockspace node = open()) {
      assertThat(freshnessOf(node.allocate(name), EXCLUSIVE)).isEqualTo(Freshness.UNKNOWN);
    }
  }

  @Test
  void exit_cachedExclusiveOwner_isNotDead() throws Exception {
    String name = "clean";
    try (ChildNode child = child(name);
        Lockspace node = open()) {
      var unused = child.acquire();
      assertThat(child.unlock()).isEqualTo("unlocked");
      child.exit();

      ClusterLock lock = node.allocate(name);
      assertThat(freshnessOf(lock, EXCLUSIVE)).isEqualTo(Freshness.UNKNOWN);
      assertThat(freshnessOf(lock, EXCLUSIVE)).isEqualTo(Freshness.UNCHANGED);
    }
  }
}
