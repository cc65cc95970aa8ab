package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.Freshness;
import org.jspecify.annotations.Nullable;

/**
 * What a node remembers of a lock between its holds, and the rule of freshness. Transactions' ids
 * do not repeat, so that an equal {@code mzxid} proves that nobody has released exclusively since.
 *
 * @param czxid when the version znode was made
 * @param mzxid its last bump that we know of
 * @param ownRelease our own last exclusive release, if it came after that: its bump is ours,
 *     whether or not its reply has been seen
 * @param session the session under which the lock was last held (compared by identity): with
 *     another one continuity is lost
 */
public record Memory(
    long czxid, long mzxid, @Nullable RequestId ownRelease, @Nullable Object session) {

  /** What a node knows that saw this version. */
  public static Memory of(Version version, @Nullable Object session) {
    return new Memory(version.czxid(), version.mzxid(), null, session);
  }

  /** The same, after a release of our own was sent. */
  public Memory released(RequestId id) {
    return new Memory(czxid, mzxid, id, session);
  }

  /** The same, after the release was found committed. */
  public Memory committed(RequestId id, long zxid) {
    return id.equals(ownRelease) ? new Memory(czxid, zxid, null, session) : this;
  }

  /** The same, where continuity was lost. */
  public Memory broken() {
    return new Memory(czxid, mzxid, ownRelease, null);
  }

  /** Whether nobody else has bumped the version since. */
  public boolean knowsLastBump(Version version) {
    return version.mzxid() == mzxid
        || (version.releaser() != null && version.releaser().equals(ownRelease));
  }

  /**
   * What a grant, or a monitor, that found the lock so has to say.
   *
   * @param memory null if nothing is remembered
   */
  public static Freshness freshness(@Nullable Memory memory, Look look, @Nullable Object session) {
    if (!look.deadIntents().isEmpty()) {
      return Freshness.OWNER_DIED;
    }
    Version version = look.version();
    if (memory == null || version == null || version.czxid() != memory.czxid) {
      return Freshness.UNKNOWN;
    }
    if (!memory.knowsLastBump(version)) {
      return Freshness.MODIFIED;
    }
    return session != null && memory.session == session ? Freshness.UNCHANGED : Freshness.UNKNOWN;
  }
}
