package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LimitExceededException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockModes;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.zookeeper.cache.AcquireAll;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Pipeline;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A lockspace on a node: the way of its callers into the event loop. */
public final class NodeLockspace extends BlockingSets {
  /** Locks in a set: each is at most five writes of a transaction that is bounded. */
  private static final int MAX_SET = 256;

  private final String name;
  private final Node node;
  private final LockModes modes = new LockModes(this);
  private final Runnable afterClose;
  private final long closeTimeoutNanos;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  NodeLockspace(String name, Node node, long closeTimeoutNanos, Runnable afterClose) {
    this.name = name;
    this.node = node;
    this.closeTimeoutNanos = closeTimeoutNanos;
    this.afterClose = afterClose;
  }

  /**
   * Starts.
   *
   * @param face the lockspace that users see, if it is not this one
   */
  void start(Lockspace face, List<Coordinator> coordinators) {
    ((ThreadLoop) node.loop()).start();
    node.start(face, coordinators);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String nodeId() {
    return node.nodeId();
  }

  @Override
  public ClusterLock allocate(LockName lock, LockOptions options) {
    Objects.requireNonNull(lock, "the name must not be null");
    Objects.requireNonNull(options, "the options must not be null");
    LockHandle handle = Futures.join(node.call(() -> node.allocate(lock, options)));
    if (options.has(LockProperty.PREALLOC_DLM)) {
      try {
        Futures.await(
            node.call(() -> node.side().makeLock(handle.local())).thenCompose(made -> made));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the lock is made all the same, or at its first use
      } catch (RuntimeException e) {
        handle.free();
        throw e;
      }
    }
    return handle;
  }

  @Override
  @Nullable RuntimeException whyUnreachable(Map<ClusterLock, LockMode> locks) {
    return Futures.join(node.ask(() -> node.whyUnreachable("a set of locks")));
  }

  /** Throws if this is not a set that can be acquired here. */
  void checkSet(Map<ClusterLock, LockMode> locks) {
    if (locks.isEmpty()) {
      throw new IllegalArgumentException("an empty set of locks");
    }
    if (locks.size() > MAX_SET) {
      throw new LimitExceededException(
          "a set has at most " + MAX_SET + " locks, this one has " + locks.size());
    }
    locks.values().forEach(LockHandle::checkMode);
    int pathBytes = 0;
    for (ClusterLock lock : locks.keySet()) {
      Objects.requireNonNull(lock, "a lock must not be null");
      if (!(lock instanceof LockHandle handle) || handle.node() != node) {
        throw new IllegalArgumentException("lock " + lock.name() + " is not of lockspace " + name);
      }
      handle.checkNotFreed();
      pathBytes += handle.local().paths().requestBytes();
    }
    if (!Pipeline.fits(LockPaths.REQUEST_WRITES * locks.size(), pathBytes)) {
      throw new LimitExceededException(
          "a set has to fit one transaction, and the paths of this one's "
              + locks.size()
              + " locks come to "
              + pathBytes
              + " bytes: ask for fewer at once, or choose shorter names");
    }
  }

  @Override
  public CompletableFuture<HoldSet> acquireAllAsync(Map<ClusterLock, LockMode> locks) {
    checkSet(locks);
    List<LockHandle> handles = new ArrayList<>();
    Map<LocalLock, LockMode> locals = new LinkedHashMap<>();
    locks.forEach(
        (lock, mode) -> {
          LockHandle handle = (LockHandle) lock;
          handles.add(handle);
          locals.put(handle.local(), mode);
        });
    if (node.isClosed()) {
      return CompletableFuture.failedFuture(node.closedException());
    }
    SetCaller caller = new SetCaller(handles, List.copyOf(locks.values()));
    AcquireAll set = new AcquireAll(node, locals, caller);
    caller.set = set;
    LockHandle first = handles.get(0);
    node.record()
        .follow(
            caller.future,
            first.name(),
            caller.wanted.get(0),
            handles.size(),
            holds -> holds.holds().get(0));
    node.loop().run(set::start);
    return node.promises().add(caller.future);
  }

  @Override
  public LockModes modes() {
    return modes;
  }

  @Override
  public boolean purge(LockName lock) throws InterruptedException {
    return Futures.await(
        node.outside(node.call(() -> Purge.one(node, lock)).thenCompose(future -> future)));
  }

  @Override
  public int purgeUnused() throws InterruptedException {
    return new Survey(node).purgeUnused();
  }

  @Override
  public LockspaceDump dump() throws InterruptedException {
    return new Survey(node).dump(name);
  }

  @Override
  public void addListener(LockspaceListener listener) {
    Objects.requireNonNull(listener, "the listener must not be null");
    node.addListener(listener);
  }

  @Override
  public LockStats stats() {
    return Futures.join(node.ask(node::stats));
  }

  @Override
  public void close() {
    boolean interrupted = false;
    if (closing.compareAndSet(false, true)) {
      interrupted |= !await(step(node::close));
      interrupted |= !await(step(node::deleteNodes));
      node.closeClients();
      interrupted |= !await(step(node::end));
      node.loop().stop();
      afterClose.run();
      closed.complete(null);
    } else {
      interrupted = !await(closed);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private CompletableFuture<Void> step(Supplier<CompletableFuture<Void>> task) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (node.hasFailed()) {
      done.complete(null);
    } else {
      node.loop().run(() -> task.get().whenComplete((value, error) -> done.complete(null)));
    }
    return done;
  }

  /**
   * Waits for a step of closing, not longer than the session would live: what could not be removed
   * by then goes with the session. Returns false if interrupted meanwhile.
   */
  private boolean await(CompletableFuture<Void> step) {
    long deadline = System.nanoTime() + closeTimeoutNanos;
    boolean calm = true;
    while (true) {
      try {
        step.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        return calm;
      } catch (InterruptedException e) {
        calm = false;
      } catch (TimeoutException | ExecutionException e) {
        return calm;
      }
    }
  }

  @Override
  public String toString() {
    return "lockspace " + name + " on node " + nodeId();
  }

  /** A caller that waits for a set. */
  private final class SetCaller implements AcquireAll.Outcome {
    private final List<LockHandle> handles;
    private final List<LockMode> wanted;
    private @Nullable AcquireAll set;
    private final CompletableFuture<HoldSet> future =
        new CompletableFuture<>() {
          @Override
          public boolean cancel(boolean mayInterruptIfRunning) {
            boolean cancelled = super.cancel(mayInterruptIfRunning);
            AcquireAll of = set;
            if (cancelled && of != null) {
              node.loop().run(of::withdraw);
            }
            return cancelled;
          }
        };

    SetCaller(List<LockHandle> handles, List<LockMode> wanted) {
      this.handles = handles;
      this.wanted = wanted;
    }

    @Override
    public void acquired(List<Grant> grants, List<Freshness> told) {
      node.callbacks()
          .hooks()
          .execute(
              () -> {
                List<Hold> holds = new ArrayList<>();
                for (int i = 0; i < handles.size(); i++) {
                  holds.add(
                      new GrantHold(handles.get(i), grants.get(i), wanted.get(i), told.get(i)));
                }
                if (!future.complete(new GrantHoldSet(holds))) {
                  for (int i = 0; i < handles.size(); i++) {
                    handles.get(i).giveBack(grants.get(i), wanted.get(i));
                  }
                }
              });
    }

    @Override
    public void failed(RuntimeException cause) {
      node.callbacks().hooks().execute(() -> future.completeExceptionally(cause));
    }
  }
}
