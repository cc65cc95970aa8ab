package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One request of a node: a place in a lock's queue, from its creation until it is surely gone. It
 * waits for its turn, is granted, watches for others who need the lock, and leaves. At most one
 * unit of it is on its way at any time; it outlives lost connections, and ends with its session.
 *
 * <pre>
 * NEW → ENTERING            enter: the entry (and intent) is being created
 * ENTERING → QUEUED         created
 * ENTERING → ENTERING       the lock was not there, or is there by now; or the reply was lost and a look
 *                           after the settling write does not show the entry: created again
 * ENTERING → GONE           refused; or cancelled, and found not to have been created
 * QUEUED → GRANTED          a look shows no conflicting entry before ours
 * QUEUED → DROPPING         the same for an upgrade: the shared entry is being deleted
 * DROPPING → GRANTED        deleted
 * GRANTED → DOWNGRADING     downgrade: x- is being replaced by s- of the same place
 * DOWNGRADING → GRANTED     replaced
 * QUEUED, GRANTED → LEAVING cancel, release, abandon; an upgrade that would wait for ever
 * LEAVING → GONE            deleted; or found deleted
 * QUEUED, GRANTED → GONE    the entry vanished (somebody deleted it)
 * any → GONE                the session has ended
 * </pre>
 *
 * <p>A call to leave while a unit is on its way takes effect when that is answered.
 *
 * <p>Not thread-safe, no I/O; see {@link Wire} and {@link Listener} for what comes out.
 */
public class Request implements Unit.Owner, WatchOwner {
  /** From this place on, whoever is alone makes the lock anew, so that the counter starts again. */
  static final int RENUMBER_FROM = 1 << 30;

  /**
   * From this place on, shared requests queue as exclusive ones instead: only those recall cached
   * shared grants, behind which nobody would ever be alone.
   */
  static final int EXCLUSIVE_FROM = Integer.MAX_VALUE - (1 << 20);

  /** How a request ended. */
  public enum Ending {
    /** Released; the bump is durable if there was one. */
    RELEASED,
    /** Withdrawn before it was granted or used. */
    CANCELLED,
    /** An upgrade that would have waited for ever. */
    REFUSED,
    /** The counter is at its end; ask again, EXCLUSIVE, in a while. */
    EXHAUSTED,
    /** Its entry was deleted by somebody else. */
    VANISHED,
    /** The session ended; if it was leaving, nobody knows whether it had left. */
    SESSION_ENDED,
    /** The coordination service does not let us; see {@link #failure()}. */
    FAILED
  }

  /** Where its messages go. */
  public interface Wire {
    /** Takes a unit for the pipeline. */
    void submit(Unit unit);

    /**
     * Sends a read with a watch, to be answered by {@link WatchOwner#watchSet}; it replaces another
     * owner's watch of the same read.
     */
    void watch(WatchOwner owner, ReadOp read);

    /** Removes a watch that is not needed any more, unless it is another owner's by now. */
    void unwatch(WatchOwner owner, ReadOp read);
  }

  /** Who is told what becomes of it. */
  public interface Listener {
    /** Somebody else is before it. May come again. */
    void waiting(Request request, RequestId behind);

    /** It is granted. */
    void granted(Request request, Look look);

    /** Another node wants this mode, which conflicts with the grant. May come again. */
    void recalled(Request request, LockMode wanted);

    /** It is watching for conflicting requests, and there is none (any more). May come again. */
    void clear(Request request);

    /**
     * It is not watching any more, after a conflict had been told. Who wants to know whether that
     * lasts has to {@link #arm} it again; it is not done unasked, or a crowd that gathers behind a
     * long hold would be read again for each that comes.
     */
    void disarmed(Request request);

    /** The grant is SHARED now, and the bump is durable; 0 if its transaction is not known. */
    void downgraded(Request request, long zxid);

    /** It is over. */
    void gone(Request request, Ending ending);
  }

  private enum Phase {
    NEW,
    ENTERING,
    QUEUED,
    DROPPING,
    GRANTED,
    DOWNGRADING,
    LEAVING,
    GONE
  }

  /** How to leave. */
  private enum Leave {
    CANCEL,
    RELEASE,
    ABANDON
  }

  // What a grant does not need while it lasts has objects of its own: there may be very many.

  /** How it leaves, and what comes of that. */
  private static final class Leaving {
    Leave how;
    Ending ending;
    boolean renumber;
    long zxid;
    @Nullable ZnodeStat left; // of the version, when an exclusive release had set it
    @Nullable Code failure;

    Leaving(Leave how, Ending ending) {
      this.how = how;
      this.ending = ending;
    }
  }

  private final Wire wire;
  private final Listener listener;
  private final LockPaths paths;
  private final String nonce;
  private final long counter;

  private Phase phase = Phase.NEW;
  private LockMode mode;
  private int sequence;
  private long token;
  private boolean doubted;
  private @Nullable Entering entering; // until it is granted

  private @Nullable ReadOp watched;
  private boolean watchPending;
  private boolean wanted; // the watch that is pending or set is still of use
  private boolean armed;
  private boolean armWanted;
  private boolean conflictTold;
  private boolean aloneInQueue;
  private @Nullable Entry last; // of a grant: the last entry seen behind it, if there was one

  private @Nullable Leaving leaving;
  private Publication publication = Publication.NOTHING;

  /**
   * A request that has not been sent.
   *
   * @param lockExists whether the lock is known to have been made
   * @param upgradeFrom the node's own shared entry, which this request will drop; null if none
   */
  public Request(
      Wire wire,
      Listener listener,
      LockPaths paths,
      RequestId id,
      LockMode mode,
      boolean lockExists,
      @Nullable Entry upgradeFrom) {
    this.wire = wire;
    this.listener = listener;
    this.paths = paths;
    this.nonce = id.nonce();
    this.counter = id.counter();
    this.mode = mode;
    this.entering = new Entering(upgradeFrom, lockExists);
  }

  // --- what it is

  /** The id. */
  public RequestId id() {
    return RequestId.of(nonce, counter);
  }

  /** The mode that is asked for, or granted. */
  public LockMode mode() {
    return mode;
  }

  /** The fencing token: the transaction that took the place. */
  public long token() {
    return token;
  }

  /** The transaction of the release; 0 if it is not known. */
  public long releaseZxid() {
    return leaving == null ? 0 : leaving.zxid;
  }

  /** The place, once it has one. */
  public @Nullable Entry entry() {
    return token == 0 ? null : place(); // both come with the answer
  }

  private Entry place() {
    return new Entry(mode, id(), sequence);
  }

  /** Why it FAILED. */
  public Code failure() {
    Code failure = leaving == null ? null : leaving.failure;
    return failure == null ? Code.OK : failure;
  }

  /** Whether the lock is known to have been made. */
  public boolean lockExists() {
    return entering == null || entering.lockExists();
  }

  /** Whether the grant is ours, as far as the queue is concerned. */
  public boolean isGranted() {
    return phase == Phase.GRANTED || phase == Phase.DOWNGRADING;
  }

  /** Whether it was granted at a place so late that it should not be kept. */
  public boolean isLate() {
    return sequence >= RENUMBER_FROM;
  }

  /** Whether its downgrade is on its way. */
  public boolean isDowngrading() {
    return phase == Phase.DOWNGRADING;
  }

  /** Whether its place is one where shared requests queue as exclusive ones. */
  public boolean isAtTheEnd() {
    return sequence >= EXCLUSIVE_FROM;
  }

  /** Whether an upgrade has come so far that it cannot be cancelled any more. */
  public boolean isDropping() {
    return phase == Phase.DROPPING;
  }

  /** Whether nothing was done under it: what it leaves behind is not a dead owner's. */
  public boolean neverUsed() {
    return (leaving == null || leaving.how == Leave.CANCEL)
        && publication == Publication.NOTHING; // or it was downgraded
  }

  /** Whether it has ended. */
  public boolean isGone() {
    return phase == Phase.GONE;
  }

  /** Bytes that its entry counts for in the session's bound: the path's length, at the longest. */
  public int entryBytes() {
    return entryBytes(paths, id());
  }

  /** As {@link #entryBytes()}, before there is a request. */
  public static int entryBytes(LockPaths paths, RequestId id) {
    return paths.entryPrefix(LockMode.SHARED, id).length() + 10;
  }

  // --- what is asked of it

  /**
   * Takes a place in the queue.
   *
   * @param previous the request of this lock that the node has given back last, and that may be
   *     leaving still; null if none
   */
  public void enter(@Nullable Request previous) {
    expect(phase == Phase.NEW);
    follow(previous);
    sendEnter();
  }

  /**
   * As {@link #enter}, where the creating writes travel in a larger unit: see {@link #entryWrites}.
   */
  public void enterIn(@Nullable Request previous) {
    expect(phase == Phase.NEW);
    follow(previous);
    phase = Phase.ENTERING;
  }

  private void follow(@Nullable Request previous) {
    if (mode == LockMode.EXCLUSIVE && previous != null && previous.isReleasing()) {
      entering().follows = previous;
    }
  }

  /**
   * The request whose release, in the same transaction, makes the reads behind our writes needless;
   * null if there is none.
   */
  public @Nullable Request follows() {
    return entering().follows;
  }

  /** Whether it is an exclusive grant that is being released, at a place before the last ones. */
  private boolean isReleasing() {
    return leaving != null
        && leaving.how == Leave.RELEASE
        && mode == LockMode.EXCLUSIVE
        && !isLate();
  }

  /** The writes that create the entry. */
  public List<WriteOp> entryWrites() {
    return Entering.entryWrites(paths, mode, id());
  }

  /** The reads behind them. */
  public List<ReadOp> entryReads() {
    return Look.reads(paths, false);
  }

  /** Withdraws, or gives back a grant that was not used: no bump. */
  public void cancel() {
    leave(Leave.CANCEL, Ending.CANCELLED);
  }

  /**
   * Gives the grant back.
   *
   * @param newValue the value that an exclusive release publishes
   * @param deadIntents the dead that were reported with the grant
   * @param isRecovered whether the resource was repaired after them
   */
  public void release(byte[] newValue, List<RequestId> deadIntents, boolean isRecovered) {
    if (phase != Phase.DOWNGRADING) { // what a downgrade publishes stays as it is
      publication = new Publication(newValue, deadIntents, isRecovered);
    }
    boolean renumber = isLate() && (aloneInQueue || isAtTheEnd()) && publication.leavesNobodyDead();
    leave(Leave.RELEASE, Ending.RELEASED, renumber);
  }

  /** The entry went with the upgrade that it was upgraded to. */
  public void dropped() {
    expect(phase == Phase.GRANTED);
    end(Ending.RELEASED);
  }

  /** Deletes the entry but leaves the intent: as if the owner had died. */
  public void abandon() {
    leave(Leave.ABANDON, Ending.RELEASED);
  }

  /** EXCLUSIVE to SHARED, in the same place; arguments as for {@link #release}. */
  public void downgrade(byte[] newValue, List<RequestId> deadIntents, boolean isRecovered) {
    expect(phase == Phase.GRANTED && mode == LockMode.EXCLUSIVE && leaving == null);
    publication = new Publication(newValue, deadIntents, isRecovered);
    phase = Phase.DOWNGRADING;
    doubted = false;
    armWanted = false;
    conflictTold = false;
    disarm();
    send(downgradeWrites());
  }

  /**
   * Watches for conflicting requests from now on; they come as {@link Listener#recalled}. Arms
   * first, then looks, so that none is missed.
   */
  public void arm() {
    armWanted = true;
    if (phase == Phase.GRANTED && leaving == null && !armed && !watchPending) {
      armed = true;
      watch(
          mode == LockMode.EXCLUSIVE
              ? new ReadOp.Children(paths.lock())
              : new ReadOp.Children(paths.version()));
    }
  }

  // --- answers

  @Override
  public void written(Unit unit, List<Reply.Written> results, long zxid) {
    switch (phase) {
      case ENTERING:
        String path = null;
        for (Reply.Written result : results) {
          String created = result.createdPath();
          if (created != null && created.startsWith(paths.entryPrefix(mode, id()))) {
            path = created;
          }
        }
        entered(Objects.requireNonNull(path), zxid);
        break;
      case DROPPING:
        becomeGranted(Objects.requireNonNull(entering().look));
        break;
      case DOWNGRADING:
        downgraded(zxid);
        break;
      case LEAVING:
        Leaving how = Objects.requireNonNull(leaving);
        how.zxid = zxid;
        how.left = statOfVersion(unit, results);
        end(how.ending);
        return;
      default:
        throw new IllegalStateException("written in " + this);
    }
    leaveIfWanted();
  }

  private static @Nullable ZnodeStat statOfVersion(Unit unit, List<Reply.Written> results) {
    for (int i = 0; i < results.size(); i++) {
      if (unit.writes().get(i) instanceof WriteOp.SetData) {
        return results.get(i).stat();
      }
    }
    return null;
  }

  /** The entry was created, by our own unit or in a larger one. */
  public void entered(String path, long zxid) {
    expect(phase == Phase.ENTERING);
    sequence = sequenceOf(path);
    token = zxid;
    entering().setLockExists(true);
    phase = Phase.QUEUED;
    leaveIfWanted();
  }

  @Override
  public void refused(Unit unit, int index, Code code) {
    switch (phase) {
      case ENTERING:
        refusedEntering(entering(), index, code);
        break;
      case DROPPING:
        // The shared entry is gone already: dropped by a unit whose reply was lost.
        expect(code == Code.NO_NODE);
        written(unit, List.of(), 0);
        break;
      case DOWNGRADING:
      case LEAVING:
        refusedLeaving(unit, index, code);
        break;
      default:
        throw new IllegalStateException("refused with " + code + " in " + this);
    }
  }

  private void refusedEntering(Entering by, int index, Code code) {
    if (leaving != null) {
      end(leaving.ending);
    } else if (by.refused(index, code)) {
      sendEnter();
    } else {
      fail(code);
    }
  }

  private void refusedLeaving(Unit unit, int index, Code code) {
    if (index == 0 && code == Code.NO_NODE) {
      if (phase == Phase.DOWNGRADING && doubted) {
        downgraded(0);
        leaveIfWanted();
      } else {
        end(
            doubted && leaving != null && phase == Phase.LEAVING
                ? leaving.ending
                : Ending.VANISHED);
      }
      return;
    }
    List<WriteOp> writes = new ArrayList<>(unit.writes());
    WriteOp missing = index > 0 && code == Code.NO_NODE ? writes.get(index) : null;
    if (code == Code.NOT_EMPTY && leaving != null && leaving.renumber) {
      leaving.renumber = false;
      send(leaveWrites());
    } else if (missing != null && publication.deletesDead(missing, paths)) {
      // It was that of a waiter whose node lives and has deleted it.
      publication = publication.withoutDead(missing.path(), paths);
      sendAgain();
    } else if (missing instanceof WriteOp.Delete) {
      writes.remove(index); // our own intent, deleted by hand
      send(writes);
    } else if (missing instanceof WriteOp.SetData set) {
      writes.set(index, new WriteOp.Create(set.path(), set.data(), WriteOp.Kind.PERSISTENT));
      send(writes);
    } else if (index > 0 && code == Code.NODE_EXISTS) {
      sendAgain();
    } else if (phase == Phase.LEAVING && leaving != null && leaving.how != Leave.ABANDON) {
      // We may not write what has to be written; at least do not stand in the way.
      leaving.failure = code;
      leaving.how = Leave.ABANDON;
      leaving.ending = Ending.FAILED;
      send(leaveWrites());
    } else {
      fail(code);
    }
  }

  @Override
  public void settled(Unit unit) {
    doubted = true;
    switch (phase) {
      case ENTERING:
        entering().unsettled = unit.writes();
        entering().follows = null;
        wire.submit(Unit.reading(this, Look.reads(paths, false)));
        break;
      case DROPPING:
      case DOWNGRADING:
      case LEAVING:
        // These name the entry, so that doing them twice does nothing.
        send(unit.writes());
        break;
      default:
        throw new IllegalStateException("settled in " + this);
    }
  }

  @Override
  public void read(Unit unit, List<Reply.Read> replies) {
    if (phase == Phase.ENTERING && replies.size() == 1) {
      identified(unit.reads().get(0).path(), replies.get(0));
    } else if (phase == Phase.ENTERING) {
      resolved(Look.of(replies));
    } else if (phase == Phase.QUEUED) {
      entering().follows = null;
      looked(Look.of(replies));
    } else if (phase == Phase.GRANTED) {
      checkConflict(Look.of(replies).queue());
    }
    // Otherwise we are leaving and do not care.
  }

  @Override
  public void readsSpared(Unit unit) {
    if (phase != Phase.QUEUED) {
      return;
    }
    Succession known = Objects.requireNonNull(follows()).succession();
    entering().follows = null;
    Look look = known == null ? null : known.look(place());
    Entry ahead = known == null ? null : known.ahead(place());
    if (known != null && look != null) {
      looked(look);
    } else if (known != null && ahead != null) {
      entering().crowd = known.came(place()) + 1;
      entering().ahead = ahead; // which may have gone: nobody is told before it was seen
      watch(new ReadOp.Data(paths.entry(ahead)));
    } else {
      lookAgain();
    }
  }

  private @Nullable Succession succession() {
    ZnodeStat left = leaving == null ? null : leaving.left;
    return left == null
        ? null // it was not yet the release that was done, but a downgrade before it
        : new Succession(place(), last, Version.of(publication.data(id()), left));
  }

  /** The reads behind a larger unit that {@link #enterIn} stood in. */
  public void looked(Look look) {
    if (phase != Phase.QUEUED) {
      return;
    }
    Entry own = place();
    Entry upgradeFrom = entering().upgradeFrom;
    entering().crowd = look.queue().entries().size();
    entering().ahead = null;
    Turn turn = Turn.of(look, own, upgradeFrom);
    aloneInQueue = look.queue().isAlone(id());
    switch (turn.verdict()) {
      case VANISHED -> end(Ending.VANISHED);
      case NO_VERSION -> makeVersion();
      case EXHAUSTED -> leave(Leave.CANCEL, Ending.EXHAUSTED);
      case REFUSED -> leave(Leave.CANCEL, Ending.REFUSED);
      case WAIT -> waitFor(Objects.requireNonNull(turn.blocker()));
      case ASK_WHO_DIED -> wire.submit(Unit.reading(this, Look.reads(paths, true)));
      case GRANTED -> {
        if (upgradeFrom != null) {
          drop(upgradeFrom, look);
        } else {
          becomeGranted(look);
        }
      }
    }
  }

  private void drop(Entry shared, Look look) {
    phase = Phase.DROPPING;
    entering().look = look;
    send(List.of(new WriteOp.Delete(paths.entry(shared))));
  }

  private void becomeGranted(Look look) {
    phase = Phase.GRANTED;
    entering = null;
    last = look.queue().lastBehind(place());
    // The watch on the entry that we waited for is of no use any more; that entry is gone.
    if (watchPending) {
      wanted = false;
    } else {
      watched = null;
    }
    listener.granted(this, look);
  }

  @Override
  public void readRefused(Unit unit, Code code) {
    if (phase == Phase.ENTERING) {
      fail(code);
    } else if (phase == Phase.QUEUED) {
      cannotWait(code);
    } else if (phase == Phase.GRANTED) {
      listener.recalled(this, LockMode.EXCLUSIVE); // we cannot see who wants it: do not keep it
    }
  }

  @Override
  public void ended(Unit unit) {
    end(Ending.SESSION_ENDED);
  }

  /** The session has ended. */
  public void sessionEnded() {
    end(Ending.SESSION_ENDED);
  }

  @Override
  public void watchSet(ReadOp read, Reply.Read reply) {
    if (!read.equals(watched)) {
      return; // an answer to a watch that fired, or was given up, before
    }
    watchPending = false;
    if (phase == Phase.GONE || !wanted) {
      if (reply.code() == Code.OK) {
        wire.unwatch(this, read);
      }
      watched = null;
      if (armWanted) {
        arm();
      }
      return;
    }
    if (reply.code() != Code.OK) {
      watched = null;
      armed = false;
    }
    if (phase == Phase.QUEUED) {
      Entry ahead = entering().ahead;
      entering().ahead = null;
      if (reply.code() == Code.OK && ahead != null) {
        listener.waiting(this, ahead.id());
      } else if (reply.code() == Code.NO_NODE) {
        wire.submit(Unit.reading(this, Look.reads(paths, false)));
      } else if (reply.code() != Code.OK) {
        cannotWait(reply.code()); // we would never know when that one goes
      }
    } else if (phase == Phase.GRANTED && leaving == null) {
      if (reply.code() == Code.OK && mode == LockMode.EXCLUSIVE) {
        checkConflict(Queue.of(reply.children()));
      } else if (reply.code() == Code.OK) {
        wire.submit(Unit.reading(this, Look.reads(paths, false)));
      } else {
        listener.recalled(this, LockMode.EXCLUSIVE); // what is to be watched was deleted by hand
      }
    }
  }

  @Override
  public void watchFired(ReadOp read) {
    if (!read.equals(watched)) {
      return;
    }
    watched = null;
    watchPending = false;
    if (phase == Phase.QUEUED) {
      lookAgain();
    } else if (phase == Phase.GRANTED && leaving == null && armed) {
      armed = false;
      if (conflictTold) {
        listener.disarmed(this);
      } else {
        // Nearly always somebody wants the lock, and it will be given up: a look is all that takes.
        // If it finds nobody, the watch is set anew, and only the look behind that proves it.
        wire.submit(Unit.reading(this, Look.reads(paths, false)));
      }
    } else if (phase == Phase.GRANTED && leaving == null && armWanted) {
      arm(); // it was the watch on the entry that we had waited for, and stood in the way
    }
  }

  // --- how it is done

  private void sendEnter() {
    phase = Phase.ENTERING;
    sendEnter(entering().writes(paths, mode, id()));
  }

  private void sendEnter(List<WriteOp> writes) {
    Request follows = follows();
    wire.submit(
        new Unit(
            writes,
            entryReads(),
            follows == null ? List.of() : List.of(follows),
            entering().mayLackLock(),
            this));
  }

  /** Only before it is granted. */
  private Entering entering() {
    return Objects.requireNonNull(entering);
  }

  private void resolved(Look look) {
    Entry found = look.queue().find(id());
    Runnable absent = entering().absent;
    if (found != null) {
      wire.submit(Unit.reading(this, List.of(new ReadOp.Data(paths.entry(found)))));
    } else if (leaving != null) {
      end(leaving.ending);
    } else if (absent != null) {
      absent.run();
    } else {
      sendEnter(entering().unsettled);
    }
  }

  /**
   * The larger unit that {@link #enterIn} stood in is in doubt: finds out. If the entry is there,
   * the request goes on by itself; if not, {@code ifAbsent} is run and the request waits for {@link
   * #entered}.
   */
  public void resolve(Runnable ifAbsent) {
    entering().absent = ifAbsent;
    doubted = true;
    wire.submit(Unit.reading(this, Look.reads(paths, false)));
  }

  @Override
  public int crowd() {
    return entering == null ? 0 : entering.crowd;
  }

  /** The larger unit that {@link #enterIn} stood in will not be sent (again). */
  public void notEntered(Code code) {
    if (phase == Phase.ENTERING) {
      failedWith(code);
      if (code == Code.NO_NODE) {
        entering().setLockExists(false); // or the next try would not make it either
      }
      end(code == Code.NO_NODE ? Ending.CANCELLED : Ending.FAILED);
    }
  }

  private void identified(String path, Reply.Read reply) {
    ZnodeStat stat = reply.stat();
    if (reply.code() != Code.OK || stat == null) {
      end(Ending.VANISHED);
      return;
    }
    entered(path, stat.czxid());
    lookAgain();
  }

  private void waitFor(Entry blocker) {
    listener.waiting(this, blocker.id());
    ReadOp read = new ReadOp.Data(paths.entry(blocker));
    if (phase == Phase.QUEUED && !read.equals(watched)) {
      disarm();
      watch(read);
    }
  }

  private void watch(ReadOp read) {
    watched = read;
    watchPending = true;
    wanted = true;
    wire.watch(this, read);
  }

  private void disarm() {
    armed = false;
    ReadOp read = watched;
    if (read == null) {
      return;
    }
    if (watchPending) {
      wanted = false; // removed when its answer is there
      return;
    }
    watched = null;
    // Our own entry's end uses up the watch on the queue, so only the others have to be removed.
    if (!read.equals(new ReadOp.Children(paths.lock()))) {
      wire.unwatch(this, read);
    }
  }

  private void checkConflict(Queue queue) {
    if (leaving != null) {
      return;
    }
    if (queue.find(id()) == null) {
      end(Ending.VANISHED);
      return;
    }
    aloneInQueue = queue.isAlone(id());
    last = queue.lastBehind(place());
    LockMode conflicting = queue.wantedOf(place());
    conflictTold = conflicting != null;
    if (conflicting != null) {
      listener.recalled(this, conflicting);
    } else if (armed) {
      listener.clear(this);
    } else if (armWanted) {
      arm(); // no watch was set when this look was asked for: it proves nothing for what comes
    }
  }

  /** Deleted by hand. One made anew proves nothing: everybody will have to reload. */
  private void makeVersion() {
    VersionMaker maker = new VersionMaker(this::lookAgain, this::cannotWait);
    wire.submit(Unit.writing(maker, List.of(paths.createsVersion())));
  }

  private void lookAgain() {
    if (phase == Phase.QUEUED && leaving == null) {
      wire.submit(Unit.reading(this, Look.reads(paths, false)));
    }
  }

  /** What it would have to see or to make is refused. */
  private void cannotWait(Code code) {
    if (phase == Phase.QUEUED) {
      leave(Leave.CANCEL, Ending.FAILED);
      failedWith(code);
    }
  }

  private void leave(Leave how, Ending ending) {
    leave(how, ending, false);
  }

  private void leave(Leave how, Ending ending, boolean renumber) {
    if (phase == Phase.GONE || phase == Phase.LEAVING || leaving != null) {
      return;
    }
    leaving = new Leaving(how, ending);
    leaving.renumber = renumber;
    if (phase == Phase.NEW) {
      end(ending);
    } else {
      leaveIfWanted();
    }
  }

  private void leaveIfWanted() {
    if (leaving != null && (phase == Phase.QUEUED || phase == Phase.GRANTED)) {
      disarm();
      phase = Phase.LEAVING;
      doubted = false;
      send(leaveWrites());
    }
  }

  private List<WriteOp> leaveWrites() {
    Leaving by = Objects.requireNonNull(leaving);
    EntryWrites writes = new EntryWrites(paths, place());
    return switch (by.how) {
      case CANCEL -> writes.cancel();
      case RELEASE -> writes.release(publication, by.renumber);
      case ABANDON -> writes.abandon();
    };
  }

  private List<WriteOp> downgradeWrites() {
    return new EntryWrites(paths, place()).downgrade(publication);
  }

  private void downgraded(long zxid) {
    mode = LockMode.SHARED;
    phase = Phase.GRANTED;
    listener.downgraded(this, zxid);
  }

  private void send(List<WriteOp> writes) {
    wire.submit(Unit.writing(this, writes));
  }

  private void sendAgain() {
    send(phase == Phase.LEAVING ? leaveWrites() : downgradeWrites());
  }

  private void failedWith(Code code) {
    if (leaving == null) {
      leaving = new Leaving(Leave.CANCEL, Ending.FAILED);
    }
    leaving.failure = code;
  }

  private void fail(Code code) {
    failedWith(code);
    end(Ending.FAILED);
  }

  private void end(Ending how) {
    if (phase != Phase.GONE) {
      if (how != Ending.SESSION_ENDED) {
        disarm();
      }
      phase = Phase.GONE;
      listener.gone(this, how);
    }
  }

  private int sequenceOf(String path) {
    Entry parsed = Entry.parse(path.substring(path.lastIndexOf('/') + 1));
    if (parsed == null || !parsed.id().equals(id())) {
      throw new IllegalStateException("the coordination service made " + path);
    }
    return parsed.sequence();
  }

  private void expect(boolean condition) {
    if (!condition) {
      throw new IllegalStateException("illegal move in " + this);
    }
  }

  @Override
  public String toString() {
    return phase + " " + mode + " " + id() + (leaving == null ? "" : " (" + leaving.how + ")");
  }
}
