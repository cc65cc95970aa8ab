package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import org.jspecify.annotations.Nullable;

/**
 * How a grant stands at one moment between its own node and the others, and the rules that follow:
 * whether callers of this node may still join it, and when it is given up, or made weaker.
 *
 * @param recall what another node wants; null if nobody has been heard of
 * @param inHoldTime whether the minimum hold time runs, in which callers of this node go first
 * @param kept whether it is kept when nobody uses it
 */
record Standing(Grant grant, @Nullable LockMode recall, boolean inHoldTime, boolean kept) {
  /** What is to be done with it. */
  enum Move {
    /** Nothing. */
    STAY,
    /** Nothing before the minimum hold time is over. */
    WAIT,
    /** EXCLUSIVE becomes SHARED. */
    DEMOTE,
    /** It is given back. */
    RELEASE
  }

  /** Whether holds may come and go unseen, as far as others are concerned. */
  boolean isUndisturbed() {
    return recall == null || inHoldTime;
  }

  /**
   * Whether callers of this node may still join. A fresh grant is used at least once; then others
   * come first, after the minimum hold time. That holds for a grant that is not kept too, or
   * readers that overlap would keep a writer elsewhere out for ever.
   */
  boolean isOpenToJoin() {
    return (recall == null && (kept || grant.isWatched())) || !grant.isUsed() || inHoldTime;
  }

  /**
   * What to do while nobody holds it exclusively.
   *
   * @param idle whether nobody holds it at all
   * @param wanted what the next caller of this node wants; null if nobody waits. A set of locks
   *     takes nothing that was granted before it was complete here, so it is no reason to stay.
   * @param sharedIsOfUse whether a shared grant would be of use to this node
   */
  Move next(boolean idle, @Nullable LockMode wanted, boolean sharedIsOfUse) {
    boolean stronger = wanted != null && !grant.mode().covers(wanted);
    Move recalled = isEnoughToDemote() && sharedIsOfUse ? Move.DEMOTE : Move.RELEASE;
    if (idle && wanted != null && (stronger || !isOpenToJoin())) {
      return stronger ? Move.RELEASE : recalled;
    } else if (idle && wanted == null && !kept) {
      return Move.RELEASE;
    } else if (recall == null || (!grant.isUsed() && wanted != null)) {
      return Move.STAY;
    } else if (inHoldTime) {
      return Move.WAIT;
    }
    return idle || recalled == Move.DEMOTE ? recalled : Move.STAY;
  }

  /** Only readers wait, and there is something to be told to them. */
  private boolean isEnoughToDemote() {
    return grant.mode() == LockMode.EXCLUSIVE
        && recall == LockMode.SHARED
        && grant.isUsedExclusively();
  }
}
