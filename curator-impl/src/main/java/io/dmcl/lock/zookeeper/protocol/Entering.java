package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a request gets its place, and the grant: what of the lock has to be made together with the
 * entry, what a refusal says about that, and what was seen on the way.
 */
final class Entering {
  /** The node's own shared entry, which an upgrade will drop; null if it is none. */
  final @Nullable Entry upgradeFrom;

  /** The request whose release, in the same transaction, spares us the reads; null if none. */
  @Nullable Request follows;

  /** Whom it waits for, if the watch on it finds that it is there; null if there was a look. */
  @Nullable Entry ahead;

  /** Writes of which nobody knows whether they were done. */
  List<WriteOp> unsettled = List.of();

  /** What to do, instead of repeating those, if they were not. */
  @Nullable Runnable absent;

  /** Of an upgrade, while the shared entry is being deleted. */
  @Nullable Look look;

  /** How many were in the queue at the last look. */
  int crowd;

  private boolean lockExists;
  private boolean createsLock;
  private boolean createsVersion;

  /**
   * Not begun.
   *
   * @param lockExists whether the lock is known to have been made
   */
  Entering(@Nullable Entry upgradeFrom, boolean lockExists) {
    this.upgradeFrom = upgradeFrom;
    this.lockExists = lockExists;
  }

  /** The writes that create an entry. */
  static List<WriteOp> entryWrites(LockPaths paths, LockMode mode, RequestId id) {
    List<WriteOp> writes = new ArrayList<>();
    writes.add(
        new WriteOp.Create(
            paths.entryPrefix(mode, id), new byte[0], WriteOp.Kind.EPHEMERAL_SEQUENTIAL));
    if (mode == LockMode.EXCLUSIVE) {
      writes.add(new WriteOp.Create(paths.intent(id), new byte[0], WriteOp.Kind.PERSISTENT));
    }
    return writes;
  }

  /** The writes that create the entry, with what it lacks. */
  List<WriteOp> writes(LockPaths paths, LockMode mode, RequestId id) {
    List<WriteOp> writes = new ArrayList<>();
    if (createsLock) {
      writes.addAll(paths.creates());
    } else if (createsVersion) {
      writes.add(paths.createsVersion());
    }
    writes.addAll(entryWrites(paths, mode, id));
    return writes;
  }

  /** Whether the lock is known to have been made. */
  boolean lockExists() {
    return lockExists;
  }

  void setLockExists(boolean exists) {
    lockExists = exists;
  }

  /** Whether the lock may not be there, and is not made together with the entry. */
  boolean mayLackLock() {
    return !lockExists && !createsLock;
  }

  /**
   * The writes were refused.
   *
   * @param index which one was
   * @return whether they are to be tried again, as they are now
   */
  boolean refused(int index, Code code) {
    boolean creates = createsLock || createsVersion;
    if (code == Code.NO_NODE && index > 0 && !creates) {
      createsVersion = true; // somebody has deleted it by hand: the entry had its parent
      lockExists = true;
    } else if (code == Code.NO_NODE && !lockExists && !createsLock) {
      createsLock = true;
    } else if (code == Code.NO_NODE && lockExists) {
      lockExists = false; // it was purged
      createsVersion = false;
    } else if (code == Code.NODE_EXISTS && creates) {
      createsLock = false;
      createsVersion = false;
      lockExists = true;
    } else {
      return false;
    }
    return true;
  }
}
