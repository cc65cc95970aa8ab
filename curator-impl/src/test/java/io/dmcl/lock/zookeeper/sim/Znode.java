package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import java.util.LinkedHashSet;
import java.util.Set;

/** A znode, as one server has it. */
final class Znode {
  final long czxid;

  /** The session that it goes with; 0 if it is persistent. */
  final long owner;

  byte[] data;
  long mzxid;
  long pzxid;
  int version;

  /** How many children were created: the counter that names sequential ones. */
  int creates;

  /** The next number: as {@link #creates}, but within a transaction it goes on below zero. */
  int sequence;

  final Set<String> children = new LinkedHashSet<>(4);

  Znode(byte[] data, long owner, long zxid) {
    this.data = data;
    this.owner = owner;
    czxid = zxid;
    mzxid = zxid;
    pzxid = zxid;
  }

  /** The stat as clients see it: the child version counts deletions, too. */
  ZnodeStat stat(Set<Mutation> mutations) {
    int cversion =
        mutations.contains(Mutation.CVERSION_COUNTS_CREATES_ONLY)
            ? creates
            : creates * 2 - children.size();
    int numChildren =
        mutations.contains(Mutation.NUM_CHILDREN_COUNTS_CREATES) ? creates : children.size();
    return new ZnodeStat(czxid, mzxid, pzxid, cversion, version, numChildren);
  }
}
