package io.dmcl.lock.zookeeper.torture;

/** What a node is about with a lock, when a fault hits it. */
enum ProtocolState {
  /** A caller waits for the grant. */
  WAITING,
  /** A hold is out. */
  HELD,
  /** Granted, and nobody uses it. */
  CACHED,
  /** The demote hook runs, because another node needs the lock. */
  RECALLING,
  /** A release was sent and not answered yet. */
  RELEASING,
  /** There is no connection, or no session. */
  RECONNECTING
}
