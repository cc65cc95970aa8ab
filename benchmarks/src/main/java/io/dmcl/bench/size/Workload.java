package io.dmcl.bench.size;

/**
 * Who wants what.
 *
 * @param nodes that have a lockspace open
 * @param locks that exist
 * @param acquiresPerSecond of all nodes
 * @param exclusiveShare of the acquires
 * @param parallel acquires that a node has under way at a time; they share transactions
 * @param cached whether grants are kept
 * @param remoteShare of the acquires, those for which another node has or had the lock; cached only
 * @param readers nodes that have a lock cached for reading when it is acquired exclusively
 * @param tickSeconds between two renewals of an idle node's lease
 */
record Workload(
    long nodes,
    long locks,
    double acquiresPerSecond,
    double exclusiveShare,
    int parallel,
    boolean cached,
    double remoteShare,
    int readers,
    double tickSeconds) {}
