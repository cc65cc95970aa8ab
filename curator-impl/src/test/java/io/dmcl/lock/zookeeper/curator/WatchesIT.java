package io.dmcl.lock.zookeeper.curator;

import static io.dmcl.lock.zookeeper.curator.Recorder.persistent;
import static io.dmcl.lock.zookeeper.curator.Recorder.read;
import static io.dmcl.lock.zookeeper.curator.Recorder.set;
import static io.dmcl.lock.zookeeper.curator.Recorder.watch;
import static io.dmcl.lock.zookeeper.curator.Recorder.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.Ensemble;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.time.Duration;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.test.InstanceSpec;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/** Watches on a real ensemble: they fire once, survive, and can be removed. */
@Timeout(90)
class WatchesIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(8);
  private static Ensemble ensemble;
  private static CuratorFramework other;

  private CuratorFramework client;
  private CuratorCoordinator coordinator;
  private CuratorCoordinator secondCoordinator;
  private final Recorder recorder = new Recorder();
  private final Recorder second = new Recorder();
  private Session session;
  private Session secondSession;
  private String path;
  private int watchesBefore;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.start();
    other = ensemble.client(SESSION_TIMEOUT);
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    other.close();
    ensemble.close();
  }

  @BeforeEach
  void open(TestInfo test) throws Exception {
    client = ensemble.client(SESSION_TIMEOUT);
    coordinator = CuratorCoordinator.on(client);
    secondCoordinator = CuratorCoordinator.on(client);
    session = recorder.open(coordinator);
    secondSession = second.open(secondCoordinator);
    path = "/" + test.getTestMethod().orElseThrow().getName();
    write(session, persistent(path));
    watchesBefore = ensemble.watchCount();
  }

  @AfterEach
  void close() {
    coordinator.close();
    secondCoordinator.close();
    client.close();
  }

  private ZooKeeper handle() throws Exception {
    return client.getZookeeperClient().getZooKeeper();
  }

  private ReadOp data() {
    return new ReadOp.Data(path);
  }

  private ReadOp children() {
    return new ReadOp.Children(path);
  }

  /** The watches at the servers that were not there when the test began. */
  private int watchedAtServers() throws Exception {
    return ensemble.watchCount() - watchesBefore;
  }

  private void awaitWatchedAtServers(int expected) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(watchedAtServers()).isEqualTo(expected));
  }

  @Test
  void watch_firesOnce_beforeTheDataOfALaterRead() throws Exception {
    watch(session, data());
    watch(session, children());
    other.setData().forPath(path);
    other.setData().forPath(path);
    other.create().forPath(path + "/child");
    other.create().forPath(path + "/child2");
    recorder.await("fired DATA " + path);
    recorder.await("fired CHILDREN " + path);
    read(session, data());

    assertThat(recorder.events())
        .containsExactly("opened", "fired DATA " + path, "fired CHILDREN " + path);
    assertThat(second.events()).containsExactly("opened");
  }

  @Test
  void watch_setTwice_firesOnce() throws Exception {
    watch(session, data());
    watch(session, data());
    write(session, set(path));
    read(session, data());

    assertThat(recorder.events()).containsExactly("opened", "fired DATA " + path);
  }

  @Test
  void watch_onAZnodeThatIsDeleted_firesForBothKinds() throws Exception {
    watch(session, data());
    watch(secondSession, data());
    watch(secondSession, children());
    write(session, new WriteOp.Delete(path));
    read(session, data());
    read(secondSession, data());

    assertThat(recorder.events()).containsExactly("opened", "fired DATA " + path);
    assertThat(second.events())
        .containsExactly("opened", "fired DATA " + path, "fired CHILDREN " + path);
    assertThat(watchedAtServers()).isZero();
  }

  @Test
  void watch_onAMissingZnode_setsNothing() throws Exception {
    write(session, new WriteOp.Delete(path));
    assertThat(watch(session, data()).code()).isEqualTo(Code.NO_NODE);
    assertThat(watch(session, children()).code()).isEqualTo(Code.NO_NODE);
    write(session, persistent(path), set(path));
    read(session, data());

    assertThat(recorder.events()).containsExactly("opened");
    assertThat(watchedAtServers()).isZero();
  }

  @Test
  void watch_survivesTheLossOfItsServer_andFiresForWhatHappenedMeanwhile() throws Exception {
    watch(session, data());
    watch(session, children());
    InstanceSpec server = ensemble.serverOf(handle());
    ensemble.kill(server);
    try {
      recorder.await("disconnected");
      other.setData().forPath(path);
      recorder.await("reconnected");
      recorder.await("fired DATA " + path);
      write(session, persistent(path + "/child"));
      read(session, data());
      assertThat(recorder.events())
          .containsExactly(
              "opened",
              "disconnected",
              "reconnected",
              "fired DATA " + path,
              "fired CHILDREN " + path);
    } finally {
      ensemble.restart(server);
    }
  }

  @Test
  void removeWatches_ofZooKeeper_leavesTheWatchAtTheServer() throws Exception {
    // Why a HandleWatch is needed. If this fails, ZooKeeper has changed.
    Watcher watcher = event -> {};
    handle().getData(path, watcher, null);
    handle().removeWatches(path, watcher, Watcher.WatcherType.Data, false);
    assertThat(watchedAtServers()).isEqualTo(1);

    handle().getData(path, watcher, null);
    handle().removeAllWatches(path, Watcher.WatcherType.Data, false);
    assertThat(watchedAtServers()).isZero();
  }

  @Test
  void unwatch_ofTheOnlyOne_removesItAtTheServer() throws Exception {
    watch(session, data());
    watch(session, children());
    assertThat(watchedAtServers()).isEqualTo(2);

    session.unwatch(data());
    read(session, data());
    assertThat(watchedAtServers()).isEqualTo(1);
    session.unwatch(children());
    session.unwatch(children());
    write(session, set(path), persistent(path + "/child"));
    read(session, data());

    assertThat(watchedAtServers()).isZero();
    assertThat(recorder.events()).containsExactly("opened");
  }

  @Test
  void unwatch_behindAReadInFlight_removesWhatItSets() throws Exception {
    session.watch(data(), reply -> recorder.record("reply " + reply.code()));
    session.unwatch(data());
    read(session, data());
    assertThat(watchedAtServers()).isZero();
    write(session, set(path));
    read(session, data());

    assertThat(recorder.events()).containsExactly("opened", "reply OK");
  }

  @Test
  void unwatch_andWatchAgain_keepsTheSecond() throws Exception {
    session.watch(data(), reply -> {});
    session.unwatch(data());
    watch(session, data());
    write(session, set(path));
    read(session, data());

    assertThat(recorder.events()).containsExactly("opened", "fired DATA " + path);
  }

  @Test
  void unwatch_besideAnotherNodeOnTheSameClient_leavesTheOthersWatch() throws Exception {
    watch(session, data());
    watch(secondSession, data());
    assertThat(watchedAtServers()).isEqualTo(1);
    session.unwatch(data());
    read(session, data());
    assertThat(watchedAtServers()).isEqualTo(1);
    write(session, set(path));
    read(secondSession, data());
    assertThat(recorder.events()).containsExactly("opened");
    assertThat(second.events()).containsExactly("opened", "fired DATA " + path);

    watch(session, data());
    watch(secondSession, data());
    session.unwatch(data());
    secondSession.unwatch(data());
    read(session, data());
    assertThat(watchedAtServers()).isZero();
  }

  @Test
  void unwatch_besideAReadOfAnotherNodeThatFails_leavesNothing() throws Exception {
    watch(session, children());
    // The second node's read fails behind the first node's giving up; nobody is left to watch.
    secondSession.watch(new ReadOp.Children(path + "/none"), reply -> {});
    secondSession.watch(children(), reply -> {});
    session.unwatch(children());
    secondSession.unwatch(children());
    read(session, data());

    assertThat(watchedAtServers()).isZero();
  }

  @Test
  void unwatch_whoseReplyIsLost_isDoneAfterTheReconnection() throws Exception {
    watch(session, data());
    handle().getTestable().closeSocket();
    session.unwatch(data());
    recorder.await("reconnected");

    awaitWatchedAtServers(0);
    write(session, set(path));
    read(session, data());
    assertThat(recorder.events()).containsExactly("opened", "disconnected", "reconnected");
  }

  @Test
  void watch_removedByAStranger_isToldAsFired() throws Exception {
    watch(session, data());
    handle().removeAllWatches(path, Watcher.WatcherType.Data, false);
    read(session, data());

    assertThat(recorder.events()).containsExactly("opened", "fired DATA " + path);
  }

  @Test
  void coordinatorClosed_takesItsWatchesWithIt_andNobodyElses() throws Exception {
    watch(session, data());
    watch(session, children());
    watch(secondSession, data());
    coordinator.close();
    read(secondSession, data());
    assertThat(watchedAtServers()).isEqualTo(1);

    secondCoordinator.close();
    handle().getData(path, false, null);
    // The anchor, which the two had in common, is gone as well.
    assertThat(watchedAtServers()).isEqualTo(-1);
  }
}
