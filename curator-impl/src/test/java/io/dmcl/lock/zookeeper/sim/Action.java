package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.List;
import java.util.stream.Collectors;

/** What is done to both ensembles. The sessions are numbered slots. */
sealed interface Action {
  /** Requests of one session, sent one behind the other without waiting. */
  record Batch(int slot, List<Op> ops) implements Action {}

  /** The session of a slot is closed; the next batch of the slot opens another. */
  record Close(int slot) implements Action {}

  /** A request. */
  sealed interface Op {}

  /** A transaction. */
  record Transact(List<WriteOp> writes) implements Op {
    @Override
    public String toString() {
      return writes.stream()
          .map(Transact::text)
          .collect(Collectors.joining(", ", "transact(", ")"));
    }

    private static String text(WriteOp write) {
      if (write instanceof WriteOp.Create create) {
        return create.kind() + " " + create.path() + " " + create.data().length + " bytes";
      }
      return (write instanceof WriteOp.Delete ? "delete " : "set ") + write.path();
    }
  }

  /** A multi-read. */
  record Read(List<ReadOp> reads) implements Op {}

  /** A read that sets a watch. */
  record Watch(ReadOp read) implements Op {}

  /** The removal of a watch; always alone in its batch. */
  record Unwatch(ReadOp read) implements Op {}
}
