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
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockModes.Mode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.ResultCode;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs.Perms;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What another client plants among a lock's znodes, or deletes there, is ignored or reported; it
 * neither hangs a node nor corrupts it.
 */
@Timeout(120)
class MalformedIT {
  private static final Duration SESSION_TIMEOUT = Ensemble.TICK.multipliedBy(20);
  private static final Layout LAYOUT = new Layout("/dmcl", Lockspace.DEFAULT_NAME);
  private static final LockProperty[] CACHED = {LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK};
  private static final String FOREIGN_ID = RequestId.of(RequestId.nonce(-1), 0).text();

  private static Ensemble ensemble;
  private static CuratorFramework hand;
  private static Lockspace node;
  private static Lockspace other;
  private static int locksMade;

  private LockName name;
  private LockPaths paths;
  private ClusterLock lock;
  private ClusterLock theirs;

  @BeforeAll
  static void start() throws Exception {
    ensemble = Ensemble.start();
    hand = ensemble.client(SESSION_TIMEOUT);
    node = open();
    other = open();
  }

  @AfterAll
  static void stop() throws Exception {
    node.close();
    other.close();
    hand.close();
    ensemble.close();
  }

  private static Lockspace open() {
    return ZooKeeperLockspace.connect(ensemble.connectString())
        .sessionTimeout(SESSION_TIMEOUT)
        .tick(Ensemble.TICK)
        .open();
  }

  /** A lock that both nodes have used, and the other one last. */
  @BeforeEach
  void useLock() throws Exception {
    name = LockName.of(locksMade++); // a short path, so that the data can be long
    paths = LAYOUT.lock(name);
    lock = node.allocate(name.number());
    theirs = other.allocate(name.number());
    release(acquire(lock, EXCLUSIVE));
    release(acquire(theirs, EXCLUSIVE));
  }

  @AfterEach
  void goesOn() throws Exception {
    for (LockMode mode : LockMode.values()) {
      release(acquire(lock, mode));
      release(acquire(theirs, mode));
    }
    lock.free();
    theirs.free();
  }

  private static List<String> children(String path) throws Exception {
    Ensemble.catchUp(hand);
    return hand.getChildren().forPath(path);
  }

  private static void plant(String path) throws Exception {
    plant(path, new byte[0]);
  }

  private static void plant(String path, byte[] data) throws Exception {
    hand.create().forPath(path, data);
  }

  private void deleteVersion() throws Exception {
    hand.delete().deletingChildrenIfNeeded().forPath(paths.version());
  }

  private static Hold acquireRecovering(ClusterLock lock, LockMode mode) throws Exception {
    Hold hold = acquire(lock, mode);
    if (hold.freshness() == Freshness.OWNER_DIED && mode == EXCLUSIVE) {
      hold.markRecovered();
    }
    return hold;
  }

  // --- entries

  @Test
  void entriesWithWrongNames_areIgnored() throws Exception {
    List<String> wrong =
        List.of(
            "x-",
            "s-" + FOREIGN_ID,
            "x-" + FOREIGN_ID + "-",
            "x-" + FOREIGN_ID + "-00000000000",
            "x-" + FOREIGN_ID + "--000000001",
            "x-" + FOREIGN_ID.toUpperCase(Locale.ROOT) + "-0000000000",
            "x-" + FOREIGN_ID + "-\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660",
            "x-" + FOREIGN_ID + "-0000000000 ",
            "\u00e9".repeat(100),
            "version ");
    for (String child : wrong) {
      plant(paths.lock() + '/' + child);
    }
    Hold hold = acquire(lock, EXCLUSIVE);
    assertThat(hold.freshness()).isEqualTo(Freshness.MODIFIED);
    release(hold);
    Hold theirHold = acquire(theirs, SHARED);
    assertThat(theirHold.freshness()).isEqualTo(Freshness.MODIFIED);
    release(theirHold);
    assertThat(children(paths.lock())).containsAll(wrong);
    assertThat(node.purge(name)).isFalse();
    for (String child : wrong) {
      hand.delete().forPath(paths.lock() + '/' + child);
    }
  }

  @Test
  void entriesWithWrongNames_doNotRecallACachedGrant() throws Exception {
    ClusterLock cached = node.allocate("cached", CACHED);
    LockPaths cachedPaths = LAYOUT.lock(LockName.of("cached"));
    release(acquire(cached, EXCLUSIVE));
    release(acquire(cached, EXCLUSIVE));
    plant(cachedPaths.lock() + "/x-0000000000");
    Hold hold = acquire(cached, EXCLUSIVE);
    assertThat(hold.freshness()).isEqualTo(Freshness.UNCHANGED);
    release(hold);
    assertThat(cached.stats().recalls()).isZero();
    assertThat(cached.stats().grants()).isEqualTo(1);
    cached.free();
  }

  @Test
  void entryThatMayNotBeRead_isReported() throws Exception {
    String entry = paths.lock() + "/x-" + FOREIGN_ID + "-0000000000";
    hand.create()
        .withACL(List.of(new ACL(Perms.ALL, new Id("ip", "192.0.2.1"))))
        .forPath(entry, new byte[0]);
    for (LockMode mode : LockMode.values()) {
      assertThatThrownBy(() -> lock.tryAcquire(mode, Patience.LIMIT))
          .isInstanceOf(CoordinatorUnavailableException.class)
          .hasMessageContaining("NO_AUTH");
    }
    lock.free();
    assertThat(node.modes().lock(name, Mode.SHARED)).isEqualTo(ResultCode.UNAVAILABLE);
    assertThat(node.modes().lock(name, Mode.UNLOCK)).isEqualTo(ResultCode.GRANTED);
    lock = node.allocate(name.number());
    assertThat(children(paths.lock())).hasSize(2); // the entry and the version
    hand.delete().forPath(entry);
  }

  // --- huge

  /** What makes a reply longer than a client takes. */
  enum Huge {
    VERSION_DATA {
      @Override
      void plant(LockPaths paths) throws Exception {
        hand.setData()
            .forPath(paths.version(), new byte[MAX_PACKET - 20 - paths.version().length()]);
      }

      @Override
      void remove(LockPaths paths) throws Exception {
        hand.setData().forPath(paths.version(), new byte[0]);
      }
    },
    QUEUE {
      @Override
      void plant(LockPaths paths) throws Exception {
        crowd(paths.lock(), true);
      }

      @Override
      void remove(LockPaths paths) throws Exception {
        crowd(paths.lock(), false);
      }
    },
    INTENTS {
      @Override
      void plant(LockPaths paths) throws Exception {
        crowd(paths.version(), true);
      }

      @Override
      void remove(LockPaths paths) throws Exception {
        crowd(paths.version(), false);
      }
    };

    private static final int MAX_PACKET = 0xfffff;
    private static final int CROWD = 4_500;
    private static final int AT_ONCE = 500;

    abstract void plant(LockPaths paths) throws Exception;

    abstract void remove(LockPaths paths) throws Exception;

    private static void crowd(String parent, boolean create) throws Exception {
      for (int from = 0; from < CROWD; from += AT_ONCE) {
        List<CuratorOp> ops = new ArrayList<>();
        for (int i = from; i < from + AT_ONCE; i++) {
          String path = parent + '/' + i + "-".repeat(240);
          ops.add(
              create
                  ? hand.transactionOp().create().forPath(path, new byte[0])
                  : hand.transactionOp().delete().forPath(path));
        }
        var unused = hand.transaction().forOperations(ops);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void replyThatIsTooLong_isReported_andOtherLocksGoOn(Huge huge) throws Exception {
    ClusterLock beside = node.allocate("beside");
    Hold held = acquire(beside, SHARED);
    huge.plant(paths);
    CompletableFuture<Hold> wanted = lock.acquireAsync(SHARED);
    assertThat(wanted)
        .failsWithin(Patience.LIMIT)
        .withThrowableThat()
        .havingRootCause()
        .isInstanceOf(CoordinatorUnavailableException.class)
        .withMessageContaining("UNREADABLE");
    held.ensureHeld();
    release(held);
    release(acquire(beside, EXCLUSIVE));
    beside.free();
    huge.remove(paths);
    Hold hold = acquire(lock, EXCLUSIVE);
    assertThat(hold.freshness()).isNotEqualTo(Freshness.UNCHANGED);
    assertThat(hold.value()).isEmpty();
    release(hold);
  }

  @Test
  void dump_replyIsTooLong_isReported() throws Exception {
    Huge.VERSION_DATA.plant(paths);
    assertThatThrownBy(node::dump)
        .isInstanceOf(CoordinatorUnavailableException.class)
        .hasMessageContaining("UNREADABLE");
    Huge.VERSION_DATA.remove(paths);
    assertThat(node.dump().locks()).isNotEmpty();
  }

  // --- intents

  @Test
  void intentThatPointsNowhere_isReportedUntilRecovered() throws Exception {
    plant(paths.version() + '/' + FOREIGN_ID);
    for (ClusterLock each : List.of(lock, theirs)) {
      Hold hold = acquire(each, EXCLUSIVE);
      assertThat(hold.freshness()).isEqualTo(Freshness.OWNER_DIED);
      release(hold);
    }
    assertThat(node.purge(name)).isFalse();
    release(acquireRecovering(lock, EXCLUSIVE));
    Hold after = acquire(theirs, EXCLUSIVE);
    assertThat(after.freshness()).isEqualTo(Freshness.MODIFIED);
    release(after);
    assertThat(children(paths.version())).isEmpty();
  }

  @Test
  void intentsWithWrongNames_areIgnored() throws Exception {
    List<String> wrong = List.of("x", FOREIGN_ID + "-", FOREIGN_ID + " ", "0000000000001.");
    for (String child : wrong) {
      plant(paths.version() + '/' + child);
    }
    Hold hold = acquire(lock, EXCLUSIVE);
    assertThat(hold.freshness()).isEqualTo(Freshness.MODIFIED);
    release(hold);
    Hold again = acquire(lock, EXCLUSIVE);
    assertThat(again.freshness()).isEqualTo(Freshness.UNCHANGED);
    release(again);
    assertThat(children(paths.version())).containsExactlyInAnyOrderElementsOf(wrong);
  }

  @Test
  void intentWithChildren_releaseIsRefusedAndSaysSo() throws Exception {
    Hold hold = acquire(lock, EXCLUSIVE);
    String intent = paths.version() + '/' + children(paths.version()).get(0);
    plant(intent + "/child");
    assertThat(hold.unlockAsync())
        .failsWithin(Patience.LIMIT)
        .withThrowableThat()
        .havingRootCause()
        .isInstanceOf(CoordinatorUnavailableException.class)
        .withMessageContaining("NOT_EMPTY");
    Hold next = acquire(theirs, EXCLUSIVE); // the lock is free, but not as after a clean release
    assertThat(next.freshness()).isEqualTo(Freshness.OWNER_DIED);
    hand.delete().forPath(intent + "/child");
    next.markRecovered();
    release(next);
  }

  // --- version

  @Test
  void versionDeleted_whileIdle_isMadeAnew() throws Exception {
    for (LockMode mode : LockMode.values()) {
      release(acquire(lock, mode));
      deleteVersion();
      Hold hold = acquire(lock, mode);
      assertThat(hold.freshness()).isEqualTo(Freshness.UNKNOWN);
      release(hold);
    }
  }

  @Test
  void versionDeleted_whileHeld_theNextHolderIsNotToldUnchanged() throws Exception {
    for (LockMode mode : LockMode.values()) {
      Hold hold = acquire(lock, mode);
      deleteVersion();
      hold.ensureHeld();
      CompletableFuture<Hold> next = theirs.acquireAsync(EXCLUSIVE);
      release(hold);
      assertThat(get(next).freshness()).isEqualTo(Freshness.UNKNOWN);
      release(get(next));
    }
  }

  @Test
  void versionDeleted_whileCached_isNoticedOrHarmless() throws Exception {
    for (LockMode mode : LockMode.values()) {
      ClusterLock cached = node.allocate("cached " + mode, CACHED);
      ClusterLock others = other.allocate("cached " + mode);
      release(acquire(cached, mode));
      release(acquire(cached, mode));
      hand.delete()
          .deletingChildrenIfNeeded()
          .forPath(LAYOUT.lock(LockName.of("cached " + mode)).version());
      release(acquire(cached, mode));
      release(acquire(others, EXCLUSIVE));
      Hold hold = acquire(cached, mode);
      assertThat(hold.freshness()).isNotEqualTo(Freshness.UNCHANGED);
      release(hold);
      cached.free();
      others.free();
    }
  }

  @Test
  void versionDeleted_whileAnotherWaits_itIsGranted() throws Exception {
    Hold hold = acquire(theirs, EXCLUSIVE);
    CompletableFuture<Hold> waiter = lock.acquireAsync(EXCLUSIVE);
    eventually("it waits", () -> children(paths.lock()).size() == 3);
    deleteVersion();
    release(hold);
    assertThat(get(waiter).freshness()).isNotEqualTo(Freshness.UNCHANGED);
    release(get(waiter));
  }

  @Test
  void versionDeleted_setsAndMonitors_goOn() throws Exception {
    ClusterLock second = node.allocate("second");
    deleteVersion();
    try (HoldSet holds = node.acquireAll(Map.of(lock, EXCLUSIVE, second, EXCLUSIVE))) {
      holds.holds().forEach(Hold::ensureHeld);
    }
    second.free();
    eventually("released", () -> children(paths.lock()).size() == 1);
    deleteVersion();
    assertThat(get(lock.monitorAsync())).isEqualTo(Freshness.UNKNOWN);
  }

  @Test
  void lockPurged_bySomebodyElse_setsMakeItAnew() throws Exception {
    ClusterLock second = node.allocate("second");
    eventually("purged", () -> other.purge(name));
    try (HoldSet holds = node.acquireAll(Map.of(lock, EXCLUSIVE, second, SHARED))) {
      holds.holds().forEach(Hold::ensureHeld);
    }
    second.free();
  }

  @Test
  void versionDeleted_upgrade_works() throws Exception {
    Hold hold = acquire(lock, SHARED);
    deleteVersion();
    assertThat(hold.tryUpgrade(Patience.LIMIT)).isTrue();
    hold.ensureHeld();
    release(hold);
  }

  @Test
  void versionDeleted_purge_removesWhatIsLeft() throws Exception {
    deleteVersion();
    assertThat(node.purge(name)).isTrue();
    Ensemble.catchUp(hand);
    assertThat(hand.checkExists().forPath(paths.lock())).isNull();
  }

  @Test
  void versionWithOtherData_isAValueOfNobody() throws Exception {
    byte[] tooLong = new byte[1 + 15 + 1_025];
    tooLong[0] = 15;
    System.arraycopy(FOREIGN_ID.getBytes(StandardCharsets.US_ASCII), 0, tooLong, 1, 15);
    for (byte[] data :
        List.of(new byte[] {-1}, new byte[] {127, 1}, new byte[] {2, 'a', 'b', 'c'}, tooLong)) {
      release(acquire(lock, EXCLUSIVE));
      hand.setData().forPath(paths.version(), data);
      Hold hold = acquire(lock, SHARED);
      assertThat(hold.freshness()).isEqualTo(Freshness.MODIFIED);
      assertThat(hold.value()).isEmpty();
      release(hold);
    }
    hand.getZookeeperClient().getZooKeeper().setData(paths.version(), null, -1);
    Hold hold = acquire(lock, SHARED);
    assertThat(hold.value()).isEmpty();
    release(hold);
  }

  @Test
  void versionThatIsEphemeral_isReported() throws Exception {
    deleteVersion();
    hand.create().withMode(CreateMode.EPHEMERAL).forPath(paths.version(), new byte[0]);
    assertThatThrownBy(() -> lock.tryAcquire(EXCLUSIVE, Patience.LIMIT))
        .isInstanceOf(CoordinatorUnavailableException.class)
        .hasMessageContaining("REFUSED");
    release(acquire(lock, SHARED));
    hand.delete().forPath(paths.version());
  }

  // --- around the locks

  @Test
  void strangersInTheLockspace_areNotLocksOrNodes() throws Exception {
    String bucket = LAYOUT.buckets().get(0);
    List<String> strangers =
        List.of(
            bucket + "/?",
            bucket + "/i",
            bucket + "/i-1",
            bucket + "/n",
            bucket + "/n%F",
            bucket + "/h0",
            LAYOUT.locks() + "/stranger",
            LAYOUT.nodes() + "/stranger");
    for (String path : strangers) {
      plant(path);
    }
    int nodes = node.dump().nodes().size();
    assertThat(nodes).isEqualTo(2);
    assertThat(node.dump().locks()).extracting(entry -> entry.name()).contains(name);
    assertThat(node.dump().locks()).noneMatch(entry -> entry.name().toString().isEmpty());
    int unused = node.purgeUnused();
    for (String path : strangers) {
      assertThat(hand.checkExists().forPath(path)).as(path).isNotNull();
      hand.delete().forPath(path);
    }
  }

  @Test
  void nodesZnodesDeleted_nodesGoOn() throws Exception {
    Hold hold = acquire(lock, SHARED);
    for (String child : children(LAYOUT.nodes())) {
      try {
        hand.delete().forPath(LAYOUT.nodes() + '/' + child);
      } catch (KeeperException.NoNodeException e) {
        continue;
      }
    }
    assertThat(node.dump().locks()).extracting(entry -> entry.name()).contains(name);
    release(hold);
    release(acquire(lock, EXCLUSIVE));
    release(acquire(theirs, EXCLUSIVE));
    eventually("both are there again", () -> children(LAYOUT.nodes()).size() == 2);
  }
}
