package io.dmcl.lock;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A lock handle, allocated with the structure that it protects and kept as long: acquiring through
 * it looks nothing up and, when the grant is cached, allocates nothing.
 *
 * <p>Two ways to use it, over one implementation. {@link #readLock()}, {@link #writeLock()} and
 * {@link #unlock()} are the bare calls. {@link #acquire} and its relatives give a {@link Hold},
 * which knows more. Both may be mixed.
 *
 * <p><b>Threads.</b> Holds belong to the node. Without {@link LockProperty#USE_SEMAPHORE} the
 * threads of a node share its grant, in either mode; with it they exclude each other as readers and
 * writers. Holds do not nest: a thread that holds a lock and acquires it again may wait for itself
 * once another node, or a local writer, waits.
 *
 * <p><b>Order.</b> First come, first served between nodes. Within a grant, holds of the same node
 * may overtake for a bounded time only (the minimum hold time).
 *
 * <p><b>Loss.</b> See {@link Hold}. After a loss, new acquires of this handle wait until every hold
 * that was lost has been unlocked (which throws {@link LockLostException}).
 *
 * <p>Every blocking method keeps to {@link InterruptedException}: an interrupt withdraws the
 * request and leaves nothing in the queue.
 */
public interface ClusterLock extends AutoCloseable {
  /** What the lock is called. */
  LockName name();

  /** The lockspace it was allocated in. */
  Lockspace lockspace();

  /** What it was allocated with. */
  LockOptions options();

  /**
   * Acquires SHARED, waiting as long as it takes. To be ended by {@link #unlock()}.
   *
   * @throws LockspaceClosedException if the handle was freed or the lockspace closed, also while
   *     waiting
   * @throws LimitExceededException if this node has as many grants as its sessions may carry
   */
  Freshness readLock() throws InterruptedException;

  /** Acquires EXCLUSIVE; otherwise as {@link #readLock()}. */
  Freshness writeLock() throws InterruptedException;

  /**
   * Ends a hold that {@link #readLock()} or {@link #writeLock()} began. Whether it was one of
   * those, or one that a {@link Hold} stands for, is not checked: do not mix them up.
   *
   * @throws IllegalMonitorStateException if there is none
   * @throws IllegalStateException if holds of both modes are out (possible only without {@link
   *     LockProperty#USE_SEMAPHORE}): say which with {@link #unlock(LockMode)}
   * @throws LockLostException if the lock was lost meanwhile
   */
  void unlock();

  /** As {@link #unlock()}, for a hold of this mode. */
  void unlock(LockMode mode);

  /** Acquires, waiting as long as it takes; throws as {@link #readLock()} does. */
  Hold acquire(LockMode mode) throws InterruptedException;

  /**
   * Acquires if that is possible without waiting for anybody: a round trip or two to the
   * coordinator.
   *
   * @return null if somebody else has the lock
   */
  @Nullable Hold tryAcquire(LockMode mode) throws InterruptedException;

  /**
   * Acquires if that is possible within {@code timeout}.
   *
   * @return null if it was not; the request was then withdrawn
   * @throws CoordinatorUnavailableException if there was nobody to ask when the time was over
   */
  @Nullable Hold tryAcquire(LockMode mode, Duration timeout) throws InterruptedException;

  /**
   * Acquires without blocking. What goes wrong, use after {@link #free()} included, is told by the
   * future. Cancelling the future withdraws the request; if the grant comes just then, it is given
   * back, and no news is lost. Dependents run on a thread of the lockspace that may block.
   */
  CompletableFuture<Hold> acquireAsync(LockMode mode);

  /**
   * Remembers the lock's version as it is now, so that the next acquire tells whether another node
   * modified the resource since (the mode {@code MONITOR}). Holding the lock does the same; this is
   * for a start without having held. What was durable before the call is seen. No effect while the
   * lock is granted to this node.
   *
   * @return whether the resource was modified since this node last held or monitored it
   */
  Freshness monitor() throws InterruptedException;

  /** As {@link #monitor()}, without blocking. */
  CompletableFuture<Freshness> monitorAsync();

  /** Forgets what is remembered: the next acquire tells {@link Freshness#UNKNOWN}. */
  void forget();

  /**
   * Gives up the grant if it is cached and nobody holds it, as if another node needed it; does
   * nothing otherwise. Completes when this release, or one that is under way already, is durable.
   */
  CompletableFuture<Void> drop();

  /** What this node has seen of this lock. */
  LockStats stats();

  /**
   * Frees the handle. A cached grant is released (demote hook first). Returns when the release is
   * durable or its session has ended. Idempotent.
   *
   * @throws IllegalStateException if the lock is held or waited for; nothing is changed then
   */
  void free();

  /**
   * As {@link #free()}, without blocking: completes when the release is durable or its session has
   * ended. The name is free again then.
   */
  CompletableFuture<Void> freeAsync();

  /** {@link #free()}. */
  @Override
  default void close() {
    free();
  }
}
