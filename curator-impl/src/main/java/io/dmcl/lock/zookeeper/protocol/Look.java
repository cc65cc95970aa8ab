package io.dmcl.lock.zookeeper.protocol;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A lock as one atomic multi-read showed it: its queue, its version, and the intents where they
 * mattered. Because the read is atomic, an intent without an entry is an owner (or a waiter) that
 * died, exactly; and if there are as many intents as exclusive entries, there is none.
 *
 * @param queue the queue; empty if the lock is not there
 * @param version null if the lock, or its version, is not there
 * @param intents the intents, if they were read
 */
public record Look(Queue queue, @Nullable Version version, @Nullable List<RequestId> intents) {

  /** The reads. */
  public static List<ReadOp> reads(LockPaths paths, boolean withIntents) {
    ReadOp queue = new ReadOp.Children(paths.lock());
    ReadOp version = new ReadOp.Data(paths.version());
    return withIntents
        ? List.of(queue, version, new ReadOp.Children(paths.version()))
        : List.of(queue, version);
  }

  /** What the reads of {@link #reads} showed. */
  public static Look of(List<Reply.Read> replies) {
    Reply.Read queue = replies.get(0);
    Reply.Read version = replies.get(1);
    ZnodeStat stat = version.stat();
    List<RequestId> intents = null;
    if (replies.size() > 2 && replies.get(2).code() == Code.OK) {
      intents = new ArrayList<>();
      for (String child : replies.get(2).children()) {
        RequestId id = RequestId.parse(child);
        if (id != null) {
          intents.add(id);
        }
      }
    }
    return new Look(
        queue.code() == Code.OK ? Queue.of(queue.children()) : Queue.EMPTY,
        version.code() == Code.OK && stat != null ? Version.of(version.data(), stat) : null,
        intents);
  }

  /** Whether somebody may have died, and the intents have to be read to know. */
  boolean isSuspect() {
    return intents == null && version != null && version.intents() != queue.exclusiveCount();
  }

  /**
   * The exclusive requests that vanished without a clean release; or, where such were found by one
   * that was released or downgraded cleanly, that one, in place of them.
   */
  public List<RequestId> deadIntents() {
    return intents == null
        ? List.of()
        : intents.stream().filter(id -> !queue.hasExclusive(id)).toList();
  }
}
