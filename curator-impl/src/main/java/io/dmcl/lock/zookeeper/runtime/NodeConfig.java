package io.dmcl.lock.zookeeper.runtime;

/**
 * How a node behaves.
 *
 * @param root the path under which lockspaces are, such as {@code /dmcl}
 * @param lockspace the lockspace's name
 * @param tickNanos at least the {@code tickTime} of any server that may lead
 * @param idleNanos a cached grant that was not used for so long is given back; 0 for never
 * @param maxCachedGrants beyond so many grants the least recently used idle ones are given back
 * @param maxSessionBytes what the paths of one session's entries may come to
 */
public record NodeConfig(
    String root,
    String lockspace,
    long tickNanos,
    long idleNanos,
    int maxCachedGrants,
    int maxSessionBytes) {}
