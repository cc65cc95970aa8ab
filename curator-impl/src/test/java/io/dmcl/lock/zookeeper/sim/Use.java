package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.HoldState;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.runtime.NodeAccess;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A lock as the users of one node have it: the handle, their holds, and their copy of the data. */
final class Use {
  /** No copy. */
  static final long NONE = -1;

  final SimNode node;
  final LockTruth truth;
  final Resource resource;
  final ClusterLock lock;
  final LocalLock local;
  final List<Held> holds = new ArrayList<>();
  final List<Wish> wishes = new ArrayList<>();

  /** The node's copy of what the lock protects. */
  long copy = NONE;

  /** What is to be written back; 0 if nothing is. */
  long dirty;

  long dirtyToken;

  /** What the resource had when the copy became dirty. */
  long dirtyBase;

  boolean monitoring;
  boolean hookThrew;
  @Nullable CompletableFuture<Void> freeing;

  // For runs without faults: what the node must know.
  boolean known;
  long knownForeignBumps;
  int memories;

  /** A hold that a user has. */
  static final class Held {
    final Use use;
    final Hold hold;
    final @Nullable HoldSet set;
    NodeAccess.@Nullable Upgrading upgrading;
    boolean mustRepair;

    /** How often the node had been made to forget when the hold was asked for. */
    final int memories;

    Held(Use use, Hold hold, @Nullable HoldSet set, Wish wish) {
      this.use = use;
      this.hold = hold;
      this.set = set;
      memories = wish.memories;
    }

    boolean isValid() {
      HoldState state = hold.state();
      return state == HoldState.HELD || state == HoldState.JEOPARDY;
    }

    /** Whether it is valid, and must be. */
    boolean isSure() {
      return isValid() && !use.node.isDazed();
    }

    @Override
    public String toString() {
      return hold.mode()
          + " hold of "
          + use.truth.name
          + " at "
          + use.node
          + ", token "
          + hold.token();
    }
  }

  /** A hold that a user waits for. */
  static final class Wish {
    final LockMode mode;
    final CompletableFuture<?> future;

    final int memories;
    final long knownForeignBumps;

    private final Use use;
    private final boolean known;

    Wish(Use use, LockMode mode, CompletableFuture<?> future) {
      this.use = use;
      this.mode = mode;
      this.future = future;
      known = use.known;
      memories = use.memories;
      knownForeignBumps = use.knownForeignBumps;
    }

    /** Whether the node must know what it knew when the hold was asked for. */
    boolean isKnown() {
      return known && memories == use.memories;
    }
  }

  Use(SimNode node, LockTruth truth, Resource resource, ClusterLock lock) {
    this.node = node;
    this.truth = truth;
    this.resource = resource;
    this.lock = lock;
    this.local = NodeAccess.local(lock);
  }

  boolean caches(LockMode mode) {
    return lock.options().caches(mode);
  }

  boolean isIdle() {
    return holds.isEmpty() && wishes.isEmpty() && !monitoring && freeing == null;
  }

  /** The node may know less from now on. */
  void forgotten() {
    memories++;
    known = false;
  }

  /** How often others have bumped the version. */
  long foreignBumps() {
    SimSession session = node.client.session();
    return truth.bumps - (session == null ? 0 : truth.bumpsBy(session.id()));
  }

  @Override
  public String toString() {
    return node + " " + truth.name;
  }
}
