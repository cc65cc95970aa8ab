package io.dmcl.bench.measure;

/**
 * Who uses which locks.
 *
 * @param nodes clients, each with a session of its own
 * @param threadsPerNode threads of each
 * @param sharing who wants the same lock
 */
public record Load(int nodes, int threadsPerNode, Sharing sharing) {
  /** Who wants the same lock. */
  public enum Sharing {
    /** Nobody: each thread has its own. */
    NONE,
    /** One thread of each node. */
    NODES,
    /** Everybody. */
    ALL
  }

  /** One node with so many threads, each with a lock of its own. */
  public static Load own(int threads) {
    return new Load(1, threads, Sharing.NONE);
  }

  /** So many nodes and threads that all want one lock. */
  public static Load fight(int nodes, int threadsPerNode) {
    return new Load(nodes, threadsPerNode, Sharing.ALL);
  }

  /** So many nodes that fight over so many locks, with a thread for each. */
  public static Load fights(int nodes, int locks) {
    return new Load(nodes, locks, Sharing.NODES);
  }

  boolean isShared() {
    return sharing != Sharing.NONE;
  }

  /** Which lock this thread wants. */
  String lock(int node, int thread) {
    return switch (sharing) {
      case NONE -> node + "-" + thread;
      case NODES -> "all-" + thread;
      case ALL -> "all";
    };
  }
}
