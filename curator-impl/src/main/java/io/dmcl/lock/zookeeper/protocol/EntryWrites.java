package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;

/**
 * What is written to leave a place in a queue, or to keep it in a weaker mode. The own entry comes
 * first in each of them: if it is not there nothing is done.
 *
 * @param own the entry
 */
record EntryWrites(LockPaths paths, Entry own) {
  /** As if the owner had died: an exclusive request's intent stays. */
  List<WriteOp> abandon() {
    List<WriteOp> writes = new ArrayList<>();
    writes.add(new WriteOp.Delete(paths.entry(own)));
    return writes;
  }

  /** Nothing was done under it: no bump. */
  List<WriteOp> cancel() {
    List<WriteOp> writes = abandon();
    if (own.mode() == LockMode.EXCLUSIVE) {
      writes.add(new WriteOp.Delete(paths.intent(own.id())));
    }
    return writes;
  }

  /**
   * Back with the grant; an exclusive one publishes.
   *
   * @param renumber whether the lock is made anew, so that its counter starts again
   */
  List<WriteOp> release(Publication publication, boolean renumber) {
    List<WriteOp> writes = abandon();
    if (own.mode() != LockMode.EXCLUSIVE) {
      return writes;
    }
    byte[] data = publication.data(own.id());
    writes.addAll(publication.intentDeletions(paths, own.id()));
    if (renumber) {
      writes.add(new WriteOp.Delete(paths.version()));
      writes.add(new WriteOp.Delete(paths.lock()));
      writes.add(new WriteOp.Create(paths.lock(), paths.data(), WriteOp.Kind.PERSISTENT));
      writes.add(new WriteOp.Create(paths.version(), data, WriteOp.Kind.PERSISTENT));
    } else {
      writes.add(new WriteOp.SetData(paths.version(), data));
    }
    return writes;
  }

  /** An exclusive grant publishes, and is a shared one in the same place. */
  List<WriteOp> downgrade(Publication publication) {
    List<WriteOp> writes = release(publication, false);
    String shared = paths.entry(own.inMode(LockMode.SHARED));
    writes.add(new WriteOp.Create(shared, new byte[0], WriteOp.Kind.EPHEMERAL));
    return writes;
  }
}
