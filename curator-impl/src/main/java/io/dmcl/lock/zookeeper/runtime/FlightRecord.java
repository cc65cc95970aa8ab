package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.cache.LockObserver;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Gives Flight Recorder what it records of a node. Without a recording it keeps nothing, so that a
 * cached grant is not larger for it; and nothing of it is on the fast path.
 *
 * <p>Event loop only, except what is about callers and hooks.
 */
final class FlightRecord implements LockObserver {
  /** What an acquire came to, beside exceptions. */
  enum Outcome {
    GRANTED,
    BUSY,
    TIMED_OUT,
    INTERRUPTED,
    CANCELLED
  }

  /** What happened to a session. */
  enum SessionChange {
    OPENED,
    DISCONNECTED,
    RECONNECTED,
    ENDED
  }

  /** What happened to a lease. */
  enum LeaseChange {
    BEGUN,
    EXTENDED,
    OVER
  }

  private final String lockspace;
  private final String nodeId;
  private final Map<Request, FlightEvents.Wait> waits = new HashMap<>();
  private final Map<Grant, FlightEvents.Grant> grants = new HashMap<>();
  private final Map<Grant, FlightEvents.Recall> recalls = new HashMap<>();

  FlightRecord(String lockspace, String nodeId) {
    this.lockspace = lockspace;
    this.nodeId = nodeId;
  }

  private <E extends FlightEvents.NodeEvent> E of(E event) {
    event.lockspace = lockspace;
    event.node = nodeId;
    return event;
  }

  private <E extends FlightEvents.LockEvent> E of(E event, LockName lock, LockMode mode) {
    event.lock = lock.toString();
    event.mode = mode.name();
    return of(event);
  }

  // --- any thread

  /** A caller begins to wait; to be handed back to {@link #acquired}. */
  static FlightEvents.Acquire acquiring() {
    FlightEvents.Acquire event = new FlightEvents.Acquire();
    event.begin();
    return event;
  }

  /** A caller has waited. */
  void acquired(
      FlightEvents.Acquire event,
      LockName lock,
      LockMode mode,
      Outcome outcome,
      @Nullable Freshness told) {
    event.end();
    if (event.shouldCommit()) {
      event.outcome = outcome.name();
      event.freshness = told == null ? null : told.name();
      of(event, lock, mode).commit();
    }
  }

  /** A caller has waited in vain. */
  void notAcquired(FlightEvents.Acquire event, LockName lock, LockMode mode, Throwable failure) {
    event.end();
    if (event.shouldCommit()) {
      event.outcome = failure.getClass().getSimpleName();
      of(event, lock, mode).commit();
    }
  }

  /**
   * A caller waits through a future.
   *
   * @param lock the first lock that is wanted
   * @param hold the hold of it in the future's value
   */
  <T> void follow(
      CompletableFuture<T> future,
      LockName lock,
      LockMode mode,
      int locks,
      Function<T, Hold> hold) {
    FlightEvents.Acquire event = new FlightEvents.Acquire();
    if (!event.isEnabled()) {
      return;
    }
    event.begin();
    event.locks = locks;
    var unused =
        future.whenComplete(
            (value, error) -> {
              if (error instanceof CancellationException) {
                acquired(event, lock, mode, Outcome.CANCELLED, null);
              } else if (error != null) {
                notAcquired(event, lock, mode, error);
              } else {
                acquired(event, lock, mode, Outcome.GRANTED, hold.apply(value).freshness());
              }
            });
  }

  /** A demote hook begins; to be handed back to {@link #demoted}. */
  static FlightEvents.DemoteHook demoting() {
    FlightEvents.DemoteHook event = new FlightEvents.DemoteHook();
    event.begin();
    return event;
  }

  /** A demote hook has ended. */
  void demoted(
      FlightEvents.DemoteHook event,
      LockName lock,
      LockMode from,
      @Nullable LockMode to,
      @Nullable Throwable failure) {
    event.end();
    if (event.shouldCommit()) {
      event.to = to == null ? null : to.name();
      event.failure = failure == null ? null : failure.toString();
      of(event, lock, from).commit();
    }
  }

  // --- the event loop: LockObserver

  @Override
  public void waiting(LocalLock lock, Request request, RequestId behind) {
    FlightEvents.Wait event = waits.get(request);
    if (event == null) {
      event = new FlightEvents.Wait();
      if (!event.isEnabled()) {
        return;
      }
      event.begin();
      of(event, lock.name(), request.mode()).request = request.id().text();
      waits.put(request, event);
    }
    event.behind = behind.text();
  }

  @Override
  public void waited(Request request, boolean granted) {
    FlightEvents.Wait event = waits.remove(request);
    if (event != null) {
      event.granted = granted;
      event.commit();
    }
  }

  @Override
  public void granted(LocalLock lock, Grant grant) {
    FlightEvents.Grant event = new FlightEvents.Grant();
    if (event.isEnabled()) {
      event.begin();
      of(event, lock.name(), grant.mode()).token = grant.token();
      event.freshness = grant.freshness().name();
      grants.put(grant, event);
    }
  }

  @Override
  public void ended(LocalLock lock, Grant grant, long uses, End how) {
    FlightEvents.Grant event = grants.remove(grant);
    if (event != null) {
      event.uses = uses;
      event.end = how.name();
      event.commit();
    }
  }

  @Override
  public void recalled(LocalLock lock, Grant grant, LockMode wanted) {
    FlightEvents.Recall event = new FlightEvents.Recall();
    if (event.isEnabled()) {
      event.begin();
      of(event, lock.name(), grant.mode()).wanted = wanted.name();
      recalls.put(grant, event);
    }
  }

  @Override
  public void recallEnded(Grant grant, End how) {
    FlightEvents.Recall event = recalls.remove(grant);
    if (event != null) {
      event.end = how.name();
      event.commit();
    }
  }

  // --- the event loop: sessions

  void session(String nonce, Session session, SessionChange change) {
    FlightEvents.Session event = new FlightEvents.Session();
    if (event.isEnabled()) {
      event.session = nonce;
      event.change = change.name();
      event.zooKeeperSession = "0x" + Long.toHexString(session.id());
      event.timeout = session.timeoutNanos();
      of(event).commit();
    }
  }

  /**
   * A lease has changed.
   *
   * @param leftNanos what was left of it before
   * @param remainingNanos what is left of it now
   */
  void lease(String nonce, LeaseChange change, long leftNanos, long remainingNanos) {
    FlightEvents.Lease event = new FlightEvents.Lease();
    if (event.isEnabled()) {
      event.session = nonce;
      event.change = change.name();
      event.left = leftNanos;
      event.remaining = remainingNanos;
      of(event).commit();
    }
  }
}
