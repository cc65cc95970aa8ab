package io.dmcl.lock.zookeeper.protocol;

/** How an operation ended. */
public enum Code {
  /** Done. */
  OK,
  /** Not done: the znode, or a create's parent, is not there. */
  NO_NODE,
  /** Not done: the znode is there already. */
  NODE_EXISTS,
  /** Not done: the znode has children. */
  NOT_EMPTY,
  /** Not done: another member of the transaction failed. */
  ROLLED_BACK,
  /** Not done: the access control list does not allow it. */
  NO_AUTH,
  /** Not known whether it was done: the connection broke. */
  CONNECTION_LOSS,
  /** The session is over: what was not answered before may have been done or not. */
  SESSION_ENDED,
  /** Not done: whenever it is asked for the connection breaks, as by a reply that is too long. */
  UNREADABLE,
  /** Not done, for another reason (a quota, a server that refuses); see the log. */
  REFUSED;

  /** Whether the operation may have been done although the answer is not OK. */
  public boolean outcomeUnknown() {
    return this == CONNECTION_LOSS || this == SESSION_ENDED;
  }
}
