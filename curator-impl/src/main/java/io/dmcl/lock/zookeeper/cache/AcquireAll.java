package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.Unit;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Several locks acquired at once. All requests are created in one transaction, so that every queue
 * sees such sets in the same order, and none waits for another in a circle.
 *
 * <p>For that to be true no member may ride on a request of this node that is already waiting, nor
 * on a cached grant: the set waits until it is at the head of the local queue of each of its locks
 * and nobody uses them; then either the whole set is cached and is taken at once, or what is cached
 * is given back and everything is asked for anew. A member that is granted while others still wait
 * is not given up.
 *
 * <p>Event loop only.
 */
public final class AcquireAll {
  /** What a set needs of its node. */
  public interface Host {
    /** Makes requests for all members on one session; null if none has room now. */
    @Nullable List<Placement> placeAll(AcquireAll set, List<LocalLock> locks, List<LockMode> modes);

    /** Makes the locks that are not known to exist; then {@link #locksMade}. */
    void makeLocks(AcquireAll set, List<LocalLock> locks);

    /** Sends a unit on the session of the placement. */
    void submit(Placement placement, Unit unit);

    /** The monotonic clock. */
    long nanoTime();
  }

  /** What becomes of it; one of them, once. */
  public interface Outcome {
    /** All are held. The grants and news are in the order of the locks. */
    void acquired(List<Grant> grants, List<Freshness> told);

    /** None is held. */
    void failed(RuntimeException cause);
  }

  private enum Phase {
    GATHERING,
    MAKING,
    ENTERING,
    WAITING,
    DONE
  }

  private final Host host;
  private final Outcome outcome;
  private final List<Member> members = new ArrayList<>();
  private Phase phase = Phase.GATHERING;
  private boolean started;
  private boolean proceeding;

  /** One lock of the set, as a caller in that lock's local queue. */
  private final class Member extends Waiter {
    final LocalLock lock;
    @Nullable Placement placement;
    @Nullable Grant held;
    Freshness told = Freshness.UNKNOWN;

    Member(LocalLock lock, LockMode mode) {
      super(mode, true, AcquireAll.this);
      this.lock = lock;
    }

    @Override
    protected void granted(Grant grant, Freshness news) {
      held = grant;
      told = news;
    }

    @Override
    protected void busy() {
      throw new IllegalStateException("a set is patient");
    }

    @Override
    protected void failed(RuntimeException cause) {
      fail(cause);
    }
  }

  /** A set that has not started. */
  public AcquireAll(Host host, Map<LocalLock, LockMode> locks, Outcome outcome) {
    this.host = host;
    this.outcome = outcome;
    locks.forEach((lock, mode) -> members.add(new Member(lock, mode)));
  }

  /** Enters all local queues. */
  public void start() {
    for (Member member : members) {
      if (phase != Phase.DONE) {
        member.lock.acquire(member);
      }
    }
    started = true;
    proceed();
  }

  /** Gives up; false if it is done. */
  public boolean withdraw() {
    if (phase == Phase.DONE) {
      return false;
    }
    phase = Phase.DONE;
    leave();
    for (Member member : members) {
      member.lock.withdraw(member);
    }
    return true;
  }

  /** The locks have been made, or not. */
  public void locksMade(@Nullable RuntimeException failure) {
    if (phase == Phase.MAKING) {
      phase = Phase.GATHERING;
      if (failure != null) {
        fail(failure);
      } else {
        proceed();
      }
    }
  }

  /** There may be room for requests now. */
  public void roomMayBe() {
    proceed();
  }

  /** The set is at the head of this lock's queue. */
  void reachedHead(LocalLock lock) {
    proceed();
  }

  /** The request of a member ended on its own: all over again. */
  void memberGone(LocalLock lock) {
    if (phase == Phase.ENTERING || phase == Phase.WAITING) {
      leave();
      phase = Phase.GATHERING;
      proceed();
    }
  }

  private void proceed() {
    if (!started || proceeding) {
      return; // what happens meanwhile is seen by the loop below
    }
    proceeding = true;
    try {
      Phase before;
      do {
        before = phase;
        if (phase == Phase.GATHERING) {
          gather();
        } else if (phase == Phase.WAITING) {
          finishIfComplete();
        }
      } while (phase != before);
    } finally {
      proceeding = false;
    }
  }

  private void gather() {
    for (Member member : members) {
      if (!member.lock.isHead(member) || !member.lock.isQuiet()) {
        return;
      }
    }
    long now = host.nanoTime();
    if (members.stream().allMatch(m -> m.lock.cachedFor(m.mode(), now) != null)) {
      take();
      return;
    }
    List<LocalLock> missing =
        members.stream().map(m -> m.lock).filter(lock -> !lock.lockExists()).toList();
    if (!missing.isEmpty()) {
      phase = Phase.MAKING;
      host.makeLocks(this, missing);
      return;
    }
    // Given back and asked for anew in one go: what is submitted now leaves in one transaction.
    for (Member member : members) {
      member.lock.giveUpFor();
    }
    if (members.stream().allMatch(m -> m.lock.isVacant())) {
      enter();
    }
  }

  private void enter() {
    List<LocalLock> locks = members.stream().map(m -> m.lock).toList();
    List<LockMode> modes = members.stream().map(Waiter::mode).toList();
    List<Placement> placements = host.placeAll(this, locks, modes);
    if (placements == null) {
      return;
    }
    phase = Phase.ENTERING;
    List<WriteOp> writes = new ArrayList<>();
    List<ReadOp> reads = new ArrayList<>();
    List<Unit.Owner> follows = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      Member member = members.get(i);
      Placement placement = placements.get(i);
      member.placement = placement;
      member.lock.enterBy(placement);
      member.miss();
      writes.addAll(placement.entryWrites());
      reads.addAll(placement.entryReads());
      Request previous = placement.follows();
      if (previous != null) {
        follows.add(previous);
      }
    }
    boolean followsAll = follows.size() == members.size();
    host.submit(
        placements.get(0),
        new Unit(writes, reads, followsAll ? follows : List.of(), false, new Entering(placements)));
  }

  private void finishIfComplete() {
    long now = host.nanoTime();
    for (Member member : members) {
      Grant granted = member.lock.fastGrant();
      if (granted == null || !granted.lease().isValid(now)) {
        return;
      }
    }
    take();
  }

  private void take() {
    phase = Phase.DONE;
    for (Member member : members) {
      member.lock.unpin();
      member.lock.removeHead();
      member.lock.give(Objects.requireNonNull(member.lock.fastGrant()), member);
    }
    outcome.acquired(
        members.stream().map(m -> Objects.requireNonNull(m.held)).toList(),
        members.stream().map(m -> m.told).toList());
    for (Member member : members) {
      member.lock.advance();
    }
  }

  /** It cannot be. */
  public void fail(RuntimeException cause) {
    if (withdraw()) {
      outcome.failed(cause);
    }
  }

  /** Takes back what was asked for or granted. */
  private void leave() {
    for (Member member : members) {
      Placement placement = member.placement;
      member.placement = null;
      if (placement != null) {
        member.lock.leaveSet(placement);
      }
    }
  }

  /** One unit with all requests: hands its answers to them. */
  private final class Entering implements Unit.Owner {
    final List<Placement> placements;
    int absent;

    Entering(List<Placement> placements) {
      this.placements = placements;
    }

    @Override
    public void written(Unit unit, List<Reply.Written> results, long zxid) {
      if (phase == Phase.ENTERING) {
        phase = Phase.WAITING;
      }
      int from = 0;
      for (Placement placement : placements) {
        String path = Objects.requireNonNull(results.get(from).createdPath());
        from += placement.entryWrites().size();
        placement.entered(path, zxid);
      }
    }

    @Override
    public void read(Unit unit, List<Reply.Read> replies) {
      int from = 0;
      for (Placement placement : placements) {
        int to = from + placement.entryReads().size();
        placement.read(unit, replies.subList(from, to));
        from = to;
      }
    }

    @Override
    public void readsSpared(Unit unit) {
      placements.forEach(placement -> placement.readsSpared(unit));
    }

    @Override
    public void refused(Unit unit, int index, Code code) {
      if (code == Code.NO_NODE) { // purged meanwhile: made again, where needed, at the next try
        members.forEach(member -> member.lock.setLockExists(false));
      }
      placements.forEach(placement -> placement.notEntered(code));
    }

    @Override
    public void settled(Unit unit) {
      if (phase == Phase.ENTERING) {
        phase = Phase.WAITING;
      }
      absent = 0;
      for (Placement placement : placements) {
        placement.resolve(
            () -> {
              // The unit was done or not: either all are absent or none.
              if (++absent == placements.size()) {
                host.submit(placements.get(0), unit);
              }
            });
      }
    }

    @Override
    public void readRefused(Unit unit, Code code) {
      placements.forEach(placement -> placement.readRefused(unit, code));
    }

    @Override
    public void ended(Unit unit) {
      // Each request is told by its session.
    }
  }
}
