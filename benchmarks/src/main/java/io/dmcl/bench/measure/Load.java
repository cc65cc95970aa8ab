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
    /** Four nodes. */
    FOURS,
    /** Everybody. */
    ALL
  }

  /** One node with so many threads, each with a lock of its own. */
  public static Load own(int threads) {
    return new Load(1, threads, Sharing.NONE);
  }

  /** So many nodes with one thread each, and a lock of its own. */
  public static Load alone(int nodes) {
    return new Load(nodes, 1, Sharing.NONE);
  }

  /** So many nodes and threads that all want one lock. */
  public static Load fight(int nodes, int threadsPerNode) {
    return new Load(nodes, threadsPerNode, Sharing.ALL);
  }

  /** So many nodes with one thread each; four of them fight over a lock, and four over another. */
  public static Load fightByFours(int nodes) {
    return new Load(nodes, 1, Sharing.FOURS);
  }

  boolean isShared() {
    return sharing != Sharing.NONE;
  }

  /** Which lock this thread wants. */
  String lock(int node, int thread) {
    return switch (sharing) {
      case NONE -> node + "-" + thread;
      case FOURS -> node / 4 + "-" + thread;
      case ALL -> "all";
    };
  }
}
