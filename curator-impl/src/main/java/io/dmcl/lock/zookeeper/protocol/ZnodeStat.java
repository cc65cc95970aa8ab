package io.dmcl.lock.zookeeper.protocol;

/**
 * The part of a znode's stat that is used.
 *
 * @param czxid the transaction that created it
 * @param mzxid the transaction that created it or set its data last
 * @param pzxid the transaction that last created or deleted a child, or created it
 * @param cversion how often a child was created or deleted
 * @param version how often the data was set
 * @param numChildren the number of its children
 */
public record ZnodeStat(
    long czxid, long mzxid, long pzxid, int cversion, int version, int numChildren) {}
