package io.dmcl.lock.zookeeper.protocol;

import com.google.common.collect.Sets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sends the units of one session, coalesced: while transactions are in flight, units gather and
 * then leave as one transaction, bounded in writes and bytes, with their reads as one atomic
 * multi-read right behind it; but for those that {@link Unit#follows} makes needless. With nothing
 * in flight a unit leaves at once.
 *
 * <p>Every transaction ends with the bump, a write to the node's own znode. It tells the
 * transaction's id, fails the whole if the session is gone, and feeds the lease.
 *
 * <p>A transaction that fails because of one unit is repeated without it; that unit is told. After
 * a lost connection nothing is sent until a bump by itself was answered ({@link #resume}); only
 * then does what is read include everything that was sent, and only then are the units of unknown
 * outcome told.
 *
 * <p>The size of replies is bounded too, by the longest values and by what is known of the queues.
 * A multi-read that breaks the connection all the same is halved, and one unit's read that goes on
 * breaking it is refused as {@link Code#UNREADABLE}.
 *
 * <p>Not thread-safe; no I/O of its own.
 */
public final class Pipeline {
  /** Where requests go. Each is answered once, by the method that is named. */
  public interface Wire {
    /** To be answered by {@link Pipeline#transacted}. */
    void transact(Batch batch, List<WriteOp> writes);

    /** To be answered by {@link Pipeline#wasRead}. */
    void read(Batch batch, List<ReadOp> reads);

    /** The node's znode is missing: it has to be made again before {@link Pipeline#resume}. */
    void bumpMissed();
  }

  /** What travels together: the units of a transaction, or of a multi-read. */
  public static final class Batch {
    private final List<Unit> units;
    private Set<Unit> spared = Set.of(); // their reads were not sent; by identity
    private final boolean writes;
    // Of a multi-read: the transaction that it follows, without which it means nothing.
    private final @Nullable Batch behind;
    private boolean committed;

    private Batch(List<Unit> units, boolean writes, @Nullable Batch behind) {
      this.units = List.copyOf(units);
      this.writes = writes;
      this.behind = behind;
    }

    private boolean isMeaningless() {
      return behind != null && !behind.committed;
    }
  }

  private static final int MAX_WRITES = 1_000;
  private static final int MAX_WRITE_BYTES = 256 * 1024;
  private static final int MAX_READS = 400;
  private static final int MAX_REPLY_BYTES = 512 * 1024;
  // Two, so that a release does not make the next request of a lone caller wait for its reply,
  // while
  // under load everything else still gathers.
  private static final int MAX_IN_FLIGHT = 2;

  private final Wire wire;
  private final WriteOp bump;
  private final Deque<Unit> pendingWrites = new ArrayDeque<>();
  private final Deque<Unit> pendingReads = new ArrayDeque<>();
  private final List<Unit> doubtful = new ArrayList<>();
  private final List<Batch> inFlight = new ArrayList<>();
  private final Suspects suspects = new Suspects();
  private int transactionsInFlight;
  private int readsInFlight;
  private int maxReads = MAX_READS;
  private boolean open;
  private boolean alone;
  private boolean ended;

  /** A pipeline that does not send until {@link #resume}. */
  public Pipeline(Wire wire, WriteOp bump) {
    this.wire = wire;
    this.bump = bump;
  }

  /** Whether so many writes, with paths and data of so many bytes, fit one transaction. */
  public static boolean fits(int writes, int bytes) {
    return writes < MAX_WRITES && bytes + writes * Unit.WRITE_BYTES < MAX_WRITE_BYTES;
  }

  /** Takes a unit; it is sent by the next {@link #flush}. */
  public void submit(Unit unit) {
    if (ended) {
      unit.owner().ended(unit);
    } else {
      (unit.writes().isEmpty() ? pendingReads : pendingWrites).add(unit);
    }
  }

  /** Whether a transaction is on its way, so that none has to be sent for the lease. */
  public boolean isTransacting() {
    return transactionsInFlight > 0;
  }

  /** Whether nothing is pending, in flight or in doubt. */
  public boolean isIdle() {
    return pendingWrites.isEmpty()
        && pendingReads.isEmpty()
        && doubtful.isEmpty()
        && inFlight.isEmpty();
  }

  /** Sends what may be sent now. */
  public void flush() {
    while (open && transactionsInFlight < MAX_IN_FLIGHT && !pendingWrites.isEmpty()) {
      sendTransaction();
    }
    while (open && readsInFlight < MAX_IN_FLIGHT && !pendingReads.isEmpty()) {
      sendReads();
    }
  }

  /** Sends a transaction of the bump alone. */
  public Batch sendBump() {
    Batch batch = new Batch(List.of(), true, null);
    send(batch, new ArrayList<>());
    return batch;
  }

  /** The connection is gone: sends nothing until {@link #resume}. */
  public void suspend() {
    open = false;
  }

  /** A bump that was sent on the present connection was answered: goes on. */
  public void resume() {
    open = true;
    suspects.settled();
    List<Unit> settled = List.copyOf(doubtful);
    doubtful.clear();
    for (Unit unit : settled) {
      unit.owner().settled(unit);
    }
  }

  /** The session has ended: every unit is told. */
  public void end() {
    open = false;
    ended = true;
    List<Unit> units = new ArrayList<>(doubtful);
    for (Batch batch : inFlight) {
      if (!batch.isMeaningless()) {
        units.addAll(batch.units);
      }
    }
    units.addAll(pendingWrites);
    units.addAll(pendingReads);
    doubtful.clear();
    inFlight.clear();
    pendingWrites.clear();
    pendingReads.clear();
    for (Unit unit : units) {
      unit.owner().ended(unit);
    }
  }

  /** A transaction was answered. */
  public void transacted(Batch batch, Reply.Transaction reply) {
    if (!inFlight.remove(batch)) {
      return; // the session has ended meanwhile
    }
    transactionsInFlight--;
    if (reply.code() == Code.OK) {
      alone = false;
      batch.committed = true;
      committed(batch, reply.results());
    } else if (reply.code().outcomeUnknown()) {
      open = false; // whatever was queued behind it must not overtake the settling bump
      suspects.otherLost();
      doubtful.addAll(batch.units);
    } else {
      failed(batch, reply);
    }
  }

  /**
   * A read with a watch, which does not travel in the pipeline, was left unanswered.
   *
   * @return whether it is not to be repeated any more
   */
  public boolean watchLost(ReadOp read) {
    return suspects.lost(read);
  }

  /** A read with a watch was answered. */
  public void watchAnswered(ReadOp read) {
    suspects.answered(read);
  }

  /** A multi-read was answered. */
  public void wasRead(Batch batch, List<Reply.Read> replies) {
    if (!inFlight.remove(batch)) {
      return;
    }
    readsInFlight--;
    if (batch.isMeaningless()) {
      return;
    }
    boolean lost = replies.stream().anyMatch(reply -> reply.code().outcomeUnknown());
    if (lost) {
      open = false;
      if (batch.units.size() > 1) {
        maxReads = Math.max(1, maxReads / 2);
        suspects.otherLost();
      } else if (suspects.lost(batch.units.get(0))) {
        Unit guilty = batch.units.get(0);
        guilty.owner().readRefused(guilty, Code.UNREADABLE);
        return;
      }
      for (int i = batch.units.size() - 1; i >= 0; i--) {
        pendingReads.addFirst(batch.units.get(i));
      }
      return;
    }
    maxReads = Math.min(MAX_READS, maxReads + 1);
    int from = 0;
    for (Unit unit : batch.units) {
      suspects.answered(unit);
      List<Reply.Read> own = replies.subList(from, from + unit.reads().size());
      from += unit.reads().size();
      Code refusal = Code.OK;
      for (Reply.Read reply : own) {
        if (reply.code() != Code.OK && reply.code() != Code.NO_NODE) {
          refusal = reply.code();
        }
      }
      if (refusal == Code.OK) {
        unit.owner().read(unit, own);
      } else {
        unit.owner().readRefused(unit, refusal);
      }
    }
  }

  private void sendTransaction() {
    List<Unit> units = new ArrayList<>();
    List<WriteOp> writes = new ArrayList<>();
    int bytes = 0;
    while (!pendingWrites.isEmpty()) {
      Unit next = pendingWrites.peek();
      boolean full =
          writes.size() + next.writes().size() >= MAX_WRITES
              || bytes + next.writeBytes() > MAX_WRITE_BYTES
              || alone;
      if (full && !units.isEmpty()) {
        break;
      }
      units.add(pendingWrites.remove());
      writes.addAll(next.writes());
      bytes += next.writeBytes();
    }
    Batch batch = new Batch(units, true, null);
    batch.spared = spared(units);
    List<Unit> readers = new ArrayList<>();
    for (Unit unit : units) {
      if (!unit.reads().isEmpty() && !batch.spared.contains(unit)) {
        readers.add(unit);
      }
    }
    send(batch, writes);
    // In the same pipeline, without waiting: a session's requests are executed in order. If the
    // transaction fails, what is read here means nothing.
    for (int from = 0; from < readers.size(); ) {
      Reading reading = new Reading();
      int to = from;
      while (to < readers.size() && reading.takes(readers.get(to), maxReads)) {
        to++;
      }
      sendRead(new Batch(readers.subList(from, to), false, batch));
      from = to;
    }
  }

  /** Those that follow others, all of which are before them. */
  private static Set<Unit> spared(List<Unit> units) {
    if (units.stream().allMatch(unit -> unit.follows().isEmpty())) {
      return Set.of();
    }
    Set<Unit> spared = Sets.newIdentityHashSet();
    Set<Unit.Owner> before = Sets.newIdentityHashSet();
    for (Unit unit : units) {
      if (!unit.follows().isEmpty() && before.containsAll(unit.follows())) {
        spared.add(unit);
      }
      before.add(unit.owner());
    }
    return spared;
  }

  private void send(Batch batch, List<WriteOp> writes) {
    writes.add(bump);
    inFlight.add(batch);
    transactionsInFlight++;
    wire.transact(batch, writes);
  }

  private void sendReads() {
    List<Unit> units = new ArrayList<>();
    Reading reading = new Reading();
    while (!pendingReads.isEmpty()
        && (units.isEmpty() || mayJoin(units.get(0), pendingReads.peek()))
        && reading.takes(pendingReads.peek(), maxReads)) {
      units.add(pendingReads.remove());
    }
    sendRead(new Batch(units, false, null));
  }

  private boolean mayJoin(Unit first, Unit next) {
    return !suspects.isSuspect(first) && !suspects.isSuspect(next);
  }

  /** A multi-read that is put together: its reply has to fit a packet. */
  private static final class Reading {
    private int reads;
    private long replyBytes;

    /** Whether the unit goes with those before it; the first one always does. */
    boolean takes(Unit unit, int maxReads) {
      int moreReads = unit.reads().size();
      int moreBytes = unit.replyBytes();
      if (reads > 0 && (reads + moreReads > maxReads || replyBytes + moreBytes > MAX_REPLY_BYTES)) {
        return false;
      }
      reads += moreReads;
      replyBytes += moreBytes;
      return true;
    }
  }

  private void sendRead(Batch batch) {
    inFlight.add(batch);
    readsInFlight++;
    List<ReadOp> reads = new ArrayList<>();
    batch.units.forEach(unit -> reads.addAll(unit.reads()));
    wire.read(batch, reads);
  }

  private void committed(Batch batch, List<Reply.Written> results) {
    ZnodeStat stat = results.get(results.size() - 1).stat();
    if (stat == null) {
      throw new IllegalStateException("a transaction's bump was answered without a stat");
    }
    int from = 0;
    for (Unit unit : batch.units) {
      int to = from + unit.writes().size();
      unit.owner().written(unit, results.subList(from, to), stat.mzxid());
      if (batch.spared.contains(unit)) {
        unit.owner().readsSpared(unit);
      }
      from = to;
    }
  }

  private void failed(Batch batch, Reply.Transaction reply) {
    int culprit = reply.culprit();
    int from = 0;
    Unit guilty = null;
    int index = -1;
    for (Unit unit : batch.units) {
      if (culprit >= from && culprit < from + unit.writes().size()) {
        guilty = unit;
        index = culprit - from;
      }
      from += unit.writes().size();
    }
    List<Unit> again = new ArrayList<>();
    List<Unit> told = new ArrayList<>();
    if (guilty == null && culprit >= 0) {
      for (int i = batch.units.size() - 1; i >= 0; i--) {
        pendingWrites.addFirst(batch.units.get(i));
      }
      open = false;
      wire.bumpMissed();
      return;
    }
    Code code = guilty == null ? reply.code() : reply.results().get(culprit).code();
    boolean lacksLock = code == Code.NO_NODE && guilty != null && guilty.mayLackLock();
    for (Unit unit : batch.units) {
      // Locks that were never used before come in crowds: all that may lack theirs are told at
      // once.
      boolean tell = unit == guilty || (lacksLock && unit.mayLackLock());
      (tell || (guilty == null && batch.units.size() == 1) ? told : again).add(unit);
    }
    for (int i = again.size() - 1; i >= 0; i--) {
      pendingWrites.addFirst(again.get(i));
    }
    if (guilty == null) {
      alone = batch.units.size() > 1;
    }
    for (Unit unit : told) {
      unit.owner().refused(unit, unit == guilty ? index : lacksLock ? 0 : -1, code);
    }
  }
}
