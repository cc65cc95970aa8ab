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
import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LimitExceededException;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceClosedException;
import io.dmcl.lock.LockspaceListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is wrong is said, in words that help, and does no damage. */
@Timeout(120)
class BadInputIT {
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(8);

  private static Ensemble ensemble;
  private static Lockspace node;
  private static Lockspace other;

  @BeforeAll
  static void open() throws Exception {
    ensemble = Ensemble.start();
    node = connect(ensemble.connectString()).open();
    other = connect(ensemble.connectString()).open();
  }

  @AfterAll
  static void close() throws Exception {
    node.close();
    other.close();
    ensemble.close();
  }

  private static ZooKeeperLockspace connect(String connectString) {
    return ZooKeeperLockspace.connect(connectString)
        .sessionTimeout(SESSION_TIMEOUT)
        .tick(Ensemble.TICK);
  }

  // --- names

  @Test
  void allocate_nameOfWrongLength_isRefused() throws Exception {
    for (String name : List.of("", "n".repeat(129), "\ud83d\udd12".repeat(129))) {
      assertThatThrownBy(() -> node.allocate(name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1 to 128 characters")
          .hasMessageContaining("has " + name.codePointCount(0, name.length()));
    }
    // 128 characters are 128, whatever they take.
    ClusterLock longest = node.allocate("\ud83d\udd12".repeat(128));
    release(acquire(longest, EXCLUSIVE));
    longest.free();
  }

  @Test
  void lockspace_strangeNames_areLockspacesOfTheirOwn() throws Exception {
    List<String> names =
        List.of("/", "..", ".", "a/b", "\u0000\u001f\n", "\ud83d\udd12", " ", "%2F");
    List<Lockspace> spaces = new ArrayList<>();
    List<Hold> holds = new ArrayList<>();
    for (String name : names) {
      Lockspace space = connect(ensemble.connectString()).name(name).open();
      spaces.add(space);
      holds.add(acquire(space.allocate(name), EXCLUSIVE)); // each is alone with its lock
      assertThat(space.dump().locks())
          .singleElement()
          .satisfies(lock -> assertThat(lock.name()).isEqualTo(LockName.of(name)));
    }
    for (Hold hold : holds) {
      release(hold);
    }
    spaces.parallelStream().forEach(Lockspace::close);
  }

  @Test
  void lockspace_nameOfWrongLength_isRefused() {
    ZooKeeperLockspace builder = connect(ensemble.connectString());
    for (String name : List.of("", "n".repeat(129))) {
      assertThatThrownBy(() -> builder.name(name))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("1 to 128");
    }
  }

  // --- use

  @Test
  void setValue_tooLong_isRefusedAndTheOldOneStays() throws Exception {
    ClusterLock lock = node.allocate("value");
    Hold hold = acquire(lock, EXCLUSIVE);
    hold.setValue(new byte[1_024]);
    assertThatThrownBy(() -> hold.setValue(new byte[1_025]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1025");
    assertThat(hold.value()).hasSize(1_024);
    release(hold);
    ClusterLock theirs = other.allocate("value");
    Hold reader = acquire(theirs, SHARED);
    assertThat(reader.value()).hasSize(1_024);
    release(reader);
    lock.free();
    theirs.free();
  }

  @Test
  void unlock_withoutHold_isRefusedAndTheLockGoesOnWorking() throws Exception {
    ClusterLock lock = node.allocate("no-hold");
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    Hold hold = acquire(lock, SHARED);
    assertThatThrownBy(() -> lock.unlock(EXCLUSIVE))
        .isInstanceOf(IllegalMonitorStateException.class);
    hold.ensureHeld();
    release(hold);
    assertThatThrownBy(hold::unlock).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);

    Hold again = acquire(lock, EXCLUSIVE);
    assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
    release(again);
    lock.free();
  }

  @Test
  void acquire_afterFreeOrClose_isRefused() throws Exception {
    ClusterLock freed = node.allocate("freed");
    freed.free();
    assertRefused(freed, "lock \"freed\" was freed");
    Lockspace space = connect(ensemble.connectString()).open();
    ClusterLock closed = space.allocate("closed");
    space.close();
    assertRefused(closed, "lockspace default is closed");
    assertThatThrownBy(() -> space.allocate("another"))
        .isInstanceOf(LockspaceClosedException.class)
        .hasMessageContaining("closed");
  }

  private static void assertRefused(ClusterLock lock, String why) {
    List<ThrowingCallable> attempts =
        List.of(
            () -> lock.acquire(EXCLUSIVE),
            () -> lock.tryAcquire(SHARED),
            lock::readLock,
            lock::monitor);
    assertThat(attempts)
        .allSatisfy(
            attempt ->
                assertThatThrownBy(attempt)
                    .isInstanceOf(LockspaceClosedException.class)
                    .hasMessageContaining(why));
    assertThat(lock.acquireAsync(EXCLUSIVE))
        .failsWithin(Patience.LIMIT)
        .withThrowableThat()
        .havingRootCause()
        .isInstanceOf(LockspaceClosedException.class)
        .withMessageContaining(why);
  }

  @Test
  void acquireAll_doesNotFitOneTransaction_isRefused() throws Exception {
    try (Lockspace space =
        connect(ensemble.connectString()).name("\ud83d\udd12".repeat(128)).open()) {
      Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
      for (int i = 0; i < 257; i++) {
        set.put(space.allocate(i), EXCLUSIVE);
      }
      assertThatThrownBy(() -> space.acquireAll(set))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("at most 256 locks, this one has 257");
      set.keySet().removeIf(lock -> lock.name().number() >= 100); // but with a path of 1.5 KiB each
      assertThatThrownBy(() -> space.acquireAll(set))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("one transaction")
          .hasMessageContaining("fewer at once");
      set.keySet().removeIf(lock -> lock.name().number() >= 10);
      space.acquireAll(set).close();
    }
  }

  // --- the coordination service

  @Test
  void open_noZooKeeper_callersGiveUpWhenTheyWantTo_andAreToldWhy() throws Exception {
    try (Lockspace lost = connect("127.0.0.1:1").open()) {
      ClusterLock lock = lost.allocate("nobody-there");
      CompletableFuture<Hold> patient = lock.acquireAsync(EXCLUSIVE);
      eventually(
          "it is said which servers are not there, and what to do",
          () -> reason(() -> lock.tryAcquire(SHARED)).matches(".*127.0.0.1:1: check that .*"));
      assertThat(reason(() -> lock.tryAcquire(EXCLUSIVE, Duration.ofMillis(1))))
          .contains("127.0.0.1:1: check that");
      assertThat(reason(() -> lost.tryAcquireAll(Map.of(lock, SHARED), Duration.ofMillis(1))))
          .contains("127.0.0.1:1: check that");
      assertThat(patient).isNotDone();
      assertThat(patient.cancel(false)).isTrue();
      lock.free();
    }
  }

  /** Why an attempt is not possible. */
  private static String reason(Callable<?> attempt) throws Exception {
    try {
      assertThat(attempt.call()).isNull();
      return "";
    } catch (CoordinatorUnavailableException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void open_sessionTimeoutUnderFourTicks_isRefused() throws Exception {
    Failure failure = new Failure();
    try (Lockspace tooShort =
        connect(ensemble.connectString())
            .sessionTimeout(Ensemble.TICK.multipliedBy(4).minusMillis(1))
            .listener(failure)
            .open()) {
      assertThat(failure.await())
          .isInstanceOf(CoordinatorUnavailableException.class)
          .hasMessageContaining("four ticks")
          .hasMessageContaining("raise the session timeout");
      assertThatThrownBy(() -> tooShort.allocate("too-short"))
          .isInstanceOf(LockspaceClosedException.class)
          .hasMessageContaining("raise the session timeout");
    }
  }

  @Test
  void open_noConnectString_isRefused() {
    for (String none : List.of("", "127.0.0.1:port", "127.0.0.1:99999", "127.0.0.1:1/a/../b")) {
      ZooKeeperLockspace builder = connect(none);
      assertThatThrownBy(builder::open)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("host:port,host:port/chroot")
          .hasMessageContaining('"' + none + '"');
    }
  }

  @Test
  void open_chrootIsNotThere_isSaid() throws Exception {
    Failure failure = new Failure();
    try (Lockspace nowhere =
        connect(ensemble.connectString() + "/no/where").listener(failure).open()) {
      assertThat(failure.await())
          .isInstanceOf(CoordinatorUnavailableException.class)
          .hasMessageContaining("cannot create /dmcl")
          .hasMessageContaining("The chroot of a connect string has to be there before");
      assertThat(nowhere.name()).isEqualTo(Lockspace.DEFAULT_NAME);
    }
  }

  @Test
  void open_clientThatIsNotUsable_isRefused() {
    CuratorFramework closed = ensemble.client(SESSION_TIMEOUT);
    closed.close();
    ZooKeeperLockspace builder = ZooKeeperLockspace.on(closed);
    assertThatThrownBy(builder::open)
        .isInstanceOf(CoordinatorUnavailableException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void open_serverTooOldForMultiReads_isSaid() throws Exception {
    try (Link old = new OldServer(ensemble.servers().get(0).getPort());
        Lockspace lockspace = connect(old.address()).open()) {
      ClusterLock lock = lockspace.allocate("too-old");
      eventually("it is said", () -> reason(() -> lock.tryAcquire(SHARED)).contains("too old"));
    }
  }

  /** As a server that does not know multi-reads: those arrive as a request that does not exist. */
  private static final class OldServer extends Link {
    private static final int NO_REQUEST = 9_999;

    OldServer(int toPort) throws IOException {
      super(toPort);
    }

    @Override
    protected void passing(byte[] bytes, int length) {
      // A request is its length, its number and its type. Multi-reads are sent alone here.
      for (int at = 0; at + 12 <= length; at += 4 + intAt(bytes, at)) {
        if (intAt(bytes, at) < 0) {
          return;
        }
        if (intAt(bytes, at + 8) == OpCode.multiRead && intAt(bytes, at + 4) > 0) {
          bytes[at + 10] = (byte) (NO_REQUEST >>> 8);
          bytes[at + 11] = (byte) NO_REQUEST;
        }
      }
    }

    private static int intAt(byte[] bytes, int at) {
      return (bytes[at] & 0xff) << 24
          | (bytes[at + 1] & 0xff) << 16
          | (bytes[at + 2] & 0xff) << 8
          | bytes[at + 3] & 0xff;
    }
  }

  /** Why a lockspace closed itself. */
  private static final class Failure implements LockspaceListener {
    private final BlockingQueue<LockException> causes = new LinkedBlockingQueue<>();

    @Override
    public void failed(Lockspace lockspace, LockException cause) {
      causes.add(cause);
    }

    LockException await() throws InterruptedException {
      LockException cause = causes.poll(Patience.LIMIT.toSeconds(), TimeUnit.SECONDS);
      assertThat(cause).as("a failure").isNotNull();
      return cause;
    }
  }

  @Test
  void acquire_afterAllThat_works() throws Exception {
    ClusterLock lock = node.allocate("after-all");
    release(acquire(lock, EXCLUSIVE));
    get(lock.freeAsync());
  }
}
