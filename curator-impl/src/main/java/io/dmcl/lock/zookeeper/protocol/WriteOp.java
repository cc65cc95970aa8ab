package io.dmcl.lock.zookeeper.protocol;

/** A write, as a member of a transaction: all of them happen, or none. */
public sealed interface WriteOp {
  /** The full path in the node's view (before the client's namespace). */
  String path();

  /** What kind of znode a create makes. */
  enum Kind {
    /** Stays until it is deleted. */
    PERSISTENT,
    /** Goes with the session. */
    EPHEMERAL,
    /** Goes with the session; the coordinator appends ten digits of its parent's counter. */
    EPHEMERAL_SEQUENTIAL
  }

  /** Creates a znode; fails with NODE_EXISTS, or NO_NODE if its parent is missing. */
  record Create(String path, byte[] data, Kind kind) implements WriteOp {}

  /** Deletes a znode; fails with NO_NODE, or NOT_EMPTY if it has children. */
  record Delete(String path) implements WriteOp {}

  /** Sets a znode's data, whatever its version; fails with NO_NODE. */
  record SetData(String path, byte[] data) implements WriteOp {}
}
