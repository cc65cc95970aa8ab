package io.dmcl.lock;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A lockspace as data: for a person at three in the morning, and for tools.
 *
 * @param lockspace its name
 * @param nodeId the node that made the dump
 * @param at when
 * @param nodes every session of every node that has the lockspace open
 * @param locks every lock that there is
 */
public record LockspaceDump(
    String lockspace, String nodeId, Instant at, List<NodeEntry> nodes, List<LockEntry> locks) {

  /** Copies the lists. */
  public LockspaceDump {
    nodes = List.copyOf(nodes);
    locks = List.copyOf(locks);
  }

  /**
   * A session of a node.
   *
   * @param sessionId what its requests begin with
   * @param nodeId the node; several sessions of one node have the same
   * @param host the host's name
   * @param pid the process
   * @param since when the session was opened
   */
  public record NodeEntry(String sessionId, String nodeId, String host, long pid, Instant since) {}

  /**
   * A lock.
   *
   * @param name its name
   * @param queue all requests, in order; those that own the lock come first
   * @param version its version
   * @param value its value as published last
   * @param deadIntents the exclusive requests that vanished without a clean release
   * @param local what this node knows, if it has a handle
   */
  public record LockEntry(
      LockName name,
      List<QueueEntry> queue,
      long version,
      byte[] value,
      List<String> deadIntents,
      @Nullable LocalEntry local) {

    /** Copies the lists. */
    public LockEntry {
      queue = List.copyOf(queue);
      deadIntents = List.copyOf(deadIntents);
    }
  }

  /**
   * A request.
   *
   * @param requestId its id
   * @param mode the mode it asks for
   * @param sequence its place
   * @param granted whether it owns the lock
   * @param use whether the grant is used, as far as the node that made the dump can know
   * @param node the node's session, if it is known
   */
  public record QueueEntry(
      String requestId,
      LockMode mode,
      long sequence,
      boolean granted,
      Use use,
      @Nullable NodeEntry node) {}

  /**
   * What a node does with a request. A cached grant is taken and left again without a word to the
   * coordinator, so whether another node's grant is held or cached is known to that node alone: its
   * own dump says it.
   */
  public enum Use {
    /** It waits. */
    WAITS,
    /** Granted, and there are holds. */
    HELD,
    /** Granted, and kept without being used. */
    CACHED,
    /** Granted to another node, which alone knows. */
    UNKNOWN
  }

  /**
   * What this node knows of a lock.
   *
   * @param state a word for the state of the handle, for people
   * @param granted the mode this node owns, or null
   * @param sharedHolds how many shared holds are out
   * @param exclusiveHolds how many exclusive holds are out
   * @param localWaiters how many callers wait, those of {@code acquireAll} included
   * @param demotingNanos for how long a demote hook has been running; 0 if none
   * @param stats the counters
   */
  public record LocalEntry(
      String state,
      @Nullable LockMode granted,
      int sharedHolds,
      int exclusiveHolds,
      int localWaiters,
      long demotingNanos,
      LockStats stats) {
    /** Whether the grant is kept without being used. */
    public boolean cached() {
      return granted != null && sharedHolds == 0 && exclusiveHolds == 0;
    }
  }
}
