package io.dmcl.lock.zookeeper.protocol;

/** Who set a watch. */
public interface WatchOwner {
  /** The answer to the read that sets the watch; never of unknown outcome. */
  void watchSet(ReadOp read, Reply.Read reply);

  /** The watch fired, and is used up. */
  void watchFired(ReadOp read);
}
