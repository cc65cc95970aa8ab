package io.dmcl.lock.zookeeper.runtime;

/**
 * How a node behaves.
 *
 * @param root the path under which lockspaces are, such as {@code /dmcl}
 * @param lockspace the lockspace's name
 * @param spread of a lockspace over several ensembles, which they are and which this one is;
 *     otherwise empty
 * @param tickNanos at least the {@code tickTime} of any server that may lead
 * @param idleNanos a cached grant that was not used for so long is given back; 0 for never
 * @param maxCachedGrants beyond so many grants the least recently used idle ones are given back
 * @param maxSessionBytes what the paths of one session's entries may come to, at most {@link
 *     #MAX_SESSION_BYTES}
 */
public record NodeConfig(
    String root,
    String lockspace,
    String spread,
    long tickNanos,
    long idleNanos,
    int maxCachedGrants,
    int maxSessionBytes) {
  /**
   * When a session ends, ZooKeeper logs all its paths as one record, and a server does not start
   * again if that is over its limit of 1 MiB (ZOOKEEPER-4306). Half of it is left to what a record
   * has besides, and to servers that are configured for less.
   */
  public static final int MAX_SESSION_BYTES = 512 * 1024;

  /** Checks the bound that an ensemble's life depends on. */
  public NodeConfig {
    if (maxSessionBytes > MAX_SESSION_BYTES) {
      throw new IllegalArgumentException(
          "a session's entries must not come to more than "
              + MAX_SESSION_BYTES
              + " bytes, not to "
              + maxSessionBytes);
    }
  }

  /** Of a lockspace on one ensemble. */
  public NodeConfig(
      String root,
      String lockspace,
      long tickNanos,
      long idleNanos,
      int maxCachedGrants,
      int maxSessionBytes) {
    this(root, lockspace, "", tickNanos, idleNanos, maxCachedGrants, maxSessionBytes);
  }

  /** The same for the lockspace's part on one of several ensembles. */
  NodeConfig spread(String description) {
    return new NodeConfig(
        root, lockspace, description, tickNanos, idleNanos, maxCachedGrants, maxSessionBytes);
  }
}
