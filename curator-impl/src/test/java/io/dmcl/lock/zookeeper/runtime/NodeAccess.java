package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.cache.SessionLease;
import io.dmcl.lock.zookeeper.cache.Upgrade;
import io.dmcl.lock.zookeeper.cache.Waiter;
import io.dmcl.lock.zookeeper.protocol.Look;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A node without threads of its own: what a lockspace does by blocking its caller is done here
 * through futures, which complete on the hooks' executor as a caller's thread would go on.
 */
public final class NodeAccess {
  private final Node node;
  private final NodeLockspace lockspace;

  /**
   * A node that has not started.
   *
   * @param loops makes the loop from what is to be run after each batch of tasks, and from who is
   *     told what a task threw
   */
  public NodeAccess(
      NodeConfig config,
      Callbacks callbacks,
      LongSupplier random,
      String nodeId,
      BiFunction<Runnable, Consumer<Throwable>, Loop> loops) {
    node =
        new Node(
            config,
            callbacks,
            random,
            nodeId,
            nodeId.getBytes(StandardCharsets.UTF_8),
            loops::apply);
    lockspace = new NodeLockspace(config.lockspace(), node, 0, () -> {});
  }

  /** Starts it. */
  public void start(List<Coordinator> coordinators) {
    node.start(lockspace, coordinators);
  }

  /** The lockspace; its blocking methods are not to be called. */
  public NodeLockspace lockspace() {
    return lockspace;
  }

  /** As the lockspace's, but never blocks. */
  public ClusterLock allocate(LockName name, LockOptions options) {
    return Futures.join(node.call(() -> node.allocate(name, options)));
  }

  /** Makes the lock's znodes. */
  public CompletableFuture<Void> make(ClusterLock lock) {
    return node.outside(
        node.call(() -> node.side().makeLock(((LockHandle) lock).local()))
            .thenCompose(made -> made));
  }

  /** The lock behind a handle. */
  public static LocalLock local(ClusterLock lock) {
    return ((LockHandle) lock).local();
  }

  /** Returns when the event loop has done, and sent, all that it was told before. */
  public static void flush(ClusterLock lock) {
    Node node = ((LockHandle) lock).node();
    Futures.join(
        node.ask(
            () -> {
              node.flush();
              return true;
            }));
  }

  /** Purges a lock. */
  public CompletableFuture<Boolean> purge(LockName name) {
    return node.outside(node.call(() -> Purge.one(node, name)).thenCompose(done -> done));
  }

  /** Reads the lock's znodes, as a dump does. */
  public CompletableFuture<?> look(ClusterLock lock) {
    return node.call(() -> node.side().read(Look.reads(local(lock).paths(), true)));
  }

  /** As the handle's, but never blocks. */
  public CompletableFuture<Void> forget(ClusterLock lock) {
    return node.call(
        () -> {
          local(lock).forget();
          return null;
        });
  }

  /** Acquires if that is possible without waiting for anybody; completes with null if not. */
  public CompletableFuture<@Nullable Hold> tryAcquire(ClusterLock lock, LockMode mode) {
    LockHandle handle = (LockHandle) lock;
    CompletableFuture<@Nullable Hold> result = new CompletableFuture<>();
    if (node.isClosed()) {
      result.completeExceptionally(node.closedException());
      return result;
    }
    Waiter waiter =
        new Waiter(mode, false, null) {
          @Override
          protected void granted(Grant grant, Freshness told) {
            outside(
                () -> {
                  if (!result.complete(new GrantHold(handle, grant, mode, told))) {
                    handle.giveBack(grant, mode);
                  }
                });
          }

          @Override
          protected void busy() {
            outside(() -> result.complete(null));
          }

          @Override
          protected void failed(RuntimeException cause) {
            outside(() -> result.completeExceptionally(cause));
          }
        };
    node.loop().run(() -> handle.local().acquire(waiter));
    return result;
  }

  /** An upgrade that is under way. */
  public final class Upgrading extends Upgrade {
    private final GrantHold hold;
    private final CompletableFuture<Boolean> done = new CompletableFuture<>();

    private Upgrading(GrantHold hold) {
      this.hold = hold;
    }

    /** Whether the hold is exclusive now. */
    public CompletableFuture<Boolean> done() {
      return done;
    }

    /** As when the time is over. */
    public void withdraw() {
      node.loop()
          .run(
              () -> {
                if (NodeAccess.local(hold.lock()).withdrawUpgrade(this)) {
                  refused();
                }
              });
    }

    @Override
    protected void upgraded(Grant grant, Freshness told) {
      outside(
          () -> {
            hold.upgradedTo(grant, told);
            done.complete(true);
          });
    }

    @Override
    protected void refused() {
      outside(() -> done.complete(false));
    }

    @Override
    protected void lost() {
      outside(() -> done.completeExceptionally(((LockHandle) hold.lock()).lostException()));
    }
  }

  /** Upgrades a shared hold that is not lost. */
  public Upgrading upgrade(Hold hold) {
    Upgrading upgrading = new Upgrading((GrantHold) hold);
    upgrading.hold.askForUpgrade(upgrading);
    return upgrading;
  }

  private void outside(Runnable task) {
    node.callbacks().hooks().execute(task);
  }

  /** The first part of closing: everything is released; the future completes in the loop. */
  public CompletableFuture<Void> close() {
    return node.ask(node::close).thenCompose(done -> done);
  }

  /** The second part: the node's own znodes go. */
  public CompletableFuture<Void> deleteNodes() {
    return node.ask(node::deleteNodes).thenCompose(done -> done);
  }

  /** The end. */
  public void closeClients() {
    node.closeClients();
    node.loop().stop();
  }

  /** Whether its first session has a lease. */
  public boolean hasLease() {
    Lane lane = node.anyLane();
    SessionLease lease = lane == null ? null : lane.lease();
    return lease != null && lease.isValid(node.nanoTime());
  }

  /** When the lease of its first session ends, by the node's clock; now if it has none. */
  public long leaseEndNanos() {
    Lane lane = node.anyLane();
    SessionLease lease = lane == null ? null : lane.lease();
    return lease != null && lease.hasBegun() ? lease.endNanos() : node.nanoTime();
  }

  /** Tells the parts of its state, by name, for comparing states. */
  public void fingerprint(BiConsumer<String, @Nullable Object> out) {
    out.accept("node", node);
  }

  /** Whether it has closed itself because a promise could not be kept. */
  public boolean hasFailed() {
    return node.hasFailed();
  }
}
