package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.FencingGate;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.StaleTokenException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.test.InstanceSpec;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What becomes of holds when servers, links, sessions, clients or the process itself fail: they are
 * kept, or they are lost by the node's own clock before anybody else is granted.
 */
@Timeout(180)
class LossIT {
  private static final Duration SHORT = Ensemble.TICK.multipliedBy(8);
  private static final Duration LONG = Ensemble.TICK.multipliedBy(20);
  private static final int SYNC_LIMIT = 40;

  private static final Map<InstanceSpec, Link> links = new LinkedHashMap<>();
  private static Ensemble ensemble;

  private String name;
  private Lockspace other;
  private ClusterLock theirs;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startLinked(SYNC_LIMIT, links);
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    ensemble.close();
    for (Link link : links.values()) {
      link.close();
    }
  }

  @BeforeEach
  void openOther(TestInfo test) {
    name = test.getDisplayName();
    other = connect(ensemble.connectString(), LONG);
    theirs = other.allocate(name);
  }

  @AfterEach
  void closeOther() {
    other.close();
  }

  private static Lockspace connect(String connectString, Duration sessionTimeout) {
    return ZooKeeperLockspace.connect(connectString)
        .sessionTimeout(sessionTimeout)
        .tick(Ensemble.TICK)
        .open();
  }

  /** A hold that something is about to happen to, and another node that waits for the lock. */
  private final class Victim implements AutoCloseable {
    final ClusterLock lock;
    final Hold hold;
    final long token;
    final Claim claim;
    final CompletableFuture<Hold> next;
    final CompletableFuture<Long> nextGrantedNanos;
    final FencingGate gate = new FencingGate();
    final List<HoldState> told = new CopyOnWriteArrayList<>();

    Victim(Lockspace node) throws Exception {
      lock = node.allocate(name);
      release(acquire(lock, EXCLUSIVE));
      hold = acquire(lock, EXCLUSIVE);
      token = hold.token();
      gate.admit(EXCLUSIVE, token);
      hold.addListener((of, state) -> told.add(state));
      claim = new Claim(hold);
      next = theirs.acquireAsync(EXCLUSIVE);
      nextGrantedNanos = next.thenApply(granted -> System.nanoTime());
      eventually("the other node waits", () -> queueLength() == 2);
    }

    /** Waits until the hold's own node takes it for lost. */
    HoldState knows() {
      eventually("its node knows", () -> hold.state() == HoldState.LOST);
      return hold.state();
    }

    /** The other node is granted, and the hold was lost before that. */
    void isLostFirst() throws Exception {
      long grantedNanos = get(nextGrantedNanos);
      assertThat(hold.state()).isEqualTo(HoldState.LOST);
      assertThat(grantedNanos - claim.lastNanos()).as("ns from loss to grant").isPositive();
      assertThatThrownBy(hold::ensureHeld).isInstanceOf(LockLostException.class);
      assertThat(hold.leaseRemainingNanos()).isZero();
      eventually("its listener is told", () -> told.contains(HoldState.LOST));
      assertThatThrownBy(hold::unlock).isInstanceOf(LockLostException.class);

      Hold granted = get(next);
      assertThat(granted.freshness()).isEqualTo(Freshness.OWNER_DIED);
      gate.admit(EXCLUSIVE, granted.token());
      assertThatThrownBy(() -> gate.admit(EXCLUSIVE, token))
          .isInstanceOf(StaleTokenException.class);
      granted.markRecovered();
      release(granted);
    }

    /** The node has a session again, and knows that it has missed something. */
    void goesOn() throws Exception {
      try (Hold again = acquire(lock, EXCLUSIVE)) {
        assertThat(again.freshness()).isIn(Freshness.MODIFIED, Freshness.UNKNOWN);
        assertThat(again.token()).isGreaterThan(token);
        gate.admit(EXCLUSIVE, again.token());
      }
      eventually("nothing is left", () -> other.purge(lock.name()));
    }

    /** The hold has outlived it all; the other node is granted when it ends, and not before. */
    void isKept() throws Exception {
      eventually("the connection was gone, and is back", () -> told.size() >= 2);
      eventually("it is settled", () -> told.get(told.size() - 1) == HoldState.HELD);
      assertThat(told).startsWith(HoldState.JEOPARDY).doesNotContain(HoldState.LOST);
      assertThat(hold.state()).isEqualTo(HoldState.HELD);
      assertThat(next).isNotDone();
      hold.setValue("kept".getBytes(StandardCharsets.UTF_8));
      release(hold);
      Hold granted = get(next);
      assertThat(granted.freshness()).isNotEqualTo(Freshness.OWNER_DIED);
      assertThat(new String(granted.value(), StandardCharsets.UTF_8)).isEqualTo("kept");
      assertThat(granted.token()).isGreaterThan(token);
      release(granted);
    }

    @Override
    public void close() {
      claim.close();
    }
  }

  private int queueLength() throws InterruptedException {
    return other.dump().locks().stream()
        .filter(lock -> lock.name().equals(theirs.name()))
        .map(LockEntry::queue)
        .mapToInt(queue -> queue.size())
        .sum();
  }

  // --- servers

  @Test
  void hold_itsServerIsRestarted_isKept() throws Exception {
    try (CuratorFramework client = ensemble.client(LONG);
        Lockspace node = ZooKeeperLockspace.on(client).tick(Ensemble.TICK).open();
        Victim victim = new Victim(node)) {
      InstanceSpec server = ensemble.serverOf(client.getZookeeperClient().getZooKeeper());
      ensemble.kill(server);
      ensemble.restart(server);
      victim.isKept();
    }
  }

  @Test
  void hold_leaderIsRestarted_isKept() throws Exception {
    try (Lockspace node = connect(ensemble.connectString(), LONG);
        Victim victim = new Victim(node)) {
      InstanceSpec leader = awaitLeader();
      ensemble.kill(leader);
      ensemble.restart(leader);
      victim.isKept();
    }
  }

  private static InstanceSpec awaitLeader() {
    AtomicReference<@Nullable InstanceSpec> leader = new AtomicReference<>();
    eventually(
        "there is a leader",
        () -> {
          leader.set(ensemble.leader());
          return leader.get() != null;
        });
    return Objects.requireNonNull(leader.get());
  }

  @Test
  void hold_allServersAreDownForLongerThanTheLease_isLost() throws Exception {
    try (Lockspace node = connect(ensemble.connectString(), SHORT);
        Victim victim = new Victim(node)) {
      for (InstanceSpec server : ensemble.servers()) {
        ensemble.kill(server);
      }
      eventually("the lease is over", () -> victim.hold.state() == HoldState.LOST);
      assertThat(victim.next).isNotDone();
      for (InstanceSpec server : ensemble.servers()) {
        ensemble.restart(server);
      }
      // The servers give the sessions their full time again: ours may well be alive still, but it
      // has to give the lock back as a dead owner's.
      victim.isLostFirst();
      victim.goesOn();
    }
  }

  // --- links

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void hold_linkStalls_isLost(boolean breaks) throws Exception {
    try (Link link = new Link(ensemble.servers().get(1).getPort());
        Lockspace node = connect(link.address(), SHORT);
        Victim victim = new Victim(node)) {
      link.stall();
      if (breaks) {
        eventually("it is noticed", () -> victim.hold.state() != HoldState.HELD);
        link.cut();
      }
      victim.isLostFirst();
      link.heal();
      victim.goesOn();
    }
  }

  @Test
  void hold_itsServerIsCutOffFromTheLeaderButAnswersReads_isLost() throws Exception {
    InstanceSpec server = ensemble.servers().get(0);
    InstanceSpec leader = awaitLeader();
    if (leader.equals(server)) { // it must not lead
      ensemble.kill(server);
      leader = awaitLeader();
      ensemble.restart(server);
    }
    Link toLeader = Objects.requireNonNull(links.get(leader));
    String address = "127.0.0.1:" + server.getPort();
    try (CuratorFramework reader = ensemble.builder(LONG).connectString(address).build();
        Lockspace node = connect(address, SHORT);
        Victim victim = new Victim(node)) {
      reader.start();
      reader.blockUntilConnected();
      toLeader.stall();
      eventually(
          "the lease is over",
          () -> {
            assertThat(reader.getData().forPath("/dmcl")).as("an answer").isNotNull();
            return victim.hold.state() == HoldState.LOST;
          });
      victim.isLostFirst();
      assertThat(reader.getData().forPath("/dmcl")).as("an answer").isNotNull();
      toLeader.heal();
      victim.goesOn();
    } finally {
      toLeader.heal();
    }
  }

  // --- sessions, clients, processes

  @Test
  void hold_sessionExpires_isLost() throws Exception {
    try (CuratorFramework client = ensemble.client(LONG);
        Lockspace node = ZooKeeperLockspace.on(client).tick(Ensemble.TICK).open();
        Victim victim = new Victim(node)) {
      Ensemble.expire(client, victim::knows);
      victim.isLostFirst();
      victim.goesOn();
    }
  }

  @Test
  void hold_userClosesTheClient_isLost() throws Exception {
    CuratorFramework client = ensemble.client(LONG);
    try (Lockspace node = ZooKeeperLockspace.on(client).tick(Ensemble.TICK).open();
        Victim victim = new Victim(node)) {
      client.close();
      victim.isLostFirst();
    }
  }

  @Test
  void lockspace_userClosesTheClient_canStillBeClosed() throws Exception {
    CuratorFramework client = ensemble.client(LONG);
    Lockspace node = ZooKeeperLockspace.on(client).tick(Ensemble.TICK).open();
    ClusterLock lock = node.allocate(name);
    release(acquire(lock, EXCLUSIVE));
    client.close();
    node.close();
    assertThatThrownBy(() -> lock.acquire(EXCLUSIVE)).isInstanceOf(LockspaceClosedException.class);
  }

  @Test
  void hold_processIsPausedPastItsSession_isLost() throws Exception {
    FencingGate gate = new FencingGate();
    try (ChildNode child = new ChildNode(ensemble.connectString(), SHORT, Ensemble.TICK, name)) {
      long token = child.acquire();
      gate.admit(EXCLUSIVE, token);
      CompletableFuture<Hold> next = theirs.acquireAsync(EXCLUSIVE);
      CompletableFuture<Long> grantedNanos = next.thenApply(hold -> System.nanoTime());
      eventually("this node waits", () -> queueLength() == 2);
      child.pause();
      Hold hold = get(next);
      child.resume();

      assertThat(child.state()).isEqualTo("LOST");
      assertThat(get(grantedNanos) - child.lastClaimNanos())
          .as("ns from loss to grant")
          .isPositive();
      assertThat(hold.freshness()).isEqualTo(Freshness.OWNER_DIED);
      gate.admit(EXCLUSIVE, hold.token());
      assertThatThrownBy(() -> gate.admit(EXCLUSIVE, token))
          .isInstanceOf(StaleTokenException.class);
      assertThat(child.unlock()).isEqualTo("LockLostException");
      hold.markRecovered();
      release(hold);

      gate.admit(EXCLUSIVE, child.acquire());
      assertThat(child.freshness()).isIn("MODIFIED", "UNKNOWN");
      assertThat(child.unlock()).isEqualTo("unlocked");
      child.exit();
    }
  }
}
