package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.zookeeper.cache.SessionLease;
import io.dmcl.lock.zookeeper.protocol.Lease;
import io.dmcl.lock.zookeeper.runtime.FlightRecord.LeaseChange;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lease of a lane's sessions, one after the other: moved on by the writes that were answered,
 * compared with both clocks, and given up when it is over. Event loop only, except {@link #lease}
 * and {@link #closing}.
 */
final class LeaseKeeper {
  private static final Logger log = LoggerFactory.getLogger(LeaseKeeper.class);

  /** Reading both clocks takes longer only if the thread loses its processor meanwhile. */
  private static final long CLOCK_READING_NANOS = 5_000_000;

  private static final int MARGIN_DIVISOR = 20;

  private final Lane.Host host;
  private final Loop loop;
  private final NodeConfig config;
  private final FlightRecord record;

  private volatile @Nullable Leased leased;
  private Lease lease;
  private String nonce = "";
  private boolean lossTold; // and that all is well again was not
  private long leaseCheckAtNanos;
  private boolean leaseCheckScheduled;
  private long lastNanos;
  private long lastWallNanos;
  private long awakeFromNanos; // for all we know, the machine has not been suspended since

  /** A session and its lease. */
  private record Leased(Session session, SessionLease lease) {}

  LeaseKeeper(Lane.Host host, Loop loop, NodeConfig config, FlightRecord record) {
    this.host = host;
    this.loop = loop;
    this.config = config;
    this.record = record;
    this.lease = new Lease(config.tickNanos(), 0);
    lastNanos = loop.nanoTime();
    lastWallNanos = loop.wallNanos();
    awakeFromNanos = lastNanos;
  }

  // --- any thread

  /** The lease of the present session; null if there is none. */
  @Nullable SessionLease lease() {
    Leased now = leased;
    return now == null ? null : now.lease();
  }

  /** Ends the lease of this session at once, if it is the present one. */
  void closing(Session of) {
    Leased now = leased;
    if (now != null && now.session() == of) {
      now.lease().end();
    }
  }

  // --- the event loop

  /** A new session, without a lease yet. */
  void begin(Session session, String sessionNonce) {
    leased = new Leased(session, new SessionLease(loop.nanoTime()));
    nonce = sessionNonce;
    lossTold = false;
    lease = leaseOf(session);
    boolean unused = wasSuspended(session);
  }

  private Lease leaseOf(Session session) {
    long timeoutNanos = session.timeoutNanos();
    return new Lease(config.tickNanos(), timeoutNanos - timeoutNanos / MARGIN_DIVISOR);
  }

  /** The session is over; {@link #leaseOver} tells the node. */
  void end() {
    Leased now = leased;
    if (now != null) {
      now.lease().end();
      leased = null;
    }
  }

  /** This session was asked for, by us, after this moment. */
  void asked(long atNanos) {
    if (atNanos - awakeFromNanos >= 0) {
      lease.asked(atNanos);
      extend();
    }
  }

  /** A write was answered OK that was sent then. */
  void answered(long sentNanos) {
    long now = loop.nanoTime();
    if (leased != null) {
      check();
      if (sentNanos - awakeFromNanos >= 0) {
        lease.answered(sentNanos, now);
        extend();
      }
    }
  }

  /** The connection is gone. */
  void disconnected() {
    lease.disconnected();
    setConnected(false);
  }

  /** There is a connection, or none; whoever has holds is told. */
  void setConnected(boolean connected) {
    SessionLease shared = lease();
    if (shared != null) {
      shared.setConnected(connected);
      host.leaseChanged(shared);
    }
  }

  /** How long after {@code now} a write is wanted that brings the lease on; 0 for at once. */
  long nextWriteNanos(long nowNanos) {
    return lease.nextWriteNanos(nowNanos);
  }

  private void extend() {
    SessionLease shared = lease();
    if (shared == null || !lease.hasBegun() || lease.endNanos() - loop.nanoTime() <= 0) {
      return;
    }
    boolean begins = !shared.hasBegun();
    if (begins || shared.endNanos() != lease.endNanos()) {
      long now = loop.nanoTime();
      record.lease(
          nonce,
          begins ? LeaseChange.BEGUN : LeaseChange.EXTENDED,
          shared.remainingNanos(now),
          lease.endNanos() - now);
    }
    shared.extendTo(lease.endNanos());
    scheduleCheck();
    if (begins) {
      host.leaseChanged(shared);
    }
    if (begins && lossTold) {
      lossTold = false;
      host.restored();
    }
  }

  private void scheduleCheck() {
    SessionLease shared = lease();
    if (shared == null || (leaseCheckScheduled && leaseCheckAtNanos - loop.nanoTime() > 0)) {
      return;
    }
    leaseCheckScheduled = true;
    // Every tick, connected or not, so that a machine's suspension is soon found out.
    long left = shared.endNanos() - loop.nanoTime();
    leaseCheckAtNanos = loop.nanoTime() + Math.min(left, config.tickNanos());
    loop.schedule(
        leaseCheckAtNanos,
        () -> {
          leaseCheckScheduled = false;
          check();
          SessionLease current = lease();
          if (current != null && current.hasBegun()) {
            scheduleCheck();
          }
        });
  }

  /** Gives up what is under the lease if it is over, or if the machine was suspended. */
  void check() {
    Leased present = leased;
    if (present == null) {
      return;
    }
    Session on = present.session();
    SessionLease shared = present.lease();
    boolean suspended = wasSuspended(on);
    if (suspended) {
      lease = leaseOf(on);
    }
    long now = lastNanos;
    if (shared.hasBegun() && (suspended || shared.isOver(now))) {
      log.warn(
          "lockspace {}: the lease of session 0x{} is over{}; its grants are lost",
          config.lockspace(),
          Long.toHexString(on.id()),
          suspended ? ", because the machine was suspended or its clock was set" : "");
      record.lease(nonce, LeaseChange.OVER, shared.remainingNanos(now), 0);
      shared.reset();
      lease = leaseOf(on);
      leaseOver(shared);
    }
  }

  /**
   * Whether the machine was suspended since this was asked last. If so, what was sent before does
   * not tell any more for how long the session lives: the monotonic clock has not counted the time.
   */
  private boolean wasSuspended(Session session) {
    long before = loop.nanoTime();
    long wall = loop.wallNanos();
    long now = loop.nanoTime();
    long sleptAtLeast = (wall - lastWallNanos) - (now - lastNanos);
    boolean suspended = sleptAtLeast > session.timeoutNanos() / MARGIN_DIVISOR;
    if (now - before > CLOCK_READING_NANOS) {
      // This thread was off the processor in between. The next comparison must not take that for a
      // suspension; but what this one may have missed is left for the next.
      wall = suspended ? wall + (now - before) : lastWallNanos + (now - lastNanos);
    }
    lastNanos = now;
    lastWallNanos = wall;
    if (suspended) {
      awakeFromNanos = now;
    }
    return suspended;
  }

  /** What was granted under this lease is lost. */
  void leaseOver(SessionLease shared) {
    host.leaseOver(shared);
    if (!lossTold) {
      lossTold = true;
      host.lost();
    }
  }
}
