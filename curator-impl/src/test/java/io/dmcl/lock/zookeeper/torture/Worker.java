package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.OutcomeUnknownException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** In a node's process: one caller, that acquires, works and unlocks, over and over. */
final class Worker implements Runnable {
  private final NodeProgram node;
  private final Lockspace lockspace;
  private final String name;
  private final Random random;
  private final Wire wire;
  private long count;

  Worker(NodeProgram node, Lockspace lockspace, String name, long seed) throws IOException {
    this.node = node;
    this.lockspace = lockspace;
    this.name = name;
    random = new Random(seed);
    wire = node.connect();
  }

  @Override
  public void run() {
    try {
      while (!node.isStopping()) {
        sleep(random.nextInt(8) == 0 ? 300 : 30);
        if (random.nextInt(25) == 0) {
          several();
        } else {
          one(node.uses.get(random.nextInt(node.uses.size())));
        }
      }
    } catch (InterruptedException e) {
      // nobody does that
    } catch (RuntimeException | Error e) {
      node.broke(e);
    }
  }

  private void sleep(int mostMillis) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(random.nextInt(mostMillis));
  }

  private String nextId() {
    return name + '.' + ++count;
  }

  private LockMode mode() {
    return random.nextInt(10) < 4 ? LockMode.EXCLUSIVE : LockMode.SHARED;
  }

  // Asking.

  private void ask(Use use, LockMode mode, String id) {
    wire.ask("ask hold=%s lock=%s mode=%s", id, use.name, Use.letter(mode));
    node.board.enter(use.index, ProtocolState.WAITING);
  }

  private void answered(Use use, String id, @Nullable String refusal) {
    node.board.leave(use.index, ProtocolState.WAITING);
    if (refusal != null) {
      wire.ask("refused hold=%s lock=%s why=%s", id, use.name, refusal);
    }
  }

  private void one(Use use) throws InterruptedException {
    LockMode mode = mode();
    String id = nextId();
    ask(use, mode, id);
    String refusal = "timeout";
    Hold hold = null;
    try {
      hold = acquire(use.lock, mode);
    } catch (CoordinatorUnavailableException e) {
      refusal = "unavailable";
    } finally {
      answered(use, id, hold == null ? refusal : null);
    }
    if (hold != null) {
      use(use, use.take(hold, id, null, wire));
    }
  }

  private @Nullable Hold acquire(ClusterLock lock, LockMode mode) throws InterruptedException {
    int choice = random.nextInt(100);
    if (choice < 75) {
      return lock.acquire(mode);
    } else if (choice < 88) {
      return lock.tryAcquire(mode, Duration.ofMillis(1 + random.nextInt(800)));
    } else if (choice < 94) {
      return lock.tryAcquire(mode);
    }
    CompletableFuture<Hold> future = lock.acquireAsync(mode);
    try {
      return future.get(random.nextInt(200), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return future.cancel(false) ? null : join(future);
    } catch (ExecutionException e) {
      throw new CompletionException(e.getCause());
    }
  }

  private static @Nullable Hold join(CompletableFuture<Hold> future) {
    try {
      return future.join();
    } catch (CancellationException e) {
      return null;
    }
  }

  private void several() throws InterruptedException {
    List<Use> members = new ArrayList<>(node.uses);
    while (members.size() > 2 && random.nextBoolean()) {
      members.remove(random.nextInt(members.size()));
    }
    Map<ClusterLock, LockMode> modes = new LinkedHashMap<>();
    List<String> ids = new ArrayList<>();
    for (Use use : members) {
      modes.put(use.lock, mode());
      ids.add(nextId());
      ask(use, modes.getOrDefault(use.lock, LockMode.SHARED), ids.get(ids.size() - 1));
    }
    HoldSet set = null;
    String refusal = "timeout";
    try {
      set =
          random.nextBoolean()
              ? lockspace.acquireAll(modes)
              : lockspace.tryAcquireAll(modes, Duration.ofSeconds(2));
    } catch (CoordinatorUnavailableException e) {
      refusal = "unavailable";
    } finally {
      for (int i = 0; i < members.size(); i++) {
        answered(members.get(i), ids.get(i), set == null ? refusal : null);
      }
    }
    if (set == null) {
      return;
    }
    List<Use.Held> holds = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      Use use = members.get(i);
      node.board.enter(use.index, ProtocolState.HELD);
      holds.add(use.take(set.of(use.lock), ids.get(i), null, wire));
    }
    for (int i = 0; i < members.size(); i++) {
      step(members.get(i), holds.get(i));
      unlock(members.get(i), holds.get(i));
    }
  }

  // Using.

  private void use(Use use, Use.Held first) throws InterruptedException {
    node.board.enter(use.index, ProtocolState.HELD);
    Use.Held held = first;
    long until = System.nanoTime();
    if (random.nextInt(20) == 0) {
      until += TimeUnit.MILLISECONDS.toNanos(random.nextInt(300));
    } else if (node.mayHoldLong()) {
      until += (long) (node.sessionTimeout.toNanos() * 1.4 * random.nextDouble());
    }
    int steps = 1 + random.nextInt(3);
    for (int i = 0; i < steps || System.nanoTime() < until; i++) {
      step(use, held);
      sleep(6);
    }
    if (random.nextInt(12) == 0) {
      held = convert(use, held);
      step(use, held);
    }
    unlock(use, held);
  }

  private void step(Use use, Use.Held held) {
    if (held.isExclusive() && held.mustRepair()) {
      use.repair(held);
    } else if (!held.isExclusive() || random.nextInt(3) == 0) {
      use.read(held);
    } else if (random.nextInt(3) == 0) {
      use.setValue(held);
    } else {
      use.write(held);
    }
  }

  private Use.Held convert(Use use, Use.Held held) throws InterruptedException {
    try {
      if (held.isExclusive()) {
        use.leave(held, false);
        held.hold.downgrade();
        return use.take(held.hold, nextId(), held, wire);
      }
      String id = nextId();
      wire.ask("ask hold=%s lock=%s mode=X from=%s", id, use.name, held.id);
      node.board.enter(use.index, ProtocolState.WAITING);
      boolean upgraded = false;
      try {
        upgraded = held.hold.tryUpgrade(Duration.ofMillis(1 + random.nextInt(1500)));
      } finally {
        answered(use, id, upgraded ? null : "no-upgrade");
      }
      return upgraded ? use.take(held.hold, id, held, wire) : held;
    } catch (LockLostException | CoordinatorUnavailableException e) {
      return held;
    }
  }

  private void unlock(Use use, Use.Held held) throws InterruptedException {
    boolean cachesWrites = use.lock.options().caches(LockMode.EXCLUSIVE);
    use.leave(held, cachesWrites && random.nextInt(3) > 0);
    node.board.leave(use.index, ProtocolState.HELD);
    node.board.enter(use.index, ProtocolState.RELEASING);
    CompletableFuture<Void> released = held.hold.unlockAsync();
    CompletableFuture<Void> told =
        released.handle(
            (nothing, error) -> {
              node.board.leave(use.index, ProtocolState.RELEASING);
              node.board.set(use.index, ProtocolState.CACHED, use.isGranted());
              done(use, held, error);
              return null;
            });
    if (random.nextBoolean()) {
      told.join();
    }
  }

  private void done(Use use, Use.Held held, @Nullable Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    String how = cause == null ? "ok" : cause.getClass().getSimpleName();
    node.tell("done hold=%s lock=%s how=%s", held.id, use.name, how);
    if (cause != null
        && !(cause instanceof LockLostException)
        && !(cause instanceof OutcomeUnknownException)) {
      node.broke(cause);
    }
  }
}
