package io.dmcl.lock.zookeeper.torture;

/** The kinds of faults. */
enum Fault {
  /** SIGKILL to a node; another one is started in its place. */
  KILL_NODE,
  /** SIGSTOP to a node, mostly for longer than the session timeout. */
  PAUSE_NODE,
  /** A node's session ends before its time. */
  EXPIRE_SESSION,
  /** The connections of a node break, or nothing comes through any more. */
  CUT_NODE,
  /** What a node and the servers say to each other takes long. */
  SLOW_NODE,
  /** SIGKILL to a server, which is started again. */
  KILL_SERVER,
  /** SIGSTOP to a server, mostly for longer than the session timeout. */
  PAUSE_SERVER,
  /** A server cannot reach the other servers, nor they it. */
  CUT_SERVER,
  /** What a server and the others say to each other takes long. */
  SLOW_SERVER;

  /** Whether it is done to a node, and not to a server. */
  boolean ofNode() {
    return compareTo(SLOW_NODE) <= 0;
  }
}
