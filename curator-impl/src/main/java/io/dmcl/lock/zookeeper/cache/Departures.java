package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.OutcomeUnknownException;
import io.dmcl.lock.zookeeper.protocol.Memory;
import io.dmcl.lock.zookeeper.protocol.Request;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The requests of a lock that are leaving its queue, until they are gone. Event loop only. */
final class Departures {
  /** Those of every lock of which nothing is leaving: there may be very many. */
  static final Departures NONE = new Departures();

  private final List<Departure> underWay = new ArrayList<>(1);

  /**
   * A request that leaves.
   *
   * @param published whether it is a release that tells the next holder something
   * @param done who wants to know when it is gone, and what it published durable
   */
  record Departure(Placement placement, boolean published, CompletableFuture<Void> done) {
    /**
     * What is remembered of the lock when the request has ended: a release that was confirmed is
     * known to be the last bump; one of which nobody knows breaks continuity.
     */
    Memory remembered(Memory before, Request.Ending ending) {
      if (!published) {
        return before;
      } else if (!hasLeft(ending)) {
        return before.broken();
      }
      long zxid = placement.releaseZxid();
      return zxid == 0 ? before : before.committed(placement.id(), zxid);
    }

    /** The request has ended: tells whom it concerns. */
    void end(LocalLock lock, LocalLock.Host host, Request.Ending ending) {
      if (published && !hasLeft(ending)) {
        LockException cause = failure(lock, ending);
        if (done.completeExceptionally(cause)) {
          host.releaseFailed(lock, cause);
        }
        return;
      }
      // Where nothing was to be published the entry goes with its session. What an exclusive
      // request that was never used leaves behind is its intent.
      if (!hasLeft(ending) && placement.mode() == LockMode.EXCLUSIVE && placement.neverUsed()) {
        host.orphaned(lock, placement);
      }
      done.complete(null);
    }

    private static boolean hasLeft(Request.Ending ending) {
      return switch (ending) {
        case RELEASED, CANCELLED, REFUSED, EXHAUSTED -> true;
        case SESSION_ENDED, VANISHED, FAILED -> false;
      };
    }

    private LockException failure(LocalLock lock, Request.Ending ending) {
      return ending == Request.Ending.FAILED
          ? new CoordinatorUnavailableException(
              "the release of lock " + lock.name() + " was refused: " + placement.failure())
          : new OutcomeUnknownException(
              "the session ended before the release of lock " + lock.name() + " was confirmed");
    }
  }

  /** These and one more. */
  Departures with(Departure more) {
    Departures all = this == NONE ? new Departures() : this;
    all.underWay.add(more);
    return all;
  }

  /** Takes out the one of this request; null if it is not leaving. */
  @Nullable Departure remove(Request request) {
    for (Iterator<Departure> each = underWay.iterator(); each.hasNext(); ) {
      Departure departure = each.next();
      if (departure.placement() == request) {
        each.remove();
        return departure;
      }
    }
    return null;
  }

  boolean isEmpty() {
    return underWay.isEmpty();
  }

  int size() {
    return underWay.size();
  }

  /** The one that began to leave last; null if none. */
  @Nullable Placement last() {
    return underWay.isEmpty() ? null : underWay.get(underWay.size() - 1).placement();
  }

  List<Placement> placements() {
    return underWay.stream().map(Departure::placement).toList();
  }

  /** Completes when all are gone; fails if one failed. */
  CompletableFuture<Void> done() {
    return CompletableFuture.allOf(
        underWay.stream().map(Departure::done).toArray(CompletableFuture<?>[]::new));
  }
}
