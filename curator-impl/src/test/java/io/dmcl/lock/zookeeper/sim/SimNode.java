package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.LockException;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.zookeeper.runtime.Callbacks;
import io.dmcl.lock.zookeeper.runtime.NodeAccess;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One opened lockspace on a simulated machine: the real node, its client, loop and threads. */
final class SimNode {
  final int number;
  final String name;
  final NodeClock clock;
  final SimClient client;
  final SimTasks hooks = new SimTasks();
  final SimTasks listeners = new SimTasks();
  final NodeAccess access;

  private final Ensemble ensemble;
  private final boolean owned;
  private final long closeTimeoutNanos;
  private @Nullable SimLoop loop;
  private @Nullable Throwable failure;
  private final long tickNanos;
  private boolean paused;
  private int dazed;
  private boolean crashed;
  private boolean gone;
  private @Nullable CompletableFuture<Void> closing;
  private boolean deleting;
  private boolean hadLease;
  private long closeDeadlineNanos;

  /**
   * Opens a node.
   *
   * @param number the machine's
   * @param owned whether the client is made for the node, or is the user's
   */
  SimNode(
      Ensemble ensemble,
      int number,
      String name,
      NodeConfig config,
      NodeClock clock,
      long sessionTimeoutNanos,
      boolean owned,
      LongSupplier random) {
    this.ensemble = ensemble;
    this.number = number;
    this.name = name;
    this.clock = clock;
    this.owned = owned;
    closeTimeoutNanos = sessionTimeoutNanos;
    tickNanos = config.tickNanos();
    client = ensemble.client(sessionTimeoutNanos, clock::nanoTime, owned);
    access =
        new NodeAccess(
            config,
            new Callbacks(hooks, listeners),
            random,
            name,
            (afterTasks, onFailure) -> {
              loop =
                  new SimLoop(
                      clock,
                      afterTasks,
                      error -> {
                        failure = error;
                        onFailure.accept(error);
                      });
              return loop;
            });
    access
        .lockspace()
        .addListener(
            new LockspaceListener() {
              @Override
              public void failed(Lockspace lockspace, LockException cause) {
                if (failure == null) {
                  failure = cause;
                }
              }
            });
    access.start(List.of(client));
  }

  SimLoop loop() {
    if (loop == null) {
      throw new IllegalStateException("no loop");
    }
    return loop;
  }

  /** What the node has thrown where it must not. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** Whether its process runs. */
  boolean isRunning() {
    return !paused && !crashed && !gone;
  }

  /** Whether there is a process. */
  boolean isThere() {
    return !crashed && !gone;
  }

  /** Whether it once had a lease that it has not now. */
  boolean lostItsLease() {
    boolean has = access.hasLease();
    hadLease |= has;
    return hadLease && !has;
  }

  /** When its lease ends, in true time; now if it has none. */
  long leaseEndNanos() {
    return clock.trueNanosOf(access.leaseEndNanos());
  }

  boolean isPaused() {
    return paused;
  }

  boolean isCrashed() {
    return crashed;
  }

  boolean isClosing() {
    return closing != null;
  }

  void pause() {
    paused = true;
    ensemble.pause(client);
  }

  void resume() {
    paused = false;
    ensemble.resume(client);
  }

  /** The machine was suspended while it was paused. */
  void suspended(long nanos) {
    clock.suspended(nanos);
    dazed++;
    loop().schedule(clock.nanoTime() + tickNanos + 1, () -> dazed--);
  }

  /** Whether the machine was suspended and the node has not had the time to find out. */
  boolean isDazed() {
    return dazed > 0;
  }

  void crash(int delivered) {
    if (paused) {
      resume();
    }
    crashed = true;
    ensemble.crash(client, delivered);
    hooks.clear();
    listeners.clear();
  }

  /** When one of its timers is due, in true time; {@link Long#MAX_VALUE} for never. */
  long nextDueNanos() {
    if (!isRunning()) {
      return Long.MAX_VALUE;
    }
    long timer = loop().nextTimerNanos();
    return timer == Long.MAX_VALUE ? timer : clock.trueNanosOf(timer);
  }

  // Closing, in the steps of the lockspace.

  void close() {
    closing = access.close();
    closeDeadlineNanos = ensemble.nowNanos() + closeTimeoutNanos;
  }

  /** Goes on with closing, if it can. */
  void continueClosing() {
    if (closing == null || gone) {
      return;
    }
    if (closing.isDone() || ensemble.nowNanos() >= closeDeadlineNanos || access.hasFailed()) {
      if (!deleting && !access.hasFailed()) {
        deleting = true;
        closing = access.deleteNodes();
        closeDeadlineNanos = ensemble.nowNanos() + closeTimeoutNanos;
      } else {
        access.closeClients();
        gone = true;
        if (!owned) {
          ensemble.closeHandle(client, false, client.connected());
        }
      }
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
