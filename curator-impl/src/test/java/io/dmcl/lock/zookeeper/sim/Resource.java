package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.FencingGate;
import io.dmcl.lock.LockMode;
import java.util.Collection;

/**
 * What a lock protects, with its fencing gate: the number of the last write, and whether that is
 * half done.
 */
final class Resource {
  private final FencingGate gate = new FencingGate();
  private long newestWriter;
  private long newestSeen;

  /** The last write; each has another number. */
  long content;

  /** The token of the writer that has begun and not ended; 0 if there is none. */
  long tornBy;

  /** Adds whom in the queue it would refuse: whoever comes later it lets pass. */
  void fingerprint(Fingerprint out, Collection<LockTruth.Place> queue) {
    for (LockTruth.Place place : queue) {
      long least = place.mode() == LockMode.EXCLUSIVE ? newestSeen : newestWriter;
      out.text(place.token < least ? "refused " : "");
    }
  }

  /** Whether the gate lets an access pass; what it lets pass is checked again. */
  boolean admits(LockMode mode, long token) {
    boolean admitted = gate.tryAdmit(mode, token);
    if (admitted) {
      if (token < newestWriter || (mode == LockMode.EXCLUSIVE && token < newestSeen)) {
        throw new Violation("the gate admitted " + mode + " token " + token + ", too old");
      }
      newestSeen = Math.max(newestSeen, token);
      if (mode == LockMode.EXCLUSIVE) {
        newestWriter = token;
      }
    }
    return admitted;
  }
}
