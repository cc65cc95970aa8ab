package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.LockMode;
import org.jspecify.annotations.Nullable;

/**
 * What a look says to a request that waits for its turn.
 *
 * @param verdict what to do
 * @param blocker whom to wait for; null if nobody
 */
record Turn(Verdict verdict, @Nullable Entry blocker) {
  enum Verdict {
    /** Our entry is not there any more. */
    VANISHED,
    /** There is no version: it was deleted by hand. */
    NO_VERSION,
    /** The place is past the end of the counter, or too close to it for somebody not alone. */
    EXHAUSTED,
    /** An upgrade that would wait for ever. */
    REFUSED,
    /** Somebody is before us. */
    WAIT,
    /** Nobody is, but somebody may have died: the intents have to be read to know. */
    ASK_WHO_DIED,
    /** It is our turn. */
    GRANTED
  }

  /**
   * Reads it from a look.
   *
   * @param own our entry
   * @param upgradeFrom our own shared entry, which an upgrade will drop; null if it is none
   */
  static Turn of(Look look, Entry own, @Nullable Entry upgradeFrom) {
    Queue queue = look.queue();
    if (queue.find(own.id()) == null) {
      return of(Verdict.VANISHED);
    } else if (look.version() == null) {
      return of(Verdict.NO_VERSION);
    } else if (isExhausted(own, queue.isAlone(own.id()))) {
      return of(Verdict.EXHAUSTED);
    } else if (upgradeFrom != null && queue.hasExclusiveBefore(own)) {
      return of(Verdict.REFUSED);
    }
    Entry blocker = queue.blockerOf(own, upgradeFrom);
    if (blocker != null) {
      return new Turn(Verdict.WAIT, blocker);
    }
    return of(look.isSuspect() ? Verdict.ASK_WHO_DIED : Verdict.GRANTED);
  }

  private static Turn of(Verdict verdict) {
    return new Turn(verdict, null);
  }

  /** Whoever is alone can make the lock anew, if it is exclusive. */
  private static boolean isExhausted(Entry own, boolean alone) {
    boolean late = own.sequence() >= Request.EXCLUSIVE_FROM && own.mode() == LockMode.SHARED;
    boolean stuck = own.sequence() == Integer.MAX_VALUE;
    boolean wrapped = own.sequence() < 0;
    return wrapped || ((late || stuck) && !alone);
  }
}
