package io.dmcl.lock.zookeeper;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static io.dmcl.lock.zookeeper.Patience.acquire;
import static io.dmcl.lock.zookeeper.Patience.eventually;
import static io.dmcl.lock.zookeeper.Patience.get;
import static io.dmcl.lock.zookeeper.Patience.release;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.collect.Sets;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump.LockEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import jdk.jfr.EventType;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.SettingDescriptor;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.apache.curator.framework.CuratorFramework;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Flight Recorder is told, read back from its file. */
@Timeout(180)
class FlightRecorderIT {
  private static final Set<String> SPANS =
      Set.of("dmcl.Acquire", "dmcl.Wait", "dmcl.Grant", "dmcl.Recall");
  private static final Set<String> MOMENTS =
      Set.of("dmcl.DemoteHook", "dmcl.Lease", "dmcl.Session");
  private static final String EVENTS = "io.dmcl.lock.zookeeper.runtime.FlightEvents$";
  private static final LockOptions CACHED =
      LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);

  private static Ensemble ensemble;

  @TempDir Path directory;
  private final Recording recording = new Recording();
  private final Map<Lockspace, CuratorFramework> nodes = new LinkedHashMap<>();

  @BeforeAll
  static void startEnsemble() throws Exception {
    ensemble = Ensemble.startQuick();
  }

  @AfterAll
  static void stopEnsemble() throws Exception {
    ensemble.close();
  }

  @BeforeEach
  void start() {
    SPANS.forEach(name -> recording.enable(name).withoutThreshold());
    MOMENTS.forEach(recording::enable);
    recording.start();
  }

  @AfterEach
  void stop() {
    recording.close();
    nodes.forEach(
        (node, client) -> {
          node.close();
          client.close();
        });
  }

  private Lockspace open() {
    CuratorFramework client = ensemble.client(Duration.ofSeconds(30));
    Lockspace node = ZooKeeperLockspace.on(client).name("flight").tick(Ensemble.QUICK_TICK).open();
    nodes.put(node, client);
    return node;
  }

  /** Closes the nodes, so that everything has ended, and reads what was recorded of them. */
  private List<RecordedEvent> recorded() throws IOException {
    nodes.keySet().forEach(Lockspace::close);
    recording.stop();
    Path file = directory.resolve("flight.jfr");
    recording.dump(file);
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith("dmcl."))
        .filter(event -> event.getString("lockspace").equals("flight"))
        .sorted(Comparator.comparing(RecordedEvent::getStartTime))
        .toList();
  }

  private static List<RecordedEvent> of(List<RecordedEvent> events, String name, Lockspace node) {
    return events.stream()
        .filter(event -> event.getEventType().getName().equals(name))
        .filter(event -> event.getString("node").equals(node.nodeId()))
        .toList();
  }

  private static List<List<Object>> fields(List<RecordedEvent> events, String... names) {
    List<List<Object>> rows = new ArrayList<>();
    for (RecordedEvent event : events) {
      List<Object> row = new ArrayList<>();
      for (String name : names) {
        row.add(event.getValue(name));
      }
      rows.add(row);
    }
    return rows;
  }

  private static List<Object> row(@Nullable Object... values) {
    return Arrays.asList(values); // null is allowed
  }

  private void awaitWaiting(Lockspace node, LockName name, int count) {
    eventually(
        count + " requests are in the queue",
        () ->
            node.dump().locks().stream()
                .filter(lock -> lock.name().equals(name))
                .map(LockEntry::queue)
                .anyMatch(queue -> queue.size() == count));
  }

  @Test
  void handOver_cachedLock_isRecordedOnBothSides() throws Exception {
    Lockspace owner = open();
    Lockspace other = open();
    CompletableFuture<Void> mayDemote = new CompletableFuture<>();
    ClusterLock lock =
        owner.allocate(LockName.of("hand-over"), CACHED.withDemoteHook(d -> mayDemote.get()));
    acquire(lock, EXCLUSIVE).unlock();
    for (int i = 0; i < 100; i++) {
      acquire(lock, EXCLUSIVE).unlock();
    }
    long token;
    try (Hold hold = acquire(lock, EXCLUSIVE)) {
      token = hold.token();
    }

    CompletableFuture<Hold> asked =
        other.allocate(LockName.of("hand-over"), LockOptions.of()).acquireAsync(EXCLUSIVE);
    awaitWaiting(other, lock.name(), 2);
    String ownersRequest =
        other.dump().locks().stream()
            .filter(entry -> entry.name().equals(lock.name()))
            .findFirst()
            .orElseThrow()
            .queue()
            .get(0)
            .requestId();
    mayDemote.complete(null);
    release(get(asked));

    List<RecordedEvent> events = recorded();
    // A cached acquire that meets the event loop at work asks it, and is recorded then.
    assertThat(fields(of(events, "dmcl.Acquire", owner), "lock", "mode", "outcome", "freshness"))
        .startsWith(row("\"hand-over\"", "EXCLUSIVE", "GRANTED", "UNKNOWN"))
        .as("those that were cached are not recorded")
        .hasSizeLessThan(50);
    assertThat(fields(of(events, "dmcl.Grant", owner), "mode", "freshness", "token", "end"))
        .containsExactly(row("EXCLUSIVE", "UNKNOWN", token, "RELEASED"));
    assertThat(of(events, "dmcl.Grant", owner).get(0).getLong("uses")).isEqualTo(102);
    assertThat(fields(of(events, "dmcl.Recall", owner), "lock", "mode", "wanted", "end"))
        .containsExactly(row("\"hand-over\"", "EXCLUSIVE", "EXCLUSIVE", "RELEASED"));
    assertThat(fields(of(events, "dmcl.DemoteHook", owner), "mode", "to", "failure"))
        .containsExactly(row("EXCLUSIVE", null, null));
    assertThat(of(events, "dmcl.Wait", owner)).isEmpty();

    assertThat(fields(of(events, "dmcl.Wait", other), "mode", "behind", "granted"))
        .containsExactly(row("EXCLUSIVE", ownersRequest, true));
    assertThat(fields(of(events, "dmcl.Acquire", other), "mode", "outcome", "locks"))
        .containsExactly(row("EXCLUSIVE", "GRANTED", 1));
    RecordedEvent wait = of(events, "dmcl.Wait", other).get(0);
    RecordedEvent hook = of(events, "dmcl.DemoteHook", owner).get(0);
    RecordedEvent recall = of(events, "dmcl.Recall", owner).get(0);
    assertThat(wait.getEndTime()).as("not before the hook is done").isAfter(hook.getEndTime());
    assertThat(recall.getDuration()).isGreaterThanOrEqualTo(hook.getDuration());
  }

  @Test
  void acquire_everyOutcome_isRecorded() throws Exception {
    Lockspace owner = open();
    Lockspace other = open();
    Hold hold = acquire(owner.allocate("outcomes"), EXCLUSIVE);
    ClusterLock lock = other.allocate("outcomes");
    ClusterLock free = other.allocate("outcomes-free");
    release(acquire(free, EXCLUSIVE));
    assertThat(lock.tryAcquire(SHARED)).isNull();
    assertThat(lock.tryAcquire(SHARED, Duration.ofMillis(1))).isNull();
    CompletableFuture<Hold> cancelled = lock.acquireAsync(SHARED);
    awaitWaiting(owner, lock.name(), 2);
    cancelled.cancel(false);
    awaitWaiting(owner, lock.name(), 1);
    Thread waiter =
        new Thread(
            () ->
                assertThatThrownBy(() -> lock.acquire(EXCLUSIVE))
                    .isInstanceOf(InterruptedException.class));
    waiter.start();
    awaitWaiting(owner, lock.name(), 2);
    waiter.interrupt();
    waiter.join();
    release(hold);
    Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
    set.put(free, EXCLUSIVE);
    set.put(lock, SHARED);
    other.acquireAll(set).close();
    assertThat(acquire(lock, SHARED).freshness().mustReload()).isFalse();

    assertThat(
            fields(
                of(recorded(), "dmcl.Acquire", other),
                "lock",
                "mode",
                "locks",
                "outcome",
                "freshness"))
        .containsExactlyInAnyOrder(
            row("\"outcomes\"", "SHARED", 1, "BUSY", null),
            row("\"outcomes\"", "SHARED", 1, "TIMED_OUT", null),
            row("\"outcomes\"", "SHARED", 1, "CANCELLED", null),
            row("\"outcomes\"", "EXCLUSIVE", 1, "INTERRUPTED", null),
            row("\"outcomes-free\"", "EXCLUSIVE", 1, "GRANTED", "UNKNOWN"),
            row("\"outcomes-free\"", "EXCLUSIVE", 2, "GRANTED", "UNCHANGED"),
            row("\"outcomes\"", "SHARED", 1, "GRANTED", "UNCHANGED"));
  }

  @Test
  void sessionLost_isRecordedWithItsLeaseAndGrants() throws Exception {
    Lockspace node = open();
    Hold hold = acquire(node.allocate("lost"), EXCLUSIVE);
    Ensemble.expire(Objects.requireNonNull(nodes.get(node)));
    eventually("it is lost", () -> hold.state() == HoldState.LOST);
    assertThatThrownBy(hold::unlock).isInstanceOf(LockLostException.class);

    List<RecordedEvent> events = recorded();
    assertThat(fields(of(events, "dmcl.Grant", node), "lock", "end"))
        .contains(row("\"lost\"", "LOST"));
    List<RecordedEvent> sessions = of(events, "dmcl.Session", node);
    assertThat(fields(sessions, "change")).contains(row("OPENED"), row("ENDED"));
    assertThat(sessions.get(0).getDuration("timeout")).isEqualTo(Duration.ofSeconds(30));
    List<RecordedEvent> leases = of(events, "dmcl.Lease", node);
    assertThat(fields(leases, "session", "change"))
        .contains(row(sessions.get(0).getString("session"), "BEGUN"));
    assertThat(leases)
        .allSatisfy(
            lease ->
                assertThat(lease.getDuration("remaining"))
                    .isLessThan(Duration.ofSeconds(30))
                    .isGreaterThanOrEqualTo(Duration.ZERO));
  }

  @Test
  void threshold_longerThanTheEvent_keepsItOut() throws Exception {
    SPANS.forEach(name -> recording.enable(name).withThreshold(Duration.ofHours(1)));
    Lockspace node = open();
    release(acquire(node.allocate("short"), EXCLUSIVE));

    List<RecordedEvent> events = recorded();
    assertThat(events)
        .extracting(event -> event.getEventType().getName())
        .doesNotContainAnyElementsOf(SPANS)
        .contains("dmcl.Session", "dmcl.Lease");
  }

  @Test
  void defaults_asDocumented() throws Exception {
    for (String name : Sets.union(SPANS, MOMENTS)) {
      Class.forName(EVENTS + name.substring("dmcl.".length())); // registers itself
    }
    Map<String, String> thresholds = new TreeMap<>();
    for (EventType type : FlightRecorder.getFlightRecorder().getEventTypes()) {
      if (type.getName().startsWith("dmcl.")) {
        assertThat(type.isEnabled()).isTrue();
        assertThat(type.getCategoryNames()).containsExactly("dmcl");
        thresholds.put(
            type.getName(),
            type.getSettingDescriptors().stream()
                .filter(setting -> setting.getName().equals("threshold"))
                .map(SettingDescriptor::getDefaultValue)
                .findFirst()
                .orElse(""));
      }
    }
    assertThat(thresholds.keySet()).containsAll(SPANS).containsAll(MOMENTS);
    assertThat(thresholds)
        .allSatisfy(
            (name, threshold) ->
                assertThat(threshold).isEqualTo(SPANS.contains(name) ? "20 ms" : "0 ns"));
  }
}
