package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One run of a small configuration, for {@link Explore}. */
final class SmallWorld {
  private static final long TICK_NANOS = 2_000_000_000L;
  private static final long TIMEOUT_NANOS = 4 * TICK_NANOS;

  /** Timers that are due later than this wait until nothing else can happen. */
  static final long SHORT_NANOS = 30_000_000L;

  private static final int MOST_STEPS_AT_ONCE = 10_000;

  private final SmallPlan plan;
  private final Ensemble ensemble;
  private final Oracle oracle;
  private final LockTruth truth;
  private final Resource resource = new Resource();
  private final List<Actor> actors = new ArrayList<>();
  private final List<Choice> choices = new ArrayList<>();
  private boolean faultDone;
  private long writes;
  private @Nullable Violation failure;

  /**
   * What can be done next.
   *
   * @param step of the ensemble; null if it is not one
   * @param actor whose user does it, or to whom it happens; null if neither
   */
  record Choice(
      Supplier<String> name,
      Runnable task,
      @Nullable Step step,
      @Nullable Actor actor,
      boolean fault) {}

  SmallWorld(SmallPlan plan) {
    this.plan = plan;
    ensemble = new Ensemble(Settings.of(plan.servers()).directly());
    Layout layout = new Layout("/r", "s");
    LockName name = LockName.of(1);
    truth = new LockTruth(name, layout.lock(name));
    List<String> ancestors = List.of(layout.lock(name).lock().substring(1).split("/"));
    for (int i = 1; i <= ancestors.size(); i++) {
      ensemble.make('/' + String.join("/", ancestors.subList(0, i)));
    }
    ensemble.make(truth.paths.version());
    ensemble.make("/r/s/nodes");
    oracle = new Oracle(ensemble, List.of(truth), new Trace(false));
    NodeConfig config = new NodeConfig("/r", "s", TICK_NANOS, 0, 100, 1 << 19);
    for (int i = 0; i < plan.modes().size(); i++) {
      long[] nonces = {1000 * (i + 1)};
      SimNode node =
          new SimNode(
              ensemble,
              i,
              "node " + i,
              config,
              new NodeClock(ensemble::nowNanos, 0, 0),
              TIMEOUT_NANOS,
              true,
              () -> nonces[0]++);
      LockOptions options =
          plan.cached()
              ? LockOptions.of(LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK)
              : LockOptions.of();
      ClusterLock lock = node.access.allocate(name, options);
      Use use = new Use(node, truth, resource, lock);
      oracle.add(use);
      node.loop().setAfterEach(() -> oracle.note(use));
      actors.add(new Actor(node, use, plan.modes().get(i)));
    }
    calm();
    for (Actor actor : actors) {
      actor.use.local.setLockExists(true);
    }
  }

  /** Everything that is on its way arrives. */
  private void calm() {
    for (int i = 0; i < MOST_STEPS_AT_ONCE; i++) {
      boolean ran = runNodes();
      List<Step> steps = ensemble.steps();
      if (steps.isEmpty() && !ran) {
        return;
      }
      if (!steps.isEmpty()) {
        Step step = steps.get(0);
        if (step.kind() == Step.Kind.CLIENT_CONNECTS) {
          step = steps.get(Math.min(steps.size() - 1, step.client() % plan.servers()));
        }
        ensemble.take(step);
      }
    }
    throw new Violation("no end of steps");
  }

  /** What nodes do between two messages. */
  private boolean runNodes() {
    boolean any = false;
    boolean again = true;
    for (int i = 0; again; i++) {
      if (i > MOST_STEPS_AT_ONCE) {
        throw new Violation("a node never rests");
      }
      again = false;
      for (Actor actor : actors) {
        SimNode node = actor.node;
        if (node.isRunning() && node.loop().canRun()) {
          node.loop().runBatch(Integer.MAX_VALUE);
          again = true;
        }
        while (node.hooks.size() > 0) {
          node.hooks.run(0);
          again = true;
        }
        while (node.listeners.size() > 0) {
          node.listeners.run(0);
        }
      }
      any |= again;
    }
    return any;
  }

  /** How many choices there are now. */
  int choices() {
    choices.clear();
    for (Step step : ensemble.steps()) {
      if (step.kind() != Step.Kind.SERVER_HEARS) {
        Actor actor = step.kind() == Step.Kind.CLIENT_RECEIVES ? actors.get(step.client()) : null;
        choices.add(new Choice(step::toString, () -> ensemble.take(step), step, actor, false));
      }
    }
    for (Actor actor : actors) {
      if (actor.node.isThere()) {
        collect(actor);
      }
    }
    Actor faulty = actors.get(plan.faulty());
    if (mayFail(faulty) && faulty.node.isThere()) {
      collectFaults(faulty);
    }
    long due = Long.MAX_VALUE;
    for (Actor actor : actors) {
      due = Math.min(due, actor.node.nextDueNanos());
    }
    boolean soon = due - ensemble.nowNanos() < SHORT_NANOS;
    if (soon || (choices.isEmpty() && !isOver())) {
      long target = soon ? due : Math.min(due, ensemble.nextDueNanos());
      choices.add(
          new Choice(() -> "time passes", () -> ensemble.advanceTo(target), null, null, false));
    }
    return choices.size();
  }

  // For Reduction.

  SmallPlan plan() {
    return plan;
  }

  Ensemble ensemble() {
    return ensemble;
  }

  List<Actor> actors() {
    return actors;
  }

  /** As {@link #choices()} has found them. */
  List<Choice> found() {
    return choices;
  }

  /** Whether the fault may still happen to it. */
  boolean mayFail(Actor actor) {
    return !faultDone && plan.fault() != SmallPlan.Fault.NONE && actor == actors.get(plan.faulty());
  }

  /**
   * Whether a client may lose its connection, or has lost it, and goes on with its session. (Who
   * begins a new one asks for nothing that was before.)
   */
  boolean mayReconnect() {
    return plan.fault() == SmallPlan.Fault.LOST_REPLY
        && !(faultDone && actors.get(plan.faulty()).node.client.connected());
  }

  boolean isOfTheLock(String path) {
    return path.startsWith(truth.paths.lock());
  }

  /** What the oracle looks at in nodes. */
  long view() {
    HashedFingerprint out = look(new HashedFingerprint("/", Fingerprint.NOBODY));
    for (Actor actor : actors) {
      Grant grant = actor.use.local.fastGrant();
      out.number(grant == null ? 0 : grant.token());
    }
    return out.hash();
  }

  private HashedFingerprint look(HashedFingerprint out) {
    for (Actor actor : actors) {
      Grant grant = actor.use.local.fastGrant();
      out.number(actor.node.isThere() ? 1 : 0);
      if (actor.held != null) {
        out.text(actor.held.hold.freshness().name()).zxid(actor.held.hold.token());
      }
      if (grant != null) {
        out.zxid(grant.token()).text(grant.mode().name());
        out.number(grant.lease().isEnded() ? 1 : 0);
      }
    }
    return out;
  }

  /** What the oracle looks at in all, for comparing explorations. */
  long sight() {
    HashedFingerprint out = look(new HashedFingerprint("/", Fingerprint.NOBODY));
    for (LockTruth.Place place : truth.queue.values()) {
      out.text(place.entry.name());
    }
    return out.hash();
  }

  private boolean isOver() {
    for (Actor actor : actors) {
      if (actor.node.isThere() && !actor.isServed()) {
        return false;
      }
    }
    return truth.queue.values().stream().allMatch(place -> isOfTheLiving(place.session));
  }

  private boolean isOfTheLiving(long id) {
    for (Actor actor : actors) {
      SimSession session = actor.node.client.session();
      if (actor.node.isThere() && session != null && session.id() == id) {
        return true;
      }
    }
    return false;
  }

  private void collect(Actor actor) {
    if (actor.held != null) {
      add(actor, " unlocks", () -> unlock(actor), false);
    } else if (actor.wish == null && !actor.isFinished()) {
      add(actor, " acquires", () -> acquire(actor), false);
    }
  }

  private void add(Actor actor, String what, Runnable task, boolean fault) {
    choices.add(new Choice(() -> actor.node + what, task, null, actor, fault));
  }

  private void addFault(Actor actor, String what, Runnable task) {
    add(
        actor,
        what,
        () -> {
          faultDone = true;
          task.run();
        },
        true);
  }

  private void collectFaults(Actor actor) {
    SimClient client = actor.node.client;
    int onTheWay = client.requestsOnTheWay();
    switch (plan.fault()) {
      case CRASH -> {
        for (int delivered = 0; delivered <= onTheWay; delivered++) {
          int reach = delivered;
          addFault(actor, " crashes, " + reach + " delivered", () -> crash(actor, reach));
        }
      }
      case EXPIRY ->
          addFault(
              actor,
              " gives up its session",
              () -> {
                oracle.disturb();
                ensemble.giveUp(client);
              });
      case CANCEL -> {
        CompletableFuture<Hold> future = actor.future;
        if (actor.wish != null && future != null) {
          addFault(actor, " cancels", () -> future.cancel(false));
        }
      }
      case LOST_REPLY -> {
        for (int delivered = 0; client.connected() && delivered <= onTheWay; delivered++) {
          int reach = delivered;
          addFault(
              actor,
              " is disconnected, " + reach + " delivered",
              () -> ensemble.disconnect(client, reach, 0));
        }
      }
      case NONE -> {}
    }
  }

  private void crash(Actor actor, int delivered) {
    oracle.disturb();
    actor.node.crash(delivered);
    oracle.remove(actor.use);
  }

  String name(int choice) {
    return choices.get(choice).name().get();
  }

  /** Does one of the {@link #choices}. */
  void take(int choice) {
    choices.get(choice).task().run();
    oracle.check();
    runNodes();
    oracle.check();
  }

  /** As {@link #choices} and {@link #take}, where it was done and found right before. */
  void repeat(int choice) {
    if (choice >= choices()) {
      throw new IllegalStateException("there is no choice " + choice);
    }
    choices.get(choice).task().run();
    oracle.follow();
    runNodes();
    oracle.follow();
  }

  private void acquire(Actor actor) {
    LockMode mode = actor.modes.get(actor.next++);
    CompletableFuture<Hold> future = actor.use.lock.acquireAsync(mode);
    Use.Wish wish = new Use.Wish(actor.use, mode, future);
    actor.wish = wish;
    actor.future = future;
    var unused =
        future.whenComplete(
            (hold, error) -> {
              actor.wish = null;
              actor.future = null;
              if (hold != null) {
                got(actor, new Use.Held(actor.use, hold, null, wish), wish);
              }
            });
  }

  private void got(Actor actor, Use.Held held, Use.Wish wish) {
    Use use = actor.use;
    use.holds.add(held);
    actor.held = held;
    try {
      if (oracle.granted(held, wish)) {
        if (held.hold.freshness().mustReload()) {
          use.copy = resource.content;
        }
        if (held.hold.mode() == LockMode.EXCLUSIVE) {
          resource.content = ++writes;
          use.copy = resource.content;
          if (held.hold.freshness() == Freshness.OWNER_DIED) {
            held.hold.markRecovered();
            truth.recoveredBy.add(held.hold.token());
          }
        }
      }
    } catch (Violation e) {
      failure = e;
    }
  }

  private void unlock(Actor actor) {
    Use.Held held = actor.held;
    actor.held = null;
    if (held != null) {
      actor.use.holds.remove(held);
      if (held.isValid()) {
        actor.use.known = true;
        actor.use.knownForeignBumps = actor.use.foreignBumps();
      }
      var unused = held.hold.unlockAsync();
    }
  }

  /** At the end everybody has been served, and nothing is left. */
  void checkEnd() {
    if (failure != null) {
      throw failure;
    }
    for (Actor actor : actors) {
      if (actor.node.isThere()) {
        var unused = actor.use.lock.drop();
      }
    }
    calm();
    oracle.check();
    String left = oracle.whatIsLeft();
    if (!left.isEmpty()) {
      throw new Violation(left);
    }
  }

  /** A number for the state. */
  long fingerprint() {
    HashedFingerprint out = new HashedFingerprint(truth.paths.lock(), reconnecting());
    fingerprint(out);
    return out.hash();
  }

  /** The state for people. */
  String describe() {
    Fingerprint out = new Fingerprint(truth.paths.lock(), reconnecting());
    fingerprint(out);
    return out.toString();
  }

  private int reconnecting() {
    return mayReconnect() ? plan.faulty() : Fingerprint.NOBODY;
  }

  private void fingerprint(Fingerprint out) {
    if (failure != null) {
      throw failure;
    }
    ensemble.fingerprint(out, false);
    oracle.fingerprint(out);
    for (Leader.Tracked session : ensemble.leader.sessions.values()) {
      if (!isOfTheLiving(
          session.id)) { // it ends by itself, and until then time does make a difference
        out.number(session.expiresAtNanos - ensemble.nowNanos());
      }
    }
    for (Actor actor : actors) {
      if (!actor.node.isThere()) {
        out.text("\ngone");
        continue; // what it was about to do does not matter
      }
      out.text("\nactor ").number(actor.next);
      out.text(actor.held != null ? "holds " : actor.wish != null ? "waits " : "");
      if (actor.held != null) {
        out.text(actor.held.hold.freshness().name()).zxid(actor.held.hold.token());
      }
      out.text(resource.content == actor.use.copy ? "knows " : "");
      long nowNanos = actor.node.clock.nanoTime();
      actor.node.access.fingerprint(new StateText(out, nowNanos)::add);
      out.number(actor.node.loop().timersBefore(nowNanos + SHORT_NANOS));
    }
    out.text(faultDone ? "faulted" : "");
  }
}
