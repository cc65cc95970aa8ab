package io.dmcl.lock.zookeeper.sim;

import static java.util.Objects.requireNonNull;

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
import org.jspecify.annotations.Nullable;

/** One run of a small configuration, for {@link Explore}. */
final class SmallWorld {
  private static final long TICK_NANOS = 2_000_000_000L;
  private static final long TIMEOUT_NANOS = 4 * TICK_NANOS;
  private static final long SHORT_NANOS = 30_000_000L;
  private static final int MOST_STEPS_AT_ONCE = 10_000;

  private final Explore.SmallPlan plan;
  private final Ensemble ensemble;
  private final Oracle oracle;
  private final LockTruth truth;
  private final Resource resource = new Resource();
  private final List<Actor> actors = new ArrayList<>();
  private final List<Choice> choices = new ArrayList<>();
  private boolean faultDone;
  private boolean timePasses;
  private long writes;

  /** What can be done next. */
  private record Choice(String name, Runnable task, @Nullable Step step) {
    Choice(String name, Runnable task) {
      this(name, task, null);
    }
  }

  /** A node and its user, who does one thing after the other. */
  private static final class Actor {
    final SimNode node;
    final Use use;
    final List<LockMode> modes;
    int next;
    boolean cancelled;
    Use.@Nullable Wish wish;
    Use.@Nullable Held held;
    @Nullable CompletableFuture<Hold> future;

    Actor(SimNode node, Use use, List<LockMode> modes) {
      this.node = node;
      this.use = use;
      this.modes = modes;
    }
  }

  SmallWorld(Explore.SmallPlan plan) {
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
        choices.add(new Choice(step.toString(), () -> ensemble.take(step), step));
      }
    }
    for (Actor actor : actors) {
      if (actor.node.isThere()) {
        collect(actor);
      }
    }
    Actor faulty = actors.get(plan.faulty());
    if (mayFail(faulty)) {
      collectFaults(faulty);
    }
    long due = Long.MAX_VALUE;
    for (Actor actor : actors) {
      due = Math.min(due, actor.node.nextDueNanos());
    }
    long soon = due;
    timePasses = due - ensemble.nowNanos() < SHORT_NANOS;
    if (timePasses || (choices.isEmpty() && !isOver())) {
      long target = timePasses ? soon : Math.min(due, ensemble.nextDueNanos());
      choices.add(new Choice("time passes", () -> ensemble.advanceTo(target)));
    }
    return choices.size();
  }

  /** See {@link Explore}; -1 if there is no such step. */
  int commuting() {
    for (int i = 0; i < choices.size(); i++) {
      Step step = choices.get(i).step();
      if (step != null && (queuesUp(step) || isOnlyHeard(step))) {
        return i;
      }
    }
    return -1;
  }

  /** Whether a server takes a read that it will answer behind a write. */
  private static boolean queuesUp(Step step) {
    Connection connection = step.connection();
    return step.kind() == Step.Kind.SERVER_TAKES
        && connection != null
        && !connection.inService.isEmpty()
        && !requireNonNull(connection.toServer.peek()).isWrite();
  }

  /**
   * Whether a message reaches a node that neither its user nor a fault or timer is going to use.
   */
  private boolean isOnlyHeard(Step step) {
    if (step.kind() != Step.Kind.CLIENT_RECEIVES || timePasses) {
      return false;
    }
    Actor actor = actors.get(step.client());
    boolean waits = actor.wish != null || actor.next == actor.modes.size();
    return waits && actor.held == null && (!mayFail(actor) || plan.fault() == Explore.Fault.CRASH);
  }

  private boolean mayFail(Actor actor) {
    return !faultDone && plan.fault() != Explore.Fault.NONE && actor == actors.get(plan.faulty());
  }

  /** What the oracle looks at in nodes. */
  String view() {
    StringBuilder text = new StringBuilder();
    for (Actor actor : actors) {
      Grant grant = actor.use.local.fastGrant();
      text.append(actor.node.isThere()).append(actor.held != null).append(actor.wish != null);
      if (grant != null) {
        text.append(grant.token()).append(grant.mode()).append(grant.lease().isEnded());
      }
    }
    return text.toString();
  }

  private boolean isOver() {
    for (Actor actor : actors) {
      if (actor.node.isThere() && (actor.next < actor.modes.size() || actor.wish != null)) {
        return false;
      }
    }
    return truth.queue.values().stream().allMatch(place -> isOfTheLiving(place));
  }

  private boolean isOfTheLiving(LockTruth.Place place) {
    for (Actor actor : actors) {
      SimSession session = actor.node.client.session();
      if (actor.node.isThere() && session != null && session.id() == place.session) {
        return true;
      }
    }
    return false;
  }

  private void collect(Actor actor) {
    if (actor.held != null) {
      choices.add(new Choice(actor.node + " unlocks", () -> unlock(actor)));
    } else if (actor.wish == null && actor.next < actor.modes.size()) {
      choices.add(new Choice(actor.node + " acquires", () -> acquire(actor)));
    }
  }

  private void collectFaults(Actor actor) {
    if (!actor.node.isThere()) {
      return;
    }
    switch (plan.fault()) {
      case CRASH -> {
        int onTheWay = actor.node.client.requestsOnTheWay();
        for (int delivered = 0; delivered <= onTheWay; delivered++) {
          int reach = delivered;
          choices.add(
              new Choice(
                  actor.node + " crashes",
                  () -> {
                    faultDone = true;
                    oracle.disturb();
                    actor.node.crash(reach);
                    oracle.remove(actor.use);
                  }));
        }
      }
      case EXPIRY ->
          choices.add(
              new Choice(
                  actor.node + " gives up its session",
                  () -> {
                    faultDone = true;
                    oracle.disturb();
                    ensemble.giveUp(actor.node.client);
                  }));
      case CANCEL -> {
        CompletableFuture<Hold> future = actor.future;
        if (actor.wish != null && future != null) {
          choices.add(
              new Choice(
                  actor.node + " cancels",
                  () -> {
                    faultDone = true;
                    future.cancel(false);
                  }));
        }
      }
      case LOST_REPLY -> {
        int onTheWay = actor.node.client.requestsOnTheWay();
        if (actor.node.client.connected()) {
          for (int delivered = 0; delivered <= onTheWay; delivered++) {
            int reach = delivered;
            choices.add(
                new Choice(
                    actor.node + " is disconnected, " + reach + " delivered",
                    () -> {
                      faultDone = true;
                      ensemble.disconnect(actor.node.client, reach, 0);
                    }));
          }
        }
      }
      case NONE -> {}
    }
  }

  String name(int choice) {
    return choices.get(choice).name();
  }

  /** Does one of the {@link #choices}. */
  void take(int choice) {
    if (choice >= choices()) {
      throw new IllegalStateException("there is no choice " + choice);
    }
    choices.get(choice).task().run();
    oracle.check();
    runNodes();
    oracle.check();
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

  private @Nullable Violation failure;

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

  /** A number for the state; two states have the same by accident once in 2⁶⁴ pairs. */
  long fingerprint() {
    if (failure != null) {
      throw failure;
    }
    boolean mayReconnect =
        plan.fault() == Explore.Fault.LOST_REPLY || plan.fault() == Explore.Fault.EXPIRY;
    Fingerprint out = new Fingerprint(truth.paths.lock(), mayReconnect);
    ensemble.fingerprint(out, false);
    for (Actor actor : actors) {
      out.text("\nactor ").number(actor.next);
      out.text(actor.held != null ? "holds " : actor.wish != null ? "waits " : "");
      if (actor.held != null) {
        out.text(actor.held.hold.freshness().name()).zxid(actor.held.hold.token());
      }
      out.number(resource.content - actor.use.copy);
      if (actor.node.isThere()) {
        actor.node.access.fingerprint(new StateText(out, actor.node.clock.nanoTime())::add);
        out.number(actor.node.loop().timersBefore(actor.node.clock.nanoTime() + SHORT_NANOS));
      }
    }
    out.text(faultDone ? "faulted" : "");
    String text = out.toString();
    long hash = 1125899906842597L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return hash;
  }
}
