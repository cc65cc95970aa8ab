package io.dmcl.lock.zookeeper.protocol;

import java.util.ArrayList;
import java.util.List;

/**
 * What a release or a downgrade tells the next holder.
 *
 * @param value the value, in front of which the releaser's id is published
 * @param dead the intents of the dead that were reported with the grant
 * @param recovered whether the resource was repaired after them
 */
record Publication(byte[] value, List<RequestId> dead, boolean recovered) {
  static final Publication NOTHING = new Publication(new byte[0], List.of(), false);

  /** Whether nobody is left who has died and was not made up for. */
  boolean leavesNobodyDead() {
    return dead.isEmpty() || recovered();
  }

  /** The data of the version. */
  byte[] data(RequestId own) {
    return Version.data(own, value);
  }

  /**
   * Our intent goes, and after a repair those of the dead. Without a repair one intent is enough to
   * remember them: where there are several, ours stays instead. It could not be one of theirs,
   * which may belong to a waiter whose node lives and will delete it.
   */
  List<WriteOp> intentDeletions(LockPaths paths, RequestId own) {
    List<WriteOp> writes = new ArrayList<>();
    boolean folds = !recovered() && dead.size() > 1;
    if (!folds) {
      writes.add(new WriteOp.Delete(paths.intent(own)));
    }
    if (folds || recovered()) {
      dead.forEach(one -> writes.add(new WriteOp.Delete(paths.intent(one))));
    }
    return writes;
  }

  /** Whether this is the deletion of a dead one's intent. */
  boolean deletesDead(WriteOp write, LockPaths paths) {
    return write instanceof WriteOp.Delete
        && dead.stream().anyMatch(one -> paths.intent(one).equals(write.path()));
  }

  /** The same, after an intent turned out to be that of a waiter whose node lives. */
  Publication withoutDead(String intent, LockPaths paths) {
    return new Publication(
        value,
        dead.stream().filter(one -> !paths.intent(one).equals(intent)).toList(),
        recovered());
  }
}
