package io.dmcl.lock;

/**
 * Told when another node has released the lock exclusively while this node does not hold it.
 * Several modifications may be reported as one. Called on a listener thread of the lockspace.
 */
@FunctionalInterface
public interface MonitorListener {
  /** The lock's version has become {@code version}. */
  void modified(ClusterLock lock, long version);
}
