package io.dmcl.lock.zookeeper.sim;

/** One step of a committed transaction; every server applies it to its own tree. */
public sealed interface Change {
  /** The znode. */
  String path();

  /**
   * A znode comes.
   *
   * @param owner the session that it goes with, or 0
   * @param parentCreates the parent's counter afterwards; below the present one if it has wrapped
   */
  record Created(String path, byte[] data, long owner, int parentCreates) implements Change {}

  /** A znode goes. */
  record Deleted(String path) implements Change {}

  /** A znode's data is set. */
  record Set(String path, byte[] data) implements Change {}
}
