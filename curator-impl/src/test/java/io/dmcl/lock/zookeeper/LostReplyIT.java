package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.OutcomeUnknownException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A transaction was executed, but its reply was lost with the connection: what became of it is
 * found out, and is not done twice.
 */
@Timeout(120)
class LostReplyIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);

  private static Ensemble ensemble;

  private final BlockingQueue<LockException> failures = new LinkedBlockingQueue<>();
  private String name;
  private Link link;
  private Lockspace other;
  private ClusterLock theirs;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startQuick();
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    ensemble.close();
  }

  @BeforeEach
  void open(TestInfo test) throws Exception {
    name = test.getDisplayName();
    link = new Link(ensemble.servers().get(0).getPort());
    other =
        open(ZooKeeperLockspace.connect(ensemble.connectString()).sessionTimeout(SESSION_TIMEOUT));
    theirs = other.allocate(name);
  }

  @AfterEach
  void close() throws Exception {
    other.close();
    link.close();
  }

  private Lockspace behindLink() {
    return open(ZooKeeperLockspace.connect(link.address()).sessionTimeout(SESSION_TIMEOUT));
  }

  private Lockspace open(ZooKeeperLockspace builder) {
    return builder
        .tick(Ensemble.QUICK_TICK)
        .listener(
            new LockspaceListener() {
              @Override
              public void releaseFailed(ClusterLock lock, LockException cause) {
                failures.add(cause);
              }
            })
        .open();
  }

  private LockEntry entry() throws InterruptedException {
    return other.dump().locks().stream()
        .filter(lock -> lock.name().equals(theirs.name()))
        .findFirst()
        .orElseThrow();
  }

  /**
   * Holds the lock, and releases it so that the release is executed and nobody here hears of it.
   */
  private CompletableFuture<Void> releaseUnheard(ClusterLock lock) throws Exception {
    Hold hold = acquire(lock, EXCLUSIVE);
    hold.setValue(new byte[] {7});
    link.stallReplies();
    CompletableFuture<Void> release = hold.unlockAsync();
    eventually("the release is executed", () -> entry().queue().isEmpty());
    assertThat(release).isNotDone();
    return release;
  }

  @Test
  void release_replyLost_isFoundToBeOurs() throws Exception {
    try (Lockspace node = behindLink()) {
      ClusterLock lock = node.allocate(name);
      release(acquire(lock, EXCLUSIVE));
      CompletableFuture<Void> release = releaseUnheard(lock);

      link.heal();

      get(release);
      Hold hold = acquire(lock, SHARED);
      assertThat(hold.freshness()).isEqualTo(Freshness.UNCHANGED);
      assertThat(hold.value()).containsExactly(7);
      release(hold);
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void release_replyLostAndModifiedMeanwhile_isToldAsModified() throws Exception {
    try (Lockspace node = behindLink()) {
      ClusterLock lock = node.allocate(name);
      release(acquire(lock, EXCLUSIVE));
      CompletableFuture<Void> release = releaseUnheard(lock);
      release(acquire(theirs, EXCLUSIVE));

      link.heal();

      get(release);
      Hold hold = acquire(lock, SHARED);
      assertThat(hold.freshness()).isEqualTo(Freshness.MODIFIED);
      release(hold);
    }
  }

  @Test
  void release_replyLostWithTheSession_isUnknownAndSaidSo() throws Exception {
    try (CuratorFramework client =
        ensemble.builder(SESSION_TIMEOUT).connectString(link.address()).build()) {
      client.start();
      Lockspace node = open(ZooKeeperLockspace.on(client));
      ClusterLock lock = node.allocate(name);
      release(acquire(lock, EXCLUSIVE));
      CompletableFuture<Void> release = releaseUnheard(lock);

      client.getZookeeperClient().getZooKeeper().getTestable().injectSessionExpiration();

      assertThat(release)
          .failsWithin(Patience.LIMIT)
          .withThrowableThat()
          .havingCause()
          .isInstanceOf(OutcomeUnknownException.class);
      assertThat(failures.poll(Patience.LIMIT.toSeconds(), TimeUnit.SECONDS))
          .isInstanceOf(OutcomeUnknownException.class);
      link.heal();
      Hold hold = acquire(lock, SHARED);
      assertThat(hold.freshness()).isEqualTo(Freshness.UNKNOWN);
      assertThat(hold.value()).as("it had been executed").containsExactly(7);
      release(hold);
      node.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void request_replyLost_isFoundAndNotMadeTwice(LockMode mode) throws Exception {
    try (Lockspace node = behindLink()) {
      ClusterLock lock = node.allocate(name);
      release(acquire(lock, EXCLUSIVE));
      link.stallReplies();
      CompletableFuture<Hold> request = lock.acquireAsync(mode);
      eventually("the request is executed", () -> entry().queue().size() == 1);
      assertThat(request).isNotDone();
      String id = entry().queue().get(0).requestId();

      link.heal();

      Hold hold = get(request);
      assertThat(entry().queue()).singleElement().matches(entry -> entry.requestId().equals(id));
      release(hold);
      assertThat(entry().queue()).isEmpty();
      assertThat(entry().deadIntents()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void request_replyLostAndGivenUp_leavesNothing(LockMode mode) throws Exception {
    try (Lockspace node = behindLink()) {
      ClusterLock lock = node.allocate(name);
      release(acquire(lock, EXCLUSIVE));
      link.stallReplies();
      CompletableFuture<Hold> request = lock.acquireAsync(mode);
      eventually("the request is executed", () -> entry().queue().size() == 1);
      assertThat(request.cancel(false)).isTrue();

      link.heal();

      eventually("nothing is left", () -> entry().queue().isEmpty());
      assertThat(entry().deadIntents()).isEmpty();
      Hold hold = acquire(lock, EXCLUSIVE);
      assertThat(hold.freshness()).isEqualTo(Freshness.UNCHANGED);
      release(hold);
    }
  }
}
