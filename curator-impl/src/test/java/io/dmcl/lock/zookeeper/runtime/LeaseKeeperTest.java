package io.dmcl.lock.zookeeper.runtime;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.zookeeper.cache.SessionLease;
import java.lang.reflect.Proxy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was sent before the machine was suspended tells nothing of how long a session lives. */
class LeaseKeeperTest {
  private static final long TICK = MILLISECONDS.toNanos(100);
  private static final long TIMEOUT = 4 * TICK;
  private static final long ROUND_TRIP = 1_000_000;

  /** The monotonic clock, which stands still meanwhile. */
  private long now = 1;

  /** The wall clock, which does not. */
  private long wall = 1;

  /** For how long whoever has read the wall clock is off the processor then. */
  private long offNanos;

  private final Loop loop =
      stub(
          Loop.class,
          name ->
              name.equals("nanoTime") ? (Object) now : name.equals("wallNanos") ? read() : null);
  private final Session session =
      stub(
          Session.class,
          name -> name.equals("timeoutNanos") ? (Object) TIMEOUT : name.equals("id") ? 1L : null);
  private final Lane.Host host = stub(Lane.Host.class, name -> null);
  private final LeaseKeeper keeper =
      new LeaseKeeper(
          host,
          loop,
          new NodeConfig("/dmcl", "test", TICK, 0, 1, 1),
          new FlightRecord("test", "node"));

  private interface Answers {
    @Nullable Object to(String method);
  }

  private static <T> T stub(Class<T> type, Answers answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, args) -> answers.to(method.getName())));
  }

  @BeforeEach
  void start() {
    pass(TICK);
  }

  private void pass(long nanos) {
    now += nanos;
    wall += nanos;
  }

  private void suspended() {
    pass(ROUND_TRIP);
    wall += 10 * TIMEOUT;
  }

  private SessionLease begun() {
    keeper.begin(session, "nonce");
    return Objects.requireNonNull(keeper.lease());
  }

  private long read() {
    long read = wall;
    pass(offNanos);
    return read;
  }

  /** A write is sent, and answered at once. */
  private void write() {
    long sent = now;
    pass(ROUND_TRIP);
    keeper.answered(sent);
  }

  @Test
  void threeWrites_begin() {
    SessionLease lease = begun();
    long first = now;
    write();
    pass(TICK);
    write();
    assertThat(lease.hasBegun()).isFalse();
    write();
    assertThat(lease.isValid(now)).isTrue();
    assertThat(lease.endNanos()).isEqualTo(first + TIMEOUT - TIMEOUT / 20);
  }

  @Test
  void asked_beginsAtOnce() {
    long asked = now;
    pass(ROUND_TRIP);
    SessionLease lease = begun();
    keeper.asked(asked);
    assertThat(lease.isValid(now)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 6 * ROUND_TRIP})
  void asked_beforeTheSuspension_doesNotBegin(long clocksAreReadInNanos) {
    long asked = now;
    suspended();
    offNanos = clocksAreReadInNanos;
    SessionLease lease = begun();
    keeper.asked(asked);
    assertThat(lease.hasBegun()).isFalse();
  }

  @Test
  void asked_forASessionBeforeTheFirstLook_doesNotBegin() {
    SessionLease lease = begun();
    keeper.asked(now - 2 * TICK);
    assertThat(lease.hasBegun()).isFalse();
  }

  @Test
  void firstWriteAnswered_suspended_theOthersDoNotBeginWithIt() {
    SessionLease lease = begun();
    write();
    pass(TICK);
    suspended();
    write();
    write();
    write();
    assertThat(lease.hasBegun()).isFalse();
    pass(TICK);
    long after = now;
    write();
    pass(TICK);
    write();
    write();
    assertThat(lease.isValid(now)).isTrue();
    assertThat(lease.endNanos()).isEqualTo(after + TIMEOUT - TIMEOUT / 20);
  }

  @Test
  void writeSent_suspendedBeforeItsAnswer_itDoesNotCount() {
    SessionLease lease = begun();
    long sent = now;
    suspended();
    pass(ROUND_TRIP);
    keeper.answered(sent);
    pass(TICK);
    write();
    write();
    assertThat(lease.hasBegun()).isFalse();
  }

  @Test
  void clocksAreReadSlowly_isNoSuspension() {
    SessionLease lease = begun();
    keeper.asked(now);
    for (int i = 0; i < 3; i++) {
      offNanos = TIMEOUT / 10;
      keeper.check();
      offNanos = 0;
      keeper.check();
    }
    assertThat(lease.isValid(now)).isTrue();
  }

  @Test
  void suspended_clocksAreReadSlowly_isOneSuspension() {
    SessionLease lease = begun();
    suspended();
    offNanos = TIMEOUT / 10;
    keeper.check();
    offNanos = 0;
    pass(ROUND_TRIP);
    keeper.asked(now);
    keeper.check();
    assertThat(lease.isValid(now)).isTrue();
  }

  @Test
  void begun_suspended_isOver() {
    SessionLease lease = begun();
    keeper.asked(now);
    assertThat(lease.isValid(now)).isTrue();
    suspended();
    keeper.check();
    assertThat(lease.isValid(now)).isFalse();
    assertThat(lease.hasBegun()).isFalse();
  }
}
