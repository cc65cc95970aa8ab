package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What a waiter leaves behind whose session its client has given up, and the leader has not. */
class OrphansTest {
  private static final long TICK_NANOS = 100_000_000L;
  private static final long TIMEOUT_NANOS = 6 * TICK_NANOS;
  private static final int MOST_STEPS = 10_000;
  private static final LockName NAME = LockName.of(1);

  private final QuietCluster cluster = new QuietCluster(TICK_NANOS, TIMEOUT_NANOS);
  private final LockPaths paths = cluster.layout.lock(NAME);

  @Test
  void giveUp_waitersSessionIsStillThere_takesEntryAndIntentTogether() {
    SimNode first = cluster.open();
    SimNode second = cluster.open();
    ClusterLock owners = first.access.allocate(NAME, LockOptions.of());
    ClusterLock waiters = second.access.allocate(NAME, LockOptions.of());
    var owner = owners.acquireAsync(LockMode.EXCLUSIVE);
    cluster.calm();
    assertThat(owner).isCompleted();
    var waiter = waiters.acquireAsync(LockMode.EXCLUSIVE);
    cluster.calm();
    List<String> before = exclusiveEntries();
    assertThat(before).hasSize(2);

    cluster.ensemble.giveUp(second.client);
    for (int i = 0; i < MOST_STEPS && exclusiveEntries().contains(before.get(1)); i++) {
      cluster.step();
      assertThat(exclusiveEntries())
          .as("entries that have an intent")
          .hasSameSizeAs(znode(paths.version()).children);
    }
    cluster.calm();

    assertThat(exclusiveEntries()).hasSize(2).doesNotContain(before.get(1));
    assertThat(waiter).isNotDone();
  }

  private Znode znode(String path) {
    return Objects.requireNonNull(cluster.ensemble.leader.tree.get(path));
  }

  private List<String> exclusiveEntries() {
    return znode(paths.lock()).children.stream()
        .filter(
            name -> {
              Entry entry = Entry.parse(name);
              return entry != null && entry.mode() == LockMode.EXCLUSIVE;
            })
        .toList();
  }
}
