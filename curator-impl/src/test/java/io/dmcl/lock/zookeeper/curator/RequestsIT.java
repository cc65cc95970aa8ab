package io.dmcl.lock.zookeeper.curator;

import static io.dmcl.lock.zookeeper.curator.Recorder.create;
import static io.dmcl.lock.zookeeper.curator.Recorder.persistent;
import static io.dmcl.lock.zookeeper.curator.Recorder.read;
import static io.dmcl.lock.zookeeper.curator.Recorder.set;
import static io.dmcl.lock.zookeeper.curator.Recorder.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.Ensemble;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;

/** Transactions and multi-reads on a real ensemble. */
@Timeout(60)
class RequestsIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(10);
  private static Ensemble ensemble;

  private CuratorFramework client;
  private CuratorCoordinator coordinator;
  private Session session;
  private String root;

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.start();
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    ensemble.close();
  }

  @BeforeEach
  void open(TestInfo test) throws Exception {
    client = ensemble.client(SESSION_TIMEOUT);
    coordinator = CuratorCoordinator.on(client);
    session = new Recorder().open(coordinator);
    root = "/" + test.getTestMethod().orElseThrow().getName();
    assertThat(write(session, persistent(root)).code()).isEqualTo(Code.OK);
  }

  @AfterEach
  void close() {
    coordinator.close();
    client.close();
  }

  @Test
  void requests_sentTogether_areExecutedAndAnsweredInOrder() throws Exception {
    List<String> replies = new ArrayList<>();
    CompletableFuture<Void> last = new CompletableFuture<>();
    for (int i = 0; i < 200; i++) {
      String path = root + "/" + i;
      String name = "" + i;
      int before = i;
      session.transact(
          List.of(persistent(path)), reply -> replies.add("write " + name + " " + reply.code()));
      session.read(
          List.of(new ReadOp.Children(root)),
          reply -> replies.add("read " + name + " " + (reply.get(0).children().size() - before)));
      session.watch(
          new ReadOp.Data(path), reply -> replies.add("watch " + name + " " + reply.code()));
    }
    session.read(List.of(new ReadOp.Data(root)), reply -> last.complete(null));
    last.get(30, TimeUnit.SECONDS);

    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      expected.add("write " + i + " OK");
      expected.add("read " + i + " 1");
      expected.add("watch " + i + " OK");
    }
    assertThat(replies).isEqualTo(expected);
  }

  @Test
  void transaction_withOneFailingMember_doesNothingAndNamesIt() throws Exception {
    Reply.Transaction reply =
        write(session, persistent(root + "/a"), set(root + "/none"), persistent(root + "/b"));

    assertThat(reply.code()).isEqualTo(Code.NO_NODE);
    assertThat(reply.culprit()).isEqualTo(1);
    assertThat(reply.results())
        .extracting(Reply.Written::code)
        .containsExactly(Code.ROLLED_BACK, Code.NO_NODE, Code.ROLLED_BACK);
    assertThat(client.getChildren().forPath(root)).isEmpty();
  }

  @Test
  void transaction_failing_tellsWhy() throws Exception {
    write(session, persistent(root + "/parent"), persistent(root + "/parent/child"));

    assertThat(write(session, persistent(root)).code()).isEqualTo(Code.NODE_EXISTS);
    assertThat(write(session, persistent(root + "/x/y")).code()).isEqualTo(Code.NO_NODE);
    assertThat(write(session, new WriteOp.Delete(root + "/x")).code()).isEqualTo(Code.NO_NODE);
    assertThat(write(session, new WriteOp.Delete(root + "/parent")).code())
        .isEqualTo(Code.NOT_EMPTY);
  }

  @Test
  void transaction_withAnImpossiblePath_isRefused() throws Exception {
    assertThat(write(session, persistent(root + "//")).code()).isEqualTo(Code.REFUSED);
    assertThat(write(session, persistent(root + "/a")).code()).isEqualTo(Code.OK);
  }

  @Test
  void create_sequential_returnsPathAndSharesItsZxidWithTheTransaction() throws Exception {
    Reply.Transaction reply =
        write(
            session,
            create(root + "/x-", WriteOp.Kind.EPHEMERAL_SEQUENTIAL),
            persistent(root + "/x-intent"),
            set(root));

    assertThat(reply.code()).isEqualTo(Code.OK);
    String created = Objects.requireNonNull(reply.results().get(0).createdPath());
    assertThat(created).isEqualTo(root + "/x-0000000000");
    assertThat(reply.results().get(1).createdPath()).isEqualTo(root + "/x-intent");
    ZnodeStat bumped = Objects.requireNonNull(reply.results().get(2).stat());
    List<Reply.Read> entries =
        read(session, new ReadOp.Data(created), new ReadOp.Data(root + "/x-intent"));
    assertThat(entries)
        .extracting(entry -> Objects.requireNonNull(entry.stat()).czxid())
        .containsExactly(bumped.mzxid(), bumped.mzxid());
    assertThat(client.checkExists().forPath(created).getEphemeralOwner()).isEqualTo(session.id());
  }

  @Test
  void multiRead_withAMissingZnode_answersEachMemberByItself() throws Exception {
    write(session, persistent(root + "/a"), persistent(root + "/a/b"));

    List<Reply.Read> replies =
        read(
            session,
            new ReadOp.Data(root + "/none"),
            new ReadOp.Children(root + "/a"),
            new ReadOp.Children(root + "/none"),
            new ReadOp.Data(root + "/a"));

    assertThat(replies)
        .extracting(Reply.Read::code)
        .containsExactly(Code.NO_NODE, Code.OK, Code.NO_NODE, Code.OK);
    assertThat(replies.get(1).children()).containsExactly("b");
    assertThat(replies.get(3).data()).containsExactly(1);
    assertThat(Objects.requireNonNull(replies.get(3).stat()).numChildren()).isEqualTo(1);
  }

  @Test
  void multiRead_besideAWriter_seesAllOrNothingOfEachTransaction() throws Exception {
    write(session, persistent(root + "/a"), persistent(root + "/b"));
    List<Reply.Read> seen = new ArrayList<>();
    CompletableFuture<Void> last = new CompletableFuture<>();
    try (CuratorFramework other = ensemble.client(SESSION_TIMEOUT)) {
      CuratorCoordinator writing = CuratorCoordinator.on(other);
      Session writer = new Recorder().open(writing);
      for (int i = 0; i < 100; i++) {
        writer.transact(List.of(set(root + "/a"), set(root + "/b")), reply -> {});
        session.read(
            List.of(new ReadOp.Data(root + "/a"), new ReadOp.Data(root + "/b")), seen::addAll);
      }
      session.read(List.of(new ReadOp.Data(root)), reply -> last.complete(null));
      last.get(30, TimeUnit.SECONDS);
      writing.close();
    }
    assertThat(seen).hasSize(200);
    for (int i = 0; i < seen.size(); i += 2) {
      assertThat(Objects.requireNonNull(seen.get(i).stat()).version())
          .isEqualTo(Objects.requireNonNull(seen.get(i + 1).stat()).version());
    }
  }

  @Test
  void namespaceAndChroot_areApplied_andNeverSeen() throws Exception {
    client.create().forPath(root + "/chroot");
    try (CuratorFramework inChroot =
        ensemble
            .builder(SESSION_TIMEOUT)
            .connectString(ensemble.connectString() + root + "/chroot")
            .namespace("one/two")
            .build()) {
      inChroot.start();
      CuratorCoordinator coordinated = CuratorCoordinator.on(inChroot);
      Recorder recorder = new Recorder();
      Session inside = recorder.open(coordinated);

      Reply.Transaction reply =
          write(
              inside,
              persistent("/a"),
              create("/a/x-", WriteOp.Kind.EPHEMERAL_SEQUENTIAL),
              set("/a"));
      Reply.Read children = Recorder.watch(inside, new ReadOp.Children("/a"));
      write(inside, new WriteOp.Delete("/a/x-0000000000"));
      recorder.await("fired CHILDREN /a");

      assertThat(reply.results().get(1).createdPath()).isEqualTo("/a/x-0000000000");
      assertThat(children.children()).containsExactly("x-0000000000");
      Ensemble.catchUp(client);
      assertThat(client.checkExists().forPath(root + "/chroot/one/two/a")).isNotNull();
      coordinated.close();
    }
  }

  @Test
  void namespaceView_ofAClient_isEnough() throws Exception {
    CuratorCoordinator onView = CuratorCoordinator.on(client.usingNamespace("view"));
    Session inside = new Recorder().open(onView);

    assertThat(write(inside, persistent("/a")).code()).isEqualTo(Code.OK);
    assertThat(client.checkExists().forPath("/view/a")).isNotNull();
    onView.close();
  }

  @Test
  void aclProvider_isAskedForEachCreate_withItsFullPath() throws Exception {
    ACL mine = new ACL(ZooDefs.Perms.ALL, ZooDefs.Ids.AUTH_IDS);
    ACL everybodyReads = new ACL(ZooDefs.Perms.READ, ZooDefs.Ids.ANYONE_ID_UNSAFE);
    try (CuratorFramework owner =
        ensemble
            .builder(SESSION_TIMEOUT)
            .namespace(root.substring(1) + "-ns")
            .authorization("digest", "owner:secret".getBytes(StandardCharsets.UTF_8))
            .aclProvider(
                new ACLProvider() {
                  @Override
                  public List<ACL> getDefaultAcl() {
                    return List.of(mine);
                  }

                  @Override
                  public List<ACL> getAclForPath(String path) {
                    return path.equals(root + "-ns/public")
                        ? List.of(mine, everybodyReads)
                        : getDefaultAcl();
                  }
                })
            .build()) {
      owner.start();
      CuratorCoordinator coordinated = CuratorCoordinator.on(owner);
      Session inside = new Recorder().open(coordinated);
      assertThat(write(inside, persistent("/public"), persistent("/private")).code())
          .isEqualTo(Code.OK);

      Reply.Transaction stranger = write(session, set(root), set(root + "-ns/public"));
      assertThat(stranger.code()).isEqualTo(Code.NO_AUTH);
      assertThat(stranger.results())
          .extracting(Reply.Written::code)
          .containsExactly(Code.ROLLED_BACK, Code.NO_AUTH);
      // Behind a write, so that a server that lags shows what the other session has made.
      assertThat(
              read(
                  session,
                  new ReadOp.Data(root + "-ns/public"),
                  new ReadOp.Data(root + "-ns/private")))
          .extracting(Reply.Read::code)
          .containsExactly(Code.OK, Code.NO_AUTH);
      assertThat(write(session, persistent(root + "-ns/mine")).code()).isEqualTo(Code.NO_AUTH);
      assertThat(owner.getACL().forPath("/public")).hasSize(2);
      coordinated.close();
    }
  }

  @Test
  void session_hasTheNegotiatedTimeout_andAStartOnlyIfItsOwn() throws Exception {
    long before = System.nanoTime();
    CuratorCoordinator own =
        CuratorCoordinator.connectingTo(
            ensemble.connectString(), Duration.ofSeconds(7), System::nanoTime);
    Session mine = new Recorder().open(own);
    assertThat(mine.timeoutNanos()).isEqualTo(Duration.ofSeconds(7).toNanos());
    assertThat(mine.askedForNanos() - before).isPositive();
    assertThat(System.nanoTime() - mine.askedForNanos()).isPositive();
    assertThat(session.askedForNanos()).isEqualTo(Long.MIN_VALUE);
    assertThat(session.id()).isNotEqualTo(mine.id());

    write(mine, create(root + "/e", WriteOp.Kind.EPHEMERAL));
    own.close();
    Ensemble.catchUp(client);
    assertThat(client.checkExists().forPath(root + "/e")).isNull();
  }
}
