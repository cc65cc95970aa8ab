package io.dmcl.lock.zookeeper.protocol;

/** A read: alone with a watch, or as a member of an atomic multi-read. */
public sealed interface ReadOp {
  /** The full path in the node's view (before the client's namespace). */
  String path();

  /** The names of a znode's children. Its watch fires when one comes or goes. */
  record Children(String path) implements ReadOp {}

  /** A znode's data and stat. Its watch fires when the data is set or the znode deleted. */
  record Data(String path) implements ReadOp {}
}
