package io.dmcl.lock;

/** The flags of a lock handle, given when it is allocated. */
public enum LockProperty {
  /** Create what the coordinator needs at allocation, not at the first acquire. */
  PREALLOC_DLM,
  /** Keep the grant after a shared (read) unlock; give it up when another node needs it. */
  CACHE_RD_LK,
  /** Keep the grant after an exclusive (write) unlock; give it up when another node needs it. */
  CACHE_WR_LK,
  /**
   * A local read-write semaphore too: threads of this node exclude each other. Any thread may
   * unlock. Without it the threads of a node share the node's grant, in either mode.
   */
  USE_SEMAPHORE
}
