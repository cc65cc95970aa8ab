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
import io.dmcl.lock.Hold;
import io.dmcl.lock.LimitExceededException;
import io.dmcl.lock.LockModes.Mode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.ResultCode;
import io.dmcl.lock.zookeeper.curator.CuratorCoordinator;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import io.dmcl.lock.zookeeper.runtime.Nodes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.test.InstanceSpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A node that keeps very many grants: no session owns more than it may, closing goes well, and so
 * does dying.
 *
 * <p>Ten thousand grants, unless the system property {@code dmcl.grants} says otherwise; what a
 * session may own goes with it, so that the sessions are as many as for the hundred thousand of
 * {@code -Ddmcl.grants=100000}, with the bound as it is in production.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class ManyGrantsIT {
  private static final int GRANTS = Integer.getInteger("dmcl.grants", 10_000);
  private static final int FULL_GRANTS = 100_000;
  private static final int FULL_BYTES = 512 * 1024;
  private static final int SESSION_BYTES =
      (int) Math.min(FULL_BYTES, (long) FULL_BYTES * GRANTS / FULL_GRANTS);
  private static final int SESSIONS = 16;
  private static final int OWN_BYTES = 100; // the path of the node's own znode
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);

  private static Ensemble ensemble;
  private static CuratorFramework observer;
  private static int lockspaces;

  private final List<CuratorFramework> clients = new ArrayList<>();
  private final String name = "many" + ++lockspaces;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startQuick();
    observer = ensemble.client(SESSION_TIMEOUT);
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    observer.close();
    ensemble.close();
  }

  @AfterEach
  void closeClients() {
    clients.forEach(CuratorFramework::close);
  }

  private Lockspace open(int sessions, int sessionBytes) {
    List<Coordinator> coordinators = new ArrayList<>();
    for (int i = 0; i < sessions; i++) {
      CuratorFramework client = ensemble.client(SESSION_TIMEOUT);
      clients.add(client);
      coordinators.add(CuratorCoordinator.on(client));
    }
    return open(coordinators, sessionBytes);
  }

  private Lockspace open(List<Coordinator> coordinators, int sessionBytes) {
    NodeConfig config =
        new NodeConfig(
            "/dmcl", name, Ensemble.QUICK_TICK.toNanos(), 0, Integer.MAX_VALUE, sessionBytes);
    return Nodes.open(config, coordinators, Duration.ofMinutes(5).toNanos(), List.of());
  }

  /** Waits until all sessions are there, so that all take part. */
  private void awaitSessions(int count) {
    eventually(
        "all sessions are there",
        () ->
            observer.checkExists().forPath(nodes()) != null
                && observer.getChildren().forPath(nodes()).size() == count);
  }

  private String nodes() {
    return "/dmcl/" + name + "/nodes";
  }

  private static ClusterLock allocate(Lockspace node, int number) {
    return node.allocate(number, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);
  }

  /** Acquires that many locks, some at a time, and keeps the grants. */
  private void cache(Lockspace node, int count, int sessionBytes) throws Exception {
    List<CompletableFuture<Hold>> holds = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      holds.add(allocate(node, i).acquireAsync(i % 2 == 0 ? SHARED : EXCLUSIVE));
      if (holds.size() == 1_000 || i == count - 1) {
        for (CompletableFuture<Hold> hold : holds) {
          hold.get(5, TimeUnit.MINUTES).unlock();
        }
        holds.clear();
        assertThat(ensemble.ephemeralBytes().values())
            .allSatisfy(bytes -> assertThat(bytes).isLessThan(sessionBytes + OWN_BYTES));
      }
    }
  }

  @Test
  void close_manyCachedGrants_leavesNothingBehind() throws Exception {
    Lockspace node = open(SESSIONS, SESSION_BYTES);
    awaitSessions(SESSIONS);
    cache(node, GRANTS, SESSION_BYTES);
    assertThat(node.stats().grants()).isEqualTo(GRANTS);

    node.close();

    eventually(
        "no session owns anything",
        () -> ensemble.ephemeralBytes().values().stream().allMatch(bytes -> bytes == 0));
    try (Lockspace other = open(1, FULL_BYTES)) {
      assertThat(other.dump().locks())
          .hasSize(GRANTS)
          .allSatisfy(lock -> assertThat(lock.deadIntents()).isEmpty());
    }
  }

  @Test
  void kill_nodeWithManyGrants_ensembleStaysHealthy() throws Exception {
    Lockspace node = open(SESSIONS, SESSION_BYTES);
    awaitSessions(SESSIONS);
    cache(node, GRANTS, SESSION_BYTES);
    assertThat(node.stats().grants()).isEqualTo(GRANTS);

    // Each session ends at once, and all that it owns is one record in the servers' logs.
    clients.parallelStream().forEach(CuratorFramework::close);
    node.close();

    for (InstanceSpec server : ensemble.servers()) {
      ensemble.kill(server);
      ensemble.restart(server);
      eventually("the ensemble works", () -> observer.setData().forPath(nodes()).getVersion() > 0);
      eventually("all are there", () -> ensemble.inQuorum() == ensemble.servers().size());
    }
    assertThat(ensemble.ephemeralBytes().values()).allMatch(bytes -> bytes == 0);
    try (Lockspace other = open(1, FULL_BYTES)) {
      assertThat(acquire(allocate(other, 0), EXCLUSIVE).freshness().mustReload()).isTrue();
      assertThat(acquire(allocate(other, 1), EXCLUSIVE).freshness().mustReload()).isTrue();
    }
  }

  @Test
  void acquire_furtherSessionIsStillToCome_waitsForIt() throws Exception {
    int sessionBytes = 8 * 1024;
    int count = 200; // more than one session may own, fewer than two
    try (Link link = new Link(ensemble.servers().get(0).getPort())) {
      link.cut();
      Lockspace node =
          open(
              List.of(
                  CuratorCoordinator.connectingTo(
                      ensemble.connectString(), SESSION_TIMEOUT, System::nanoTime),
                  CuratorCoordinator.connectingTo(
                      link.address(), SESSION_TIMEOUT, System::nanoTime)),
              sessionBytes);
      List<CompletableFuture<Hold>> holds = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        holds.add(node.allocate(i).acquireAsync(EXCLUSIVE));
      }
      eventually("one session is full", () -> holds.get(count / 3).isDone());
      assertThat(holds.get(count - 1)).isNotDone();

      link.heal();

      for (CompletableFuture<Hold> hold : holds) {
        get(hold).ensureHeld();
      }
      for (CompletableFuture<Hold> hold : holds) {
        get(hold).unlock();
      }
      node.close();
    }
  }

  @Test
  void acquire_moreThanTheSessionMayOwn_idleGrantsGoAndHeldOnesAreRefused() throws Exception {
    int sessionBytes = 8 * 1024;
    Lockspace node = open(1, sessionBytes);
    awaitSessions(1);
    List<Hold> held = new ArrayList<>();

    for (int i = 0; i < 500; i++) { // idle ones go
      release(acquire(allocate(node, i), i % 2 == 0 ? SHARED : EXCLUSIVE));
      if (i % 50 == 0) {
        assertThat(ensemble.ephemeralBytes().values())
            .allSatisfy(bytes -> assertThat(bytes).isLessThan(sessionBytes + OWN_BYTES));
      }
    }
    assertThatThrownBy(
            () -> {
              for (int i = 500; i < 1_000; i++) {
                held.add(acquire(allocate(node, i), EXCLUSIVE));
              }
            })
        .isInstanceOf(LimitExceededException.class)
        .hasMessageContaining("more sessions");
    assertThat(held).hasSizeGreaterThan(50).allSatisfy(Hold::ensureHeld);
    assertThat(node.modes().lock(2_000, Mode.SHARED)).isEqualTo(ResultCode.LIMIT);
    assertThat(node.modes().lock(2_000, Mode.UNLOCK)).isEqualTo(ResultCode.GRANTED);
    assertThat(ensemble.ephemeralBytes().values())
        .allSatisfy(bytes -> assertThat(bytes).isLessThan(sessionBytes + OWN_BYTES));

    release(held.remove(0)); // and then there is room again
    release(acquire(allocate(node, 1_000), SHARED));
    for (Hold hold : held) {
      release(hold);
    }
    node.close();
  }
}
