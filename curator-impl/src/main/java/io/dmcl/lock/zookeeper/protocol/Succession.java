package io.dmcl.lock.zookeeper.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node knows of a lock, without a look, behind a transaction in which it released an
 * exclusive grant and asked for the lock again.
 *
 * <p>Nobody was before the grant. Everything that is created in the queue moves the counter that
 * places are taken from, so the distance of the two places tells how many have come since. If none
 * has come, the new entry is alone; and the answer to the release tells how many intents were
 * there, so if there was none nobody has died. If some have come, the last of them is the one to
 * wait for, as long as it is there; the watch on it tells whether it is. If that one is not known,
 * a look is needed.
 *
 * <p>The lock was not purged meanwhile, as there was an entry all the time.
 *
 * @param released the entry of the grant
 * @param last the last entry that the node has seen behind it; null if none
 * @param left the version, as the release's answer shows it
 */
record Succession(Entry released, @Nullable Entry last, Version left) {
  /**
   * What a look would show.
   *
   * @param own the entry that was created behind the release, in the same transaction
   * @return null if that is not known
   */
  @Nullable Look look(Entry own) {
    return came(own) == 0 && left.intents() == 0
        ? new Look(new Queue(List.of(own)), left.withAnotherIntent(), null)
        : null;
  }

  /** Whom to wait for, if it is still there; null if that is not known. */
  @Nullable Entry ahead(Entry own) {
    return last != null && last.sequence() + 1 == own.sequence() ? last : null;
  }

  /** How many entries were created between the two. */
  int came(Entry own) {
    return own.sequence() - released.sequence() - 1;
  }
}
