package io.dmcl.lock.zookeeper.curator;

import static io.dmcl.lock.zookeeper.curator.Recorder.create;
import static io.dmcl.lock.zookeeper.curator.Recorder.read;
import static io.dmcl.lock.zookeeper.curator.Recorder.set;
import static io.dmcl.lock.zookeeper.curator.Recorder.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.zookeeper.Ensemble;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.curator.ensemble.fixed.FixedEnsembleProvider;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.InstanceSpec;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How connections and sessions come and go on a real ensemble. */
@Timeout(90)
class SessionsIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(8);
  private static final String PATH = "/sessions";
  private static Ensemble ensemble;
  private static CuratorFramework observer;

  private CuratorFramework client;
  private CuratorCoordinator coordinator;
  private Recorder recorder;
  private Session session;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.start();
    observer = ensemble.client(SESSION_TIMEOUT);
    observer.create().forPath(PATH);
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    observer.close();
    ensemble.close();
  }

  @BeforeEach
  void open() throws Exception {
    client = ensemble.client(SESSION_TIMEOUT);
    coordinator = CuratorCoordinator.on(client);
    recorder = new Recorder();
    session = recorder.open(coordinator);
  }

  @AfterEach
  void close() {
    coordinator.close();
    client.close();
  }

  private ZooKeeper handle() throws Exception {
    return client.getZookeeperClient().getZooKeeper();
  }

  @Test
  void connectionLost_withRequestsInFlight_answersAllOfThemBeforeItSaysSo() throws Exception {
    int requests = 3000;
    for (int i = 0; i < requests; i++) {
      session.transact(List.of(set(PATH)), reply -> recorder.record("reply " + reply.code()));
      if (i == requests / 2) {
        handle().getTestable().closeSocket();
      }
    }
    recorder.await("reconnected");
    CompletableFuture<Code> after = new CompletableFuture<>();
    session.transact(List.of(set(PATH)), reply -> after.complete(reply.code()));

    assertThat(after.get(30, TimeUnit.SECONDS)).isEqualTo(Code.OK);
    List<String> events = recorder.events();
    int disconnected = events.indexOf("disconnected");
    assertThat(events.stream().filter(event -> event.startsWith("reply"))).hasSize(requests);
    assertThat(events.subList(0, disconnected)).contains("reply CONNECTION_LOSS");
    // Each reply belongs to the connection that it was answered on: OK, then lost, and nothing of
    // that connection behind the disconnection.
    assertThat(events.subList(0, disconnected))
        .containsSubsequence("opened", "reply CONNECTION_LOSS")
        .doesNotContainSubsequence("reply CONNECTION_LOSS", "reply OK");
    assertThat(events.subList(disconnected, events.indexOf("reconnected")))
        .doesNotContain("reply OK");
  }

  @Test
  void serverKilled_sameSession_isReconnectedToAnotherServer() throws Exception {
    InstanceSpec server = ensemble.serverOf(handle());
    write(session, create(PATH + "/kept", WriteOp.Kind.EPHEMERAL));
    ensemble.kill(server);
    try {
      recorder.await("disconnected");
      recorder.await("reconnected");
      assertThat(read(session, new ReadOp.Data(PATH + "/kept")).get(0).code()).isEqualTo(Code.OK);
      assertThat(recorder.events()).containsExactly("opened", "disconnected", "reconnected");
    } finally {
      ensemble.restart(server);
    }
  }

  @Test
  void disconnection_thatZooKeeperSwallows_isToldWithTheReconnection() throws Exception {
    ((CuratorSession) session).stateChanged(Watcher.Event.KeeperState.SyncConnected);

    assertThat(recorder.events()).containsExactly("opened", "disconnected", "reconnected");
  }

  @Test
  void disconnection_whileAForeignWatchIsRemoved_isNotMissed() throws Exception {
    // A removal that is asked to succeed locally makes ZooKeeper drop its Disconnected event if
    // the connection breaks before the reply.
    Watcher foreign = event -> {};
    for (int i = 0; i < 500; i++) {
      handle().exists(PATH + "/f" + i, foreign);
    }
    for (int i = 0; i < 500; i++) {
      handle()
          .removeWatches(
              PATH + "/f" + i,
              foreign,
              Watcher.WatcherType.Data,
              true,
              (rc, path, context) -> {},
              null);
    }
    handle().getTestable().closeSocket();
    recorder.await("reconnected");

    assertThat(recorder.events()).containsExactly("opened", "disconnected", "reconnected");
  }

  @Test
  void requests_whileDisconnected_areNotSent() throws Exception {
    ((CuratorSession) session).stateChanged(Watcher.Event.KeeperState.Disconnected);

    assertThat(write(session, set(PATH)).code()).isEqualTo(Code.CONNECTION_LOSS);
    assertThat(read(session, new ReadOp.Data(PATH)))
        .extracting(Reply.Read::code)
        .containsExactly(Code.CONNECTION_LOSS);
    assertThat(Recorder.watch(session, new ReadOp.Data(PATH)).code())
        .isEqualTo(Code.CONNECTION_LOSS);
  }

  @Test
  void sessionClosedByTheServers_isEnded_andANewOneOpened() throws Exception {
    write(session, create(PATH + "/mine", WriteOp.Kind.EPHEMERAL));
    CompletableFuture<Void> connected = new CompletableFuture<>();
    ZooKeeper twin =
        new ZooKeeper(
            ensemble.connectString(),
            (int) SESSION_TIMEOUT.toMillis(),
            event -> connected.complete(null),
            handle().getSessionId(),
            handle().getSessionPasswd());
    connected.get(30, TimeUnit.SECONDS);
    twin.close();

    Session second = recorder.nextSession();
    assertThat(second.id()).isNotEqualTo(session.id());
    assertThat(recorder.events())
        .containsExactly("opened", "disconnected", "closing", "ended", "opened");
    assertThat(write(session, set(PATH)).code()).isEqualTo(Code.SESSION_ENDED);
    assertThat(write(second, create(PATH + "/mine", WriteOp.Kind.EPHEMERAL)).code())
        .isEqualTo(Code.OK);
  }

  @Test
  void expiryInjectedByTheClient_isEnded_andANewOneOpened() throws Exception {
    handle().getTestable().injectSessionExpiration();

    assertThat(recorder.nextSession().id()).isNotEqualTo(session.id());
    recorder.await("ended");
    assertThat(recorder.events()).containsExactly("opened", "closing", "ended", "opened");
  }

  @Test
  void clientClosedByItsUser_tellsClosing_whileTheEphemeralsAreStillThere() throws Exception {
    String path = PATH + "/ephemeral";
    AtomicReference<Object> seen = new AtomicReference<>("not told");
    Recorder synchronous =
        new Recorder() {
          @Override
          public void closing(Session closed) {
            super.closing(closed);
            try {
              Ensemble.catchUp(observer);
              seen.set(observer.checkExists().forPath(path));
            } catch (Exception e) {
              seen.set(e);
            }
          }
        };
    CuratorCoordinator second = CuratorCoordinator.on(client);
    Session mine = synchronous.open(second);
    write(mine, create(path, WriteOp.Kind.EPHEMERAL));
    mine.transact(List.of(set(PATH)), reply -> synchronous.record("reply"));

    client.close();

    assertThat(seen.get()).isInstanceOf(org.apache.zookeeper.data.Stat.class);
    assertThat(synchronous.events())
        .startsWith("opened")
        .containsSubsequence("closing", "ended")
        .containsOnlyOnce("closing")
        .containsOnlyOnce("ended")
        .containsOnlyOnce("reply");
    assertThat(synchronous.reasons()).last().asString().contains("closed by its owner");
    assertThat(recorder.events()).containsSubsequence("opened", "closing", "ended");
    Ensemble.catchUp(observer);
    assertThat(observer.checkExists().forPath(path)).isNull();
    assertThat(write(mine, set(PATH)).code()).isEqualTo(Code.SESSION_ENDED);
    second.close();
  }

  @Test
  void handleReplacedByReset_endsTheSession_andOpensANewOne() throws Exception {
    client.getZookeeperClient().reset();

    Session second = recorder.nextSession();
    assertThat(second.id()).isNotEqualTo(session.id());
    assertThat(recorder.events()).containsExactly("opened", "closing", "ended", "opened");
    assertThat(write(second, set(PATH)).code()).isEqualTo(Code.OK);
  }

  @Test
  void handleClosedByItsUser_endsTheSession() throws Exception {
    handle().close();

    recorder.await("ended");
    assertThat(recorder.events()).containsSubsequence("opened", "closing", "ended");
    assertThat(write(session, set(PATH)).code()).isEqualTo(Code.SESSION_ENDED);
  }

  @Test
  void coordinatorClosed_onAUsersClient_tellsNothingMore_andLeavesTheClientAlone()
      throws Exception {
    Recorder.watch(session, new ReadOp.Data(PATH));
    coordinator.close();
    observer.setData().forPath(PATH);
    handle().getTestable().closeSocket();

    assertThat(client.getData().forPath(PATH)).isNotNull();
    assertThat(recorder.events()).containsExactly("opened");
  }

  @Test
  void unreachableServers_areReported_withoutBlocking() throws Exception {
    CuratorCoordinator unreachable =
        CuratorCoordinator.connectingTo("127.0.0.1:1", SESSION_TIMEOUT, System::nanoTime);
    Recorder waiting = new Recorder();
    long before = System.nanoTime();
    unreachable.start(waiting);
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));

    waiting.await("unavailable");
    assertThat(waiting.reasons()).singleElement().asString().contains("127.0.0.1:1");
    unreachable.close();
  }

  @Test
  void clientNotStarted_orClosed_isRefused() {
    CuratorFramework latent = ensemble.builder(SESSION_TIMEOUT).build();
    CuratorCoordinator onLatent = CuratorCoordinator.on(latent);
    assertThatThrownBy(() -> onLatent.start(new Recorder()))
        .isInstanceOf(CoordinatorUnavailableException.class)
        .hasMessageContaining("start()");

    latent.start();
    latent.close();
    CuratorCoordinator onClosed = CuratorCoordinator.on(latent);
    assertThatThrownBy(() -> onClosed.start(new Recorder()))
        .isInstanceOf(CoordinatorUnavailableException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void ensembleProvider_thatMakesCuratorResetTheHandle_isRefused() throws Exception {
    try (CuratorFramework resetting = clientThatResets(true)) {
      CuratorCoordinator refused = CuratorCoordinator.on(resetting);
      assertThatThrownBy(() -> refused.start(new Recorder()))
          .isInstanceOf(CoordinatorUnavailableException.class)
          .hasMessageContaining("updateServerListEnabled")
          .hasMessageContaining("ensembleTracker(false)");
    }
    try (CuratorFramework fixed = clientThatResets(false)) {
      CuratorCoordinator accepted = CuratorCoordinator.on(fixed);
      new Recorder().open(accepted);
      accepted.close();
    }
  }

  private static CuratorFramework clientThatResets(boolean tracked) {
    CuratorFramework made =
        CuratorFrameworkFactory.builder()
            .ensembleProvider(new FixedEnsembleProvider(ensemble.connectString(), false))
            .ensembleTracker(tracked)
            .retryPolicy(new RetryOneTime(100))
            .build();
    made.start();
    return made;
  }
}
