package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceDump.LockEntry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.test.TestingServer;
import org.apache.zookeeper.KeeperException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is different when a lockspace is over several ensembles. */
@Timeout(180)
class SpreadIT {
  private static final String LOCKSPACE = "spread";

  private SmallEnsembles ensembles;

  @BeforeEach
  void startEnsembles() throws Exception {
    ensembles = new SmallEnsembles("left", "right");
  }

  @AfterEach
  void stopEnsembles() throws Exception {
    ensembles.close();
  }

  /** The locks that an ensemble has, as a lockspace on it alone sees them. */
  private List<LockEntry> locksOn(String ensemble) throws Exception {
    try (CuratorFramework client = ensembles.client(ensembles.server(ensemble));
        Lockspace alone =
            ZooKeeperLockspace.on(client).name(LOCKSPACE).tick(Ensemble.QUICK_TICK).open()) {
      return alone.dump().locks();
    }
  }

  /** The numbers of a lock on each ensemble. */
  private record Homes(int left, int right) {}

  /** Makes locks until there is one on each. */
  private Homes homes(Lockspace node) throws Exception {
    for (int i = 0; ; i++) {
      try (ClusterLock lock = node.allocate(i)) {
        release(acquire(lock, EXCLUSIVE));
      }
      List<LockEntry> left = locksOn("left");
      List<LockEntry> right = locksOn("right");
      if (!left.isEmpty() && !right.isEmpty()) {
        return new Homes((int) left.get(0).name().number(), (int) right.get(0).name().number());
      }
    }
  }

  private static List<LockMode> queue(Lockspace node, int number) throws InterruptedException {
    return node.dump().locks().stream()
        .filter(lock -> lock.name().equals(LockName.of(number)))
        .flatMap(lock -> lock.queue().stream())
        .map(request -> request.mode())
        .toList();
  }

  @Test
  void locks_eachIsOnOneEnsemble() throws Exception {
    Lockspace node = ensembles.open(LOCKSPACE);
    List<LockName> names = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      ClusterLock lock = node.allocate("lock-" + i);
      names.add(lock.name());
      release(acquire(lock, EXCLUSIVE));
    }
    List<LockName> left = locksOn("left").stream().map(LockEntry::name).toList();
    List<LockName> right = locksOn("right").stream().map(LockEntry::name).toList();
    assertThat(left).isNotEmpty().doesNotContainAnyElementsOf(right);
    assertThat(right).isNotEmpty();
    assertThat(node.dump().locks())
        .extracting(LockEntry::name)
        .containsExactlyInAnyOrderElementsOf(names);
    assertThat(node.stats().grants()).isEqualTo(40);
  }

  @Test
  void acquireAll_givenUpHalfway_leavesNoTraceAndKeepsTheNews() throws Exception {
    Lockspace node = ensembles.open(LOCKSPACE);
    Lockspace other = ensembles.open(LOCKSPACE);
    Homes homes = homes(node);
    int first = homes.left();
    int second = homes.right();
    ClusterLock p = node.allocate(first);
    ClusterLock q = node.allocate(second);
    ClusterLock othersP = other.allocate(first);
    ClusterLock othersQ = other.allocate(second);
    release(acquire(p, SHARED));
    release(acquire(othersP, EXCLUSIVE));
    Hold blocker = acquire(othersQ, EXCLUSIVE);

    Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
    set.put(q, EXCLUSIVE);
    set.put(p, EXCLUSIVE);
    CompletableFuture<HoldSet> asked = node.acquireAllAsync(set);
    eventually("it waits for the second", () -> queue(other, second).size() == 2);
    assertThat(queue(other, first)).as("and has the first").containsExactly(EXCLUSIVE);
    assertThat(asked.cancel(false)).isTrue();
    eventually("the first is given back", () -> queue(other, first).isEmpty());
    eventually("the second is not asked for", () -> queue(other, second).size() == 1);

    Hold again = acquire(othersP, SHARED);
    assertThat(again.freshness()).as("nothing was done under it").isEqualTo(Freshness.UNCHANGED);
    release(again);
    Hold late = acquire(p, SHARED);
    assertThat(late.freshness()).as("nobody was told").isEqualTo(Freshness.MODIFIED);
    release(late);
    release(blocker);

    HoldSet granted = get(node.acquireAllAsync(set));
    assertThat(granted.holds()).extracting(Hold::lock).containsExactly(q, p);
    granted.close();
  }

  @Test
  void serverDown_affectsItsLocksOnly() throws Exception {
    Lockspace node = ensembles.open(LOCKSPACE);
    Homes homes = homes(node);
    ClusterLock left = node.allocate(homes.left());
    ClusterLock right = node.allocate(homes.right());
    Map<ClusterLock, LockMode> both = Map.of(left, EXCLUSIVE, right, EXCLUSIVE);

    ensembles.server("right").stop();
    release(acquire(left, EXCLUSIVE));
    assertThat(right.tryAcquire(EXCLUSIVE, Duration.ofMillis(50))).isNull();
    assertThat(node.tryAcquireAll(both, Duration.ofMillis(50))).isNull();
    Hold hold = acquire(left, EXCLUSIVE);
    assertThat(hold.freshness()).isEqualTo(Freshness.UNCHANGED);
    release(hold);

    ensembles.server("right").restart();
    release(acquire(right, EXCLUSIVE));
    get(node.acquireAllAsync(both)).close();
  }

  @Test
  void open_otherEnsembles_isRefusedUntilAllHaveLeft() throws Exception {
    Lockspace node = ensembles.open(LOCKSPACE);
    Homes homes = homes(node);
    Map<String, TestingServer> swapped =
        Map.of("left", ensembles.server("right"), "right", ensembles.server("left"));
    assertRefused(ensembles.open(LOCKSPACE, swapped), homes);

    CuratorFramework left = ensembles.client(node, "left");
    CuratorFramework right = ensembles.client(node, "right");
    String path = "/dmcl/" + LOCKSPACE + "/nodes";
    assertThatThrownBy(() -> left.delete().forPath(path))
        .as("somebody is there")
        .isInstanceOf(KeeperException.NotEmptyException.class);
    node.close();
    for (CuratorFramework client : List.of(left, right)) {
      eventually("nobody is there", () -> client.getChildren().forPath(path).isEmpty());
      client.delete().forPath(path);
    }

    ensembles.add("third");
    Lockspace wider = ensembles.open(LOCKSPACE);
    for (int i = 0; i < 20; i++) {
      release(acquire(wider.allocate("again-" + i), EXCLUSIVE));
    }
    assertThat(locksOn("third")).isNotEmpty();
    Map<String, TestingServer> narrower =
        Map.of("left", ensembles.server("left"), "right", ensembles.server("right"));
    assertRefused(ensembles.open(LOCKSPACE, narrower), homes);
    release(acquire(wider.allocate("once-more"), EXCLUSIVE));
  }

  /** Nothing can be acquired, and the caller is told why. */
  private void assertRefused(Lockspace node, Homes homes) {
    for (int number : new int[] {homes.left(), homes.right()}) {
      assertThatThrownBy(() -> acquire(node.allocate(number), EXCLUSIVE))
          .isInstanceOf(LockspaceClosedException.class)
          .hasMessageContaining("all nodes have to name the same ensembles");
    }
    ensembles.kill(node);
  }

  @Test
  void builder_whatCannotBe_isRefused() {
    assertThatThrownBy(() -> ZooKeeperLockspace.connect(Map.of()))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ZooKeeperLockspace.connect(Map.of("a b", "localhost:1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a b");
    CuratorFramework client = ensembles.client(ensembles.server("left"));
    assertThatThrownBy(
            () -> ZooKeeperLockspace.on(Map.of("left", client)).sessions(2, () -> client).open())
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> ZooKeeperLockspace.on(Map.of("left", client)).sessions(2).open())
        .isInstanceOf(IllegalStateException.class);
    client.close();
  }
}
