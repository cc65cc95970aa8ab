package io.dmcl.lock.zookeeper.sim;

/** A rule of the simulated ensemble that can be switched to a wrong one. */
public enum Mutation {
  // Writes.
  /** A create makes its parent unnecessary. */
  CREATE_WITHOUT_PARENT,
  /** A create replaces what is there. */
  CREATE_REPLACES,
  /** An ephemeral znode may have children. */
  EPHEMERAL_PARENTS,
  /** Deleting what is not there is no error. */
  DELETE_OF_NOTHING,
  /** A znode with children can be deleted. */
  DELETE_WITH_CHILDREN,
  /** Setting the data of what is not there is no error. */
  SET_OF_NOTHING,
  /** A transaction that fails keeps the members before the one that failed. */
  MULTI_IN_PART,
  /**
   * A transaction that fails says of the members before the one that failed that they were done.
   */
  MULTI_CLAIMS_PART,
  /** Every member of a transaction has a transaction id of its own. */
  MULTI_ZXID_PER_MEMBER,
  /** The number of a sequential znode is the number of its siblings. */
  SEQUENCE_COUNTS_CHILDREN,
  /** Only sequential creates advance the counter. */
  SEQUENCE_IGNORES_PLAIN_CREATES,
  /** The counter goes on below zero. */
  SEQUENCE_WRAPS,
  /** The number of a sequential znode is not padded. */
  SEQUENCE_UNPADDED,

  // Stats.
  /** The child version does not count deletions. */
  CVERSION_COUNTS_CREATES_ONLY,
  /** The number of children never goes down. */
  NUM_CHILDREN_COUNTS_CREATES,
  /** A new child does not change pzxid. */
  PZXID_IGNORES_CREATES,
  /** A deleted child does not change pzxid. */
  PZXID_IGNORES_DELETES,
  /** New data change pzxid. */
  PZXID_FOLLOWS_SETS,
  /** New data do not change mzxid. */
  MZXID_IGNORES_SETS,
  /** A new child changes mzxid. */
  MZXID_FOLLOWS_CHILDREN,
  /** New data do not change the version. */
  VERSION_IGNORES_SETS,

  // Reads.
  /** One failed read makes the whole multi-read fail. */
  MULTI_READ_FAILS_AS_ONE,
  /** A children read in a multi-read carries a stat. */
  MULTI_READ_CHILDREN_STAT,
  /** A read does not wait for the writes of its session that were sent before it. */
  READ_OVERTAKES_WRITE,

  // Watches.
  /** A watch stays after it has fired. */
  WATCH_STAYS,
  /** A read that failed sets a watch, too. */
  WATCH_ON_FAILURE,
  /** A child watch misses new children. */
  CHILD_WATCH_MISSES_CREATES,
  /** A child watch misses deleted children. */
  CHILD_WATCH_MISSES_DELETES,
  /** A child watch fires when the data are set. */
  CHILD_WATCH_FIRES_ON_DATA,
  /** A child watch misses the deletion of its own znode. */
  CHILD_WATCH_MISSES_OWN_END,
  /** A data watch misses new data. */
  DATA_WATCH_MISSES_SETS,
  /** A data watch misses the deletion. */
  DATA_WATCH_MISSES_DELETES,
  /** A data watch fires when a child comes. */
  DATA_WATCH_FIRES_ON_CHILDREN,
  /** What a session changes itself does not fire its watches. */
  OWN_CHANGES_DO_NOT_FIRE,
  /** An event comes after the answer to the write that caused it, and after data that are newer. */
  EVENT_AFTER_ANSWER,
  /** Removing a watch leaves it. */
  UNWATCH_DOES_NOTHING,
  /** Removing one watch removes the other kind on the same znode, too. */
  UNWATCH_TAKES_BOTH,
  /** After a reconnect the watches are gone. */
  RECONNECT_FORGETS_WATCHES,
  /** After a reconnect the watches are set again, but what happened in between is not said. */
  RECONNECT_HIDES_MISSED_EVENTS,
  /** After a reconnect every watch fires. */
  RECONNECT_FIRES_ALL,

  // Servers that lag.
  /** A server that is behind what the client has seen takes it. */
  BACK_IN_TIME,
  /** Reads see what the leader has committed, at every server. */
  READS_DO_NOT_LAG,
  /** A write is answered before the client's server has applied it. */
  ANSWERED_BEFORE_APPLIED,
  /** The leader takes writes of a session by the server that it has left. */
  MOVED_SESSION_WRITES,
  /** A write whose connection has broken is not done. */
  BROKEN_CONNECTION_UNDOES,
  /** A server that is cut off does not answer reads. */
  CUT_SERVER_IS_SILENT,

  // Sessions.
  /** The ephemeral znodes stay when their session ends. */
  EPHEMERALS_STAY,
  /** The ephemeral znodes of all sessions go when one ends. */
  EPHEMERALS_GO_WITH_ANY,
  /** The end of a session fires no watches. */
  SESSION_END_IS_SILENT,
  /** A forwarded write touches its session at the leader. */
  FORWARDED_WRITE_TOUCHES,
  /** A server reports what it has heard at once. */
  TOUCHES_REPORTED_AT_ONCE,
  /** What a server has heard survives its restart. */
  TOUCHES_SURVIVE_RESTART,
  /** A reconnect does not touch the session at the leader. */
  RECONNECT_DOES_NOT_TOUCH,
  /** The leader ends a session before its timeout. */
  EXPIRES_EARLY,
  /** A session that has ended still writes. */
  ENDED_SESSION_WRITES,
  /** A session that has ended can be taken up again. */
  ENDED_SESSION_RETURNS,

  // Limits and the handle.
  /** Replies have no limit. */
  REPLY_UNLIMITED,
  /** Requests have no limit. */
  REQUEST_UNLIMITED,
  /** The closing of a handle is not said in time. */
  CLOSING_IS_SILENT
}
