package io.dmcl.lock;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A set of locks that nodes of a cluster share, opened by this node. Locks of different lockspaces
 * have nothing to do with each other. Thread-safe. How it is opened is the implementation's.
 */
public interface Lockspace extends AutoCloseable {
  /** The name of the lockspace that is meant when none is given. */
  String DEFAULT_NAME = "default";

  /** The name. */
  String name();

  /** What this node is called in the dump: unique among all nodes there ever were. */
  String nodeId();

  /**
   * Allocates a handle. With {@link LockProperty#PREALLOC_DLM} it waits until the coordinator has
   * made the lock; otherwise it does not talk to the coordinator.
   *
   * @throws IllegalStateException if this lockspace has a handle of that name already: share that
   *     one, or free it first
   * @throws LockspaceClosedException if the lockspace is closed
   */
  ClusterLock allocate(LockName name, LockOptions options);

  /** A handle by name. */
  default ClusterLock allocate(String name, LockProperty... properties) {
    return allocate(LockName.of(name), LockOptions.of(properties));
  }

  /** A handle by unsigned 64-bit number. */
  default ClusterLock allocate(long number, LockProperty... properties) {
    return allocate(LockName.of(number), LockOptions.of(properties));
  }

  /**
   * Acquires several locks at once. All requests enter their queues in one step, so that callers of
   * {@code acquireAll} never deadlock among themselves, whatever the order of their arguments.
   *
   * @param locks the handles, of this lockspace, with their modes; the set's holds have the map's
   *     iteration order
   * @throws LimitExceededException if the set is too large for one transaction
   * @throws IllegalArgumentException if the set is empty or has a handle of another lockspace
   */
  HoldSet acquireAll(Map<ClusterLock, LockMode> locks) throws InterruptedException;

  /** The same, or null if it was not possible within {@code timeout}. */
  @Nullable HoldSet tryAcquireAll(Map<ClusterLock, LockMode> locks, Duration timeout)
      throws InterruptedException;

  /** The same without blocking; cancelling the future withdraws all requests. */
  CompletableFuture<HoldSet> acquireAllAsync(Map<ClusterLock, LockMode> locks);

  /** The older interface: locks by number or name and mode. One per lockspace. */
  LockModes modes();

  /**
   * Removes a lock's state from the coordinator, its value included, if nobody holds it, waits for
   * it, or died with it. Never done unasked. A node with a {@link MonitorListener} for the lock
   * makes it again, without its value, so as to be told of what others do with it later.
   *
   * @return whether nothing is left; false if it is in use, or has a dead owner to be reported
   */
  boolean purge(LockName name) throws InterruptedException;

  /**
   * Purges every lock of the lockspace that is not used.
   *
   * @return how many were removed
   */
  int purgeUnused() throws InterruptedException;

  /**
   * What there is: nodes, locks, holders, waiters. It shows all that any node was told of before.
   * Each lock is read consistently, the whole is not. Costs a write, and a read per lock.
   */
  LockspaceDump dump() throws InterruptedException;

  /** Adds a listener. */
  void addListener(LockspaceListener listener);

  /** The sum of the handles' counters, freed ones included. */
  LockStats stats();

  /**
   * Releases every grant (demote hooks first), withdraws every request, and ends the node's
   * sessions. Waiting callers get {@link LockspaceClosedException}; holds that are out are lost,
   * and released as if their owner had died if they are exclusive, for nobody knows how far the
   * work had come. Idempotent.
   */
  @Override
  void close();
}
