package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.OutcomeUnknownException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nobody waits for ever: whoever waits when a lockspace ends is told so. */
@Timeout(120)
class ClosingIT {
  private static final Duration SESSION_TIMEOUT = Ensemble.TICK.multipliedBy(10);

  private static Ensemble ensemble;

  private Link link;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.start();
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    ensemble.close();
  }

  @BeforeEach
  void openLink() throws Exception {
    link = new Link(ensemble.servers().get(0).getPort());
  }

  @AfterEach
  void closeLink() throws Exception {
    link.close();
  }

  private ZooKeeperLockspace connect() {
    return ZooKeeperLockspace.connect(link.address())
        .sessionTimeout(SESSION_TIMEOUT)
        .tick(Ensemble.TICK)
        .closeTimeout(Duration.ofMillis(100));
  }

  private static <T> CompletableFuture<T> onThread(Callable<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                result.complete(call.call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    thread.setDaemon(true);
    thread.start();
    return result;
  }

  /** Callers of everything that needs a session, by whatever way they wait. */
  private static List<CompletableFuture<?>> callers(Lockspace node, ClusterLock lock) {
    List<CompletableFuture<?>> callers = new ArrayList<>();
    callers.add(lock.acquireAsync(EXCLUSIVE));
    callers.add(node.acquireAllAsync(Map.of(lock, SHARED)));
    callers.add(lock.monitorAsync());
    callers.add(onThread(() -> lock.acquire(SHARED)));
    callers.add(onThread(lock::monitor));
    callers.add(onThread(node::dump));
    callers.add(onThread(node::purgeUnused));
    callers.add(onThread(() -> node.purge(LockName.of("unused"))));
    callers.add(onThread(() -> node.allocate("prealloc", LockProperty.PREALLOC_DLM)));
    return callers;
  }

  private static void assertAllAreTold(List<CompletableFuture<?>> callers) {
    for (CompletableFuture<?> caller : callers) {
      assertThat(caller)
          .failsWithin(Patience.LIMIT)
          .withThrowableThat()
          .havingCause()
          .isInstanceOf(LockspaceClosedException.class);
    }
  }

  @Test
  void close_callersWaitForASession_areTold() throws Exception {
    link.cut();
    Lockspace node = connect().open();
    List<CompletableFuture<?>> callers = callers(node, node.allocate("no-session"));

    node.close();

    assertAllAreTold(callers);
  }

  @Test
  void fail_callersWaitForASession_areTold() throws Exception {
    link.cut();
    Lockspace node = connect().sessionTimeout(Ensemble.TICK.multipliedBy(3)).open();
    List<CompletableFuture<?>> callers = callers(node, node.allocate("session-too-short"));

    link.heal();

    assertAllAreTold(callers);
    node.close();
  }

  @Test
  void close_repliesAreMissing_callersAreTold() throws Exception {
    BlockingQueue<LockException> failures = new LinkedBlockingQueue<>();
    Lockspace node =
        connect()
            .listener(
                new LockspaceListener() {
                  @Override
                  public void releaseFailed(ClusterLock lock, LockException cause) {
                    failures.add(cause);
                  }
                })
            .open();
    ClusterLock lock = node.allocate("no-reply");
    Hold hold = acquire(lock, EXCLUSIVE);
    link.stall();
    CompletableFuture<Void> release = hold.unlockAsync();
    CompletableFuture<?> dump = onThread(node::dump);
    CompletableFuture<?> purge = onThread(() -> node.purge(LockName.of("unused")));
    link.cut();

    node.close();

    assertThat(release)
        .failsWithin(Patience.LIMIT)
        .withThrowableThat()
        .havingCause()
        .isInstanceOf(OutcomeUnknownException.class);
    assertThat(failures.poll(Patience.LIMIT.toSeconds(), TimeUnit.SECONDS))
        .isInstanceOf(OutcomeUnknownException.class);
    assertAllAreTold(List.of(dump, purge));
  }

  @Test
  void monitor_freedBeforeThereIsASession_isToldAndTheLockspaceGoesOn() throws Exception {
    link.cut();
    try (Lockspace node = connect().open()) {
      ClusterLock lock = node.allocate("freed");
      CompletableFuture<?> monitor = lock.monitorAsync();
      lock.free();

      link.heal();

      assertAllAreTold(List.of(monitor));
      ClusterLock other = node.allocate("another");
      release(acquire(other, EXCLUSIVE));
      eventually("the lock can be purged", () -> node.purge(other.name()));
    }
  }
}
