package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Demotion;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The users of one node: they acquire, read, write back and unlock, as the contract tells them to,
 * and tell the oracle what they got.
 */
final class User {
  private static final int MOST_WISHES = 3;

  final SimNode node;
  final List<Use> uses = new ArrayList<>();

  private final World world;
  private final Plan plan;
  private final SplittableRandom random;

  User(World world, SimNode node) {
    this.world = world;
    this.node = node;
    plan = world.plan;
    random = world.random;
    for (int i = 0; i < plan.locks; i++) {
      uses.add(allocate(i));
    }
    node.loop().setAfterEach(() -> uses.forEach(world.oracle::note));
  }

  private Use allocate(int index) {
    List<Use> self = new ArrayList<>();
    LockProperty[] properties =
        plan.properties.get(node.number * plan.locks + index).toArray(LockProperty[]::new);
    LockOptions options =
        LockOptions.of(properties)
            .withDemoteHook(
                demotion -> {
                  world.guard(() -> demoted(self.get(0), demotion));
                  if (self.get(0).hookThrew) {
                    self.get(0).hookThrew = false;
                    throw new IllegalStateException("thrown on purpose");
                  }
                });
    if (properties.length == 0) {
      options = options.withMonitorListener((lock, version) -> {});
    }
    LockTruth truth = world.locks.get(index);
    ClusterLock lock = node.access.allocate(truth.name, options);
    Use use = new Use(node, truth, world.resources.get(index), lock);
    self.add(use);
    world.oracle.add(use);
    if (options.has(LockProperty.PREALLOC_DLM)) {
      var unused = node.access.make(lock);
    }
    return use;
  }

  /** The node is gone. */
  void forget() {
    uses.forEach(world.oracle::remove);
  }

  private void trace(Supplier<String> line) {
    world.trace(line);
  }

  // What users do.

  /** Does something, if there is anything to do. */
  void act() {
    world.oracle.ran();
    if (node.isClosing()) {
      node.continueClosing();
      return;
    }
    boolean busy = random.nextInt(100) < plan.busyPercent;
    node.loop().setBusy(busy);
    try {
      Use use = uses.get(random.nextInt(uses.size()));
      if (random.nextInt(100) < plan.rarePercent && rare(use, busy)) {
        return;
      }
      int choice = random.nextInt(use.holds.size() + 2);
      if (choice < use.holds.size()) {
        use(use.holds.get(choice), busy);
      } else if (choice == use.holds.size() || use.wishes.isEmpty()) {
        ask(use);
      } else if (random.nextInt(3) == 0) {
        cancel(use.wishes.get(random.nextInt(use.wishes.size())));
      }
    } finally {
      node.loop().setBusy(false);
    }
  }

  private LockMode mode() {
    return random.nextInt(100) < plan.exclusivePercent ? LockMode.EXCLUSIVE : LockMode.SHARED;
  }

  private boolean mayAsk(Use use) {
    return use.freeing == null && !use.monitoring && use.wishes.size() < MOST_WISHES;
  }

  private void ask(Use use) {
    if (!mayAsk(use)) {
      return;
    }
    if (random.nextInt(100) < plan.setPercent && uses.stream().allMatch(this::mayAsk)) {
      askForAll();
      return;
    }
    LockMode mode = mode();
    boolean patient = random.nextInt(5) != 0;
    trace(() -> use + ": " + (patient ? "acquire " : "try ") + mode);
    CompletableFuture<? extends @Nullable Hold> future =
        patient ? use.lock.acquireAsync(mode) : node.access.tryAcquire(use.lock, mode);
    Use.Wish wish = new Use.Wish(use, mode, future);
    use.wishes.add(wish);
    world.whenComplete(
        future,
        (hold, error) -> {
          use.wishes.remove(wish);
          if (hold != null) {
            got(new Use.Held(use, hold, null, wish), wish);
          } else {
            refused(use, error);
          }
        });
  }

  private void askForAll() {
    Map<ClusterLock, LockMode> modes = new LinkedHashMap<>();
    List<Use> members = new ArrayList<>(uses);
    while (members.size() > 2 && random.nextBoolean()) {
      members.remove(random.nextInt(members.size()));
    }
    if (random.nextBoolean()) {
      java.util.Collections.reverse(members);
    }
    for (Use use : members) {
      modes.put(use.lock, mode());
    }
    trace(() -> node + ": acquire all " + modes);
    CompletableFuture<HoldSet> future = node.access.lockspace().acquireAllAsync(modes);
    List<Use.Wish> wishes = new ArrayList<>();
    for (Use use : members) {
      Use.Wish wish = new Use.Wish(use, Objects.requireNonNull(modes.get(use.lock)), future);
      wishes.add(wish);
      use.wishes.add(wish);
    }
    world.whenComplete(
        future,
        (set, error) -> {
          for (int i = 0; i < members.size(); i++) {
            Use use = members.get(i);
            use.wishes.remove(wishes.get(i));
            if (set != null) {
              got(new Use.Held(use, set.of(use.lock), set, wishes.get(i)), wishes.get(i));
            } else {
              refused(use, error);
            }
          }
        });
  }

  private void cancel(Use.Wish wish) {
    trace(() -> node + ": cancel");
    wish.future.cancel(false);
  }

  private void refused(Use use, @Nullable Throwable error) {
    trace(() -> use + ": not acquired" + (error == null ? "" : ", " + error));
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    if (cause != null
        && !(cause instanceof LockException)
        && !(cause instanceof java.util.concurrent.CancellationException)) {
      throw new Violation(use + ": acquire failed", cause);
    }
  }

  private void got(Use.Held held, Use.Wish wish) {
    Use use = held.use;
    use.holds.add(held);
    trace(() -> held + ": got it, " + held.hold.freshness());
    if (world.oracle.granted(held, wish)) {
      takeIn(held);
    }
  }

  private void takeIn(Use.Held held) {
    Use use = held.use;
    if (held.hold.freshness().mustReload()) {
      if (use.dirty == 0 || use.dirtyToken != held.hold.token()) {
        use.copy = use.resource.content;
        use.dirty = 0;
      } // otherwise somebody else has reloaded under this grant, and written since
      held.mustRepair = held.hold.freshness() == Freshness.OWNER_DIED;
    }
  }

  // What users do with a hold.

  private void use(Use.Held held, boolean busy) {
    if (held.upgrading != null) {
      if (random.nextInt(4) == 0) {
        trace(() -> held + ": withdraw the upgrade");
        held.upgrading.withdraw();
      }
      return;
    }
    boolean exclusive = held.hold.mode() == LockMode.EXCLUSIVE;
    switch (random.nextInt(10)) {
      case 0, 1, 2 -> {
        if (exclusive) {
          write(held);
        }
      }
      case 3 -> {
        if (exclusive) {
          setValue(held);
        }
      }
      case 4 -> {
        if (exclusive && held.mustRepair) {
          repair(held);
        }
      }
      case 5 -> {
        if (exclusive && !busy) {
          downgrade(held);
        }
      }
      case 6 -> {
        if (!exclusive && held.set == null) {
          upgrade(held);
        }
      }
      default -> unlock(held);
    }
  }

  /** Users check before they write; sometimes the check is long ago. */
  private boolean mayWrite(Use.Held held) {
    return held.isValid() || random.nextInt(2) == 0;
  }

  private void write(Use.Held held) {
    Use use = held.use;
    long token = held.hold.token();
    boolean valid = held.isValid();
    if (!mayWrite(held)) {
      return;
    }
    if (valid && use.caches(LockMode.EXCLUSIVE) && random.nextBoolean()) {
      if (use.dirty == 0) {
        use.dirtyBase = use.resource.content;
      }
      use.dirty = world.nextWrite();
      use.dirtyToken = token;
      use.copy = use.dirty;
      use.truth.dirty.add(token);
      trace(() -> held + ": dirty " + use.dirty);
      return;
    }
    flush(use, token, held.isSure());
    if (!admits(held)) {
      return;
    }
    if (use.resource.tornBy == 0 || use.resource.tornBy == token) {
      use.resource.tornBy = random.nextBoolean() ? token : 0;
    }
    use.resource.content = world.nextWrite();
    use.copy = use.resource.content;
    trace(() -> held + ": wrote " + use.copy + (use.resource.tornBy == token ? ", half" : ""));
  }

  private boolean admits(Use.Held held) {
    boolean admitted = held.use.resource.admits(LockMode.EXCLUSIVE, held.hold.token());
    if (held.isSure() && !admitted) {
      throw new Violation(held + ": the gate refuses a valid hold");
    }
    return admitted;
  }

  /** Writes back what is dirty. */
  private void flush(Use use, long token, boolean valid) {
    if (use.dirty == 0 || use.dirtyToken != token) {
      return;
    }
    if (use.resource.admits(LockMode.EXCLUSIVE, token)) {
      use.resource.content = use.dirty;
      trace(() -> use + ": flushed " + use.dirty);
    } else if (valid) {
      throw new Violation(use + ": the gate refuses a flush under a valid grant");
    }
    use.dirty = 0;
    use.truth.dirty.remove(token);
  }

  private void finishWrite(Use.Held held) {
    Use use = held.use;
    long token = held.hold.token();
    if (use.resource.tornBy == token && admits(held)) {
      use.resource.tornBy = 0;
    }
  }

  private void setValue(Use.Held held) {
    byte[] value = ("v" + world.nextWrite()).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    boolean valid = held.isValid();
    held.hold.setValue(value);
    if (valid) {
      held.use.truth.toPublish.put(held.hold.token(), value);
    }
    trace(() -> held + ": set value " + LockTruth.text(value));
  }

  private void repair(Use.Held held) {
    Use use = held.use;
    boolean valid = held.isValid();
    long token = held.hold.token();
    if (!valid || use.resource.tornBy == token || !admits(held)) {
      return;
    }
    use.resource.tornBy = 0;
    use.resource.content = world.nextWrite();
    use.copy = use.resource.content;
    if (use.dirty != 0) {
      use.dirtyBase = use.copy;
      use.copy = use.dirty;
    }
    held.hold.markRecovered();
    use.truth.recoveredBy.add(token);
    held.mustRepair = false;
    trace(() -> held + ": repaired");
  }

  private void downgrade(Use.Held held) {
    Use use = held.use;
    boolean valid = held.isSure();
    flush(use, held.hold.token(), valid);
    finishWrite(held);
    try {
      held.hold.downgrade();
      trace(() -> held + ": downgraded");
    } catch (LockException e) {
      trace(() -> held + ": not downgraded, " + e.getMessage());
      if (valid && held.isValid()) { // otherwise it was lost just then
        throw new Violation(held + ": not downgraded", e);
      }
    }
  }

  private void upgrade(Use.Held held) {
    if (!held.isValid()) {
      return;
    }
    trace(() -> held + ": upgrade");
    Use.Wish wish = new Use.Wish(held.use, LockMode.EXCLUSIVE, new CompletableFuture<>());
    var upgrading = node.access.upgrade(held.hold);
    held.upgrading = upgrading;
    world.whenComplete(
        upgrading.done(),
        (done, error) -> {
          held.upgrading = null;
          trace(() -> held + ": upgraded " + done + (error == null ? "" : " " + error));
          if (Boolean.TRUE.equals(done) && world.oracle.granted(held, wish)) {
            takeIn(held);
          }
        });
  }

  void unlock(Use.Held held) {
    Use use = held.use;
    boolean valid = held.isValid();
    boolean exclusive = held.hold.mode() == LockMode.EXCLUSIVE;
    if (exclusive) {
      finishWrite(held);
      if (!use.caches(LockMode.EXCLUSIVE)) {
        flush(use, held.hold.token(), held.isSure());
      }
    }
    use.holds.remove(held);
    trace(() -> held + ": unlock");
    if (valid && held.memories == use.memories) {
      use.known = true;
      use.knownForeignBumps = use.foreignBumps();
    }
    CompletableFuture<Void> done = held.hold.unlockAsync();
    world.whenComplete(
        done,
        (nothing, error) -> {
          if (error != null && valid && !world.oracle.isDisturbed()) {
            throw new Violation(held + ": unlock failed", error);
          }
        });
  }

  /** Ends what is held; returns whether there was anything. */
  boolean finish() {
    boolean any = false;
    for (Use use : uses) {
      for (Use.Held held : List.copyOf(use.holds)) {
        if (held.upgrading == null) {
          unlock(held);
          any = true;
        }
      }
    }
    return any;
  }

  void trace(Use use, String what) {
    trace(() -> use + ": " + what);
  }

  // What users do more rarely.

  private boolean rare(Use use, boolean busy) {
    switch (random.nextInt(6)) {
      case 0 -> {
        if (use.isIdle()) {
          monitor(use);
          return true;
        }
      }
      case 1 -> {
        trace(() -> use + ": forget");
        use.forgotten();
        world.whenComplete(node.access.forget(use.lock), (nothing, error) -> use.forgotten());
        return true;
      }
      case 2 -> {
        trace(() -> use + ": drop");
        var unused = use.lock.drop();
        return true;
      }
      case 3 -> {
        if (plan.has(Plan.Fault.PURGE)) {
          trace(() -> use + ": purge");
          world.oracle.disturb();
          var unused = node.access.purge(use.truth.name);
          return true;
        }
      }
      case 4 -> {
        if (use.isIdle() && !busy) {
          free(use);
          return true;
        }
      }
      case 5 -> {
        var unused = node.access.look(use.lock);
        return true;
      }
      default -> {}
    }
    return false;
  }

  private void monitor(Use use) {
    trace(() -> use + ": monitor");
    use.monitoring = true;
    use.forgotten();
    world.whenComplete(
        use.lock.monitorAsync(),
        (freshness, error) -> {
          use.monitoring = false;
          trace(() -> use + ": monitored, " + freshness + (error == null ? "" : " " + error));
          if (error == null && freshness.mustReload()) {
            use.copy = use.resource.content;
            use.dirty = 0;
          }
        });
  }

  private void free(Use use) {
    trace(() -> use + ": free");
    CompletableFuture<Void> freeing = use.lock.freeAsync();
    use.freeing = freeing;
    int index = uses.indexOf(use);
    world.whenComplete(
        freeing,
        (nothing, error) -> {
          trace(() -> use + ": freed" + (error == null ? "" : " " + error));
          if (error == null && !node.isClosing() && uses.get(index) == use) {
            world.oracle.remove(use);
            uses.set(index, allocate(index));
          } else {
            use.freeing = null;
          }
        });
  }

  private void demoted(Use use, Demotion demotion) {
    trace(() -> use + ": hook, " + demotion.from() + " to " + demotion.to());
    long token = demotion.token();
    if (plan.has(Plan.Fault.HOOK_THROWS) && random.nextInt(3) == 0 && !world.isSettling()) {
      world.oracle.disturb();
      use.truth.dirty.remove(token);
      use.hookThrew = true;
      return;
    }
    var grant = use.local.fastGrant();
    boolean valid =
        grant != null && grant.token() == token && grant.lease().isValid(node.clock.nanoTime());
    flush(use, token, valid && !node.isDazed());
    if (demotion.from() == LockMode.EXCLUSIVE && (plan.late || random.nextInt(3) == 0)) {
      byte[] value = ("h" + world.nextWrite()).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
      demotion.setValue(value);
      if (valid) {
        use.truth.toPublish.put(token, value);
      }
    }
  }
}
