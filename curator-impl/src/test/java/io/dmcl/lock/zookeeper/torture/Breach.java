package io.dmcl.lock.zookeeper.torture;

/**
 * A promise that was broken.
 *
 * @param nanos when it showed
 * @param rule which promise
 * @param lock of which lock
 * @param text what is wrong
 */
record Breach(long nanos, Rule rule, String lock, String text) {
  /** The promises. */
  enum Rule {
    /** No two nodes have valid holds that conflict. */
    EXCLUSION,
    /** The gate admits nobody older than whom it has admitted, and refuses no valid hold. */
    GATE,
    /** UNCHANGED is only said of what has not changed. */
    FRESHNESS,
    /** Whoever comes after an owner that died is told, until it is repaired. */
    DEAD_OWNER,
    /** A grant is not given up before what is dirty was written back. */
    FLUSH,
    /** The value is what the last clean exclusive holder published. */
    VALUE,
    /** A valid hold has its place in the queue, and no earlier conflicting request is before it. */
    ORDER,
    /** Every waiter is served when nothing goes wrong any more. */
    SERVED,
    /** Nothing is left behind. */
    LEFT_BEHIND,
    /** A node goes on, and throws nothing that its contract does not name. */
    ALIVE
  }

  @Override
  public String toString() {
    return rule + " of " + lock + ": " + text;
  }
}
