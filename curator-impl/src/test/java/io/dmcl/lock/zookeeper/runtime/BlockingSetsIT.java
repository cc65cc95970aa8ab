package io.dmcl.lock.zookeeper.runtime;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.Ports;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The set comes just as its caller gives up: between the end of the wait and the withdrawal. */
@Timeout(60)
class BlockingSetsIT {
  /** A set that comes when the wait for it has ended. */
  private static final class Late extends CompletableFuture<HoldSet> {
    private final Optional<HoldSet> holds;

    Late(Optional<HoldSet> holds) {
      this.holds = holds;
    }

    private void come() {
      holds.ifPresentOrElse(
          this::complete, () -> completeExceptionally(new IllegalArgumentException("late")));
    }

    @Override
    public HoldSet get() throws InterruptedException {
      if (isDone()) {
        return join();
      }
      come();
      throw new InterruptedException();
    }

    @Override
    public HoldSet get(long timeout, TimeUnit unit) throws TimeoutException {
      come();
      throw new TimeoutException();
    }
  }

  @Test
  void await_setComesAsTheTimeEnds_isTheCallers() throws Exception {
    HoldSet holds = new GrantHoldSet(List.of());
    assertThat(BlockingSets.await(new Late(Optional.of(holds)), System.nanoTime())).isSameAs(holds);
  }

  @Test
  void await_failureComesAsTheCallerIsInterrupted_isInterrupted() {
    assertThatThrownBy(() -> BlockingSets.await(new Late(Optional.empty()), null))
        .isInstanceOf(InterruptedException.class);
  }

  @Test
  void await_setComesAsTheCallerIsInterrupted_goesBack() throws Exception {
    try (TestingServer server = new TestingServer(Ports.free(1).get(0));
        Lockspace node = ZooKeeperLockspace.connect(server.getConnectString()).open();
        ClusterLock lock = node.allocate("late")) {
      HoldSet holds = node.acquireAll(Map.of(lock, EXCLUSIVE));
      assertThatThrownBy(() -> BlockingSets.await(new Late(Optional.of(holds)), null))
          .isInstanceOf(InterruptedException.class);
      try (Hold next = lock.tryAcquire(EXCLUSIVE, Duration.ofSeconds(10))) {
        assertThat(next).as("what the interrupted caller had").isNotNull();
      }
    }
  }
}
