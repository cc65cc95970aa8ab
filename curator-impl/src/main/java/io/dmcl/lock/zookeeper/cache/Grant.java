package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.zookeeper.protocol.Look;
import io.dmcl.lock.zookeeper.protocol.Memory;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Version;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A grant: that the node owns a lock cluster-wide, and what it was told with it. Written by the
 * event loop; the holds of the grant read it, and an exclusive one writes value and recovery.
 */
public final class Grant {
  /** What its end says to the next holder. */
  enum Exit {
    /** Something was done under it: what that was is published. */
    PUBLISH,
    /** Nothing can have been done under it. */
    RETURN,
    /** It is as if it had never been granted. */
    CANCEL,
    /** Something was done under it, and nobody knows how far that came. */
    ABANDON;

    /** Whether it was to tell the next holder something. */
    boolean publishes() {
      return this == PUBLISH || this == ABANDON;
    }
  }

  // Changed by an upgrade only.
  private volatile Placement request;
  private volatile long version;

  // Hold-side state: visible to other holds of this node at once.
  private volatile byte[] value;
  private volatile boolean recovered;
  private volatile Freshness freshness;
  private volatile LockMode mode;

  // Event loop only.
  private List<RequestId> dead;
  private long grantedAtNanos;
  private boolean used;
  private int exclusiveUses;
  private boolean taken;
  private boolean watched;
  private int slowUses;
  private long czxid;
  private @Nullable Memory known; // if it is not what was found: there may be very many grants

  // Statistics.
  private final long hitsBefore;
  private int misses;
  private long waitNanos;
  private int usesSeen;
  private long idleSinceNanos;

  Grant(Placement request, Look look, Freshness freshness, long nowNanos, long hitsBefore) {
    this.request = request;
    Version found = Objects.requireNonNull(look.version());
    this.version = found.mzxid();
    this.dead = look.deadIntents();
    this.grantedAtNanos = nowNanos;
    this.value = found.value();
    this.freshness = freshness;
    this.taken = freshness == Freshness.UNCHANGED;
    this.mode = request.mode();
    this.czxid = found.czxid();
    this.hitsBefore = hitsBefore;
    this.idleSinceNanos = nowNanos;
  }

  Placement request() {
    return request;
  }

  /** The id of the request that was granted. */
  public RequestId requestId() {
    return request.id();
  }

  /** The lease that it is under. */
  public SessionLease lease() {
    return request.lease();
  }

  /** The fencing token. */
  public long token() {
    return request.token();
  }

  /** The version when it was granted. */
  public long version() {
    return version;
  }

  /** What it owns. */
  public LockMode mode() {
    return mode;
  }

  /** What has to be told to every hold that is taken now. */
  public Freshness freshness() {
    return freshness;
  }

  /** A copy of the value. */
  public byte[] value() {
    return value.clone();
  }

  /** Sets the value that will be published; the caller has an exclusive hold, or demotes. */
  public void setValue(byte[] newValue) {
    Objects.requireNonNull(newValue, "the value must not be null");
    if (newValue.length > Version.MAX_VALUE_LENGTH) {
      throw new IllegalArgumentException(
          "a value has at most "
              + Version.MAX_VALUE_LENGTH
              + " bytes, this one has "
              + newValue.length);
    }
    value = newValue.clone();
  }

  /** Declares the resource repaired; the caller has an exclusive hold. */
  public void markRecovered() {
    recovered = true;
  }

  // --- the event loop only

  long grantedAtNanos() {
    return grantedAtNanos;
  }

  boolean isUsed() {
    return used;
  }

  boolean isUsedExclusively() {
    return exclusiveUses > 0;
  }

  /** Whether it will be heard of when another node wants the lock. */
  boolean isWatched() {
    return watched;
  }

  void watched() {
    watched = true;
  }

  long slowUses() {
    return slowUses;
  }

  void use(LockMode by) {
    used = true;
    exclusiveUses += by == LockMode.EXCLUSIVE ? 1 : 0;
    slowUses++;
  }

  /** A use that came to nothing: its caller never saw the hold. */
  void unuse(LockMode by) {
    exclusiveUses -= by == LockMode.EXCLUSIVE ? 1 : 0;
    slowUses--;
  }

  /** How many hits the word had counted when this was granted. */
  long hitsBefore() {
    return hitsBefore;
  }

  /** A caller was served who had asked for it, and has waited so long. */
  void missed(long nanos) {
    misses++;
    waitNanos += nanos;
  }

  /**
   * Since when it has been idle, as far as the calls of this method show.
   *
   * @param hits how many the word has counted by now
   */
  long idleSince(long nowNanos, long hits, boolean isIdle) {
    int uses = (int) hits + slowUses; // only whether it has changed matters
    if (!isIdle || uses != usesSeen) {
      usesSeen = uses;
      idleSinceNanos = nowNanos;
    }
    return idleSinceNanos;
  }

  /** What it has to add to its lock's counters if it ends now. */
  LockStats stats(long nowNanos) {
    return new LockStats(0, misses, 1, 0, 0, waitNanos, nowNanos - grantedAtNanos);
  }

  /** How it ends if it is given up now, of its own accord. */
  Exit exit(long nowNanos) {
    boolean valid = lease().isValid(nowNanos);
    // At the end of the counter readers are given exclusive grants too, to make the lock anew.
    boolean renews = request.isAtTheEnd() && used && dead.isEmpty() && valid;
    if (mode == LockMode.SHARED) {
      return Exit.RETURN;
    } else if (isUsedExclusively() || renews) {
      return valid ? Exit.PUBLISH : Exit.ABANDON;
    }
    return Exit.CANCEL;
  }

  /** How it ends if it is lost. */
  Exit exitLost() {
    return mode == LockMode.EXCLUSIVE && isUsedExclusively() ? Exit.ABANDON : Exit.CANCEL;
  }

  /** Its request leaves the queue. */
  void leave(Exit how) {
    switch (how) {
      case PUBLISH -> request.release(value, dead, recovered);
      case RETURN -> request.release(new byte[0], List.of(), false);
      case CANCEL -> request.cancel();
      case ABANDON -> request.abandon();
    }
  }

  /** It becomes SHARED, in its place, and publishes what was done under it. */
  void downgrade() {
    mode = LockMode.SHARED;
    published(0);
    request.downgrade(value, dead, recovered);
  }

  /**
   * The same grant in a new place, EXCLUSIVE now. Nobody else had the lock exclusively meanwhile;
   * but somebody may have died waiting for it. Every hold of the grant has the new token from now
   * on, or the fencing gate would refuse the shared ones that are still out.
   */
  void upgraded(Placement to, Look look, long nowNanos) {
    request = to;
    Version found = Objects.requireNonNull(look.version());
    version = found.mzxid();
    dead = look.deadIntents();
    grantedAtNanos = nowNanos;
    mode = to.mode();
    watched = false;
    misses = 0;
    waitNanos = 0;
    czxid = found.czxid();
    known = null;
    if (!dead.isEmpty()) {
      freshness = Freshness.OWNER_DIED;
    }
  }

  /** What was known is forgotten. */
  void forget() {
    taken = false;
    if (freshness == Freshness.UNCHANGED) {
      freshness = Freshness.UNKNOWN;
    }
  }

  /**
   * Whether the node knows the version: it was no news, or a hold that was told has been unlocked.
   */
  boolean isTaken() {
    return taken;
  }

  /** A hold that was told has been unlocked: the node knows now. */
  void takeNews() {
    taken = true;
    if (freshness != Freshness.OWNER_DIED || recovered) {
      freshness = Freshness.UNCHANGED;
    }
  }

  /** What the node remembers, once it knows. */
  Memory memory() {
    return known != null ? known : new Memory(czxid, version, null, request.lease());
  }

  /** The node has learned more. */
  void remember(Memory more) {
    if (!more.equals(memory())) {
      known = more;
    }
  }

  /** A downgrade was sent (0), or committed by this transaction (0 if that is not known). */
  void published(long zxid) {
    Memory before = memory();
    known = zxid == 0 ? before.released(request.id()) : before.committed(request.id(), zxid);
  }
}
