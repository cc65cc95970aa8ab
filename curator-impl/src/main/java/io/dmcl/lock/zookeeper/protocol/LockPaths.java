package io.dmcl.lock.zookeeper.protocol;

import io.dmcl.lock.LockMode;
import java.util.List;

/**
 * The znodes of one lock.
 *
 * @param lock the queue
 * @param data what the lock's znode is made with: the name, if the path does not tell it
 */
public record LockPaths(String lock, byte[] data) {
  /** The entry and the intent. */
  public static final int REQUEST_WRITES = 2;

  /** What their names add to the lock's path. */
  private static final int REQUEST_NAMES_BYTES = 80;

  /** The lock's version, whose children are the intents. */
  public String version() {
    return lock + "/version";
  }

  /** Where an entry is. */
  public String entry(Entry entry) {
    return lock + '/' + entry.name();
  }

  /** What a sequential create is asked for. */
  public String entryPrefix(LockMode mode, RequestId id) {
    return lock + '/' + Entry.prefix(mode, id);
  }

  /** Where a request's intent is. */
  public String intent(RequestId id) {
    return version() + '/' + id;
  }

  /** The writes that make the lock. */
  public List<WriteOp> creates() {
    return List.of(new WriteOp.Create(lock, data, WriteOp.Kind.PERSISTENT), createsVersion());
  }

  /** The write that makes the version of a lock that has none. */
  public WriteOp createsVersion() {
    return new WriteOp.Create(version(), new byte[0], WriteOp.Kind.PERSISTENT);
  }

  /** How long the paths of a request's writes are together, at the longest. */
  public int requestBytes() {
    return REQUEST_WRITES * lock.length() + REQUEST_NAMES_BYTES;
  }

  @Override
  public String toString() {
    return lock;
  }
}
