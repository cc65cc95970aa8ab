package io.dmcl.bench.measure;

/**
 * Who uses which locks.
 *
 * @param nodes clients, each with a session of its own
 * @param threadsPerNode threads of each
 * @param isShared whether all want one lock; otherwise each thread has its own
 */
public record Load(int nodes, int threadsPerNode, boolean isShared) {
  /** One node with so many threads, each with a lock of its own. */
  public static Load own(int threads) {
    return new Load(1, threads, false);
  }

  /** So many nodes and threads that all want one lock. */
  public static Load fight(int nodes, int threadsPerNode) {
    return new Load(nodes, threadsPerNode, true);
  }
}
