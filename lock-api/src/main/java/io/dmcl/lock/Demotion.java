package io.dmcl.lock;

import org.jspecify.annotations.Nullable;

/** What a {@link DemoteHook} is told. Valid while the hook runs. */
public interface Demotion {
  /** The lock whose grant is about to be given up or weakened. */
  ClusterLock lock();

  /** The mode that the node has been granted, and has until the hook returns. */
  LockMode from();

  /** What is left afterwards: {@link LockMode#SHARED}, or null for nothing. */
  @Nullable LockMode to();

  /** The fencing token of the grant, for what the hook writes. */
  long token();

  /** A copy of the lock's value as this node last read or set it. */
  byte[] value();

  /**
   * Sets the value that is published with the demotion.
   *
   * @throws IllegalArgumentException if it is longer than 1,024 bytes
   * @throws IllegalStateException if {@link #from()} is not EXCLUSIVE
   */
  void setValue(byte[] value);
}
