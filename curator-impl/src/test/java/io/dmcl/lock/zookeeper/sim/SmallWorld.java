package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
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
  private final boolean reduced;
  private final SmallState state;
  private final Ensemble ensemble;
  private final Oracle oracle;
  private final LockTruth truth;
  private final Resource resource = new Resource();
  private final List<Actor> actors = new ArrayList<>();
  private final List<Choice> choices = new ArrayList<>();
  private boolean faultDone;

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

  /**
   * A run.
   *
   * @param reduced whether to connect, and to wait for the end of a session, in one step each
   */
  SmallWorld(SmallPlan plan, boolean reduced) {
    this.plan = plan;
    this.reduced = reduced;
    state = new SmallState(this, !reduced);
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
      actors.add(new Actor(node, use, plan.modes().get(i), oracle));
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
      collect(step);
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
    long due = nextDueNanos();
    boolean soon = due - ensemble.nowNanos() < SHORT_NANOS;
    if (soon) {
      addTime("time passes", () -> ensemble.advanceTo(due));
    } else if (choices.isEmpty() && !isOver()) {
      addTime("everybody waits", reduced ? this::endSessions : this::waitForAnything);
    }
    return choices.size();
  }

  private void collect(Step step) {
    switch (step.kind()) {
      case SERVER_HEARS -> {}
      case CLIENT_CONNECTS -> {
        Actor actor = actors.get(step.client());
        if (!reduced) {
          addStep(step, actor, () -> ensemble.take(step));
        } else if (!isAhead(actor, ensemble.server(step.server()))) {
          addStep(step, actor, () -> connect(step));
        }
      }
      case CLIENT_RECEIVES -> addStep(step, actors.get(step.client()), () -> ensemble.take(step));
      default -> addStep(step, null, () -> ensemble.take(step));
    }
  }

  private void addStep(Step step, @Nullable Actor actor, Runnable task) {
    choices.add(new Choice(step::toString, task, step, actor, false));
  }

  private void addTime(String what, Runnable task) {
    choices.add(new Choice(() -> what, task, null, null, false));
  }

  /** Whether a server would refuse a client, which has seen more than it. */
  static boolean isAhead(Actor actor, Server server) {
    return actor.node.client.lastZxid() > server.tree.zxid;
  }

  /**
   * A client connects, and the server takes that. In between a client does the same as without a
   * connection, so nothing is lost if both happen at the later time; and if the server refuses,
   * being behind, all is as it was.
   */
  private void connect(Step step) {
    ensemble.take(step);
    Connection made = actors.get(step.client()).node.client.connection();
    if (made != null) {
      ensemble.take(made.takes);
    }
  }

  private void waitForAnything() {
    ensemble.advanceTo(Math.min(nextDueNanos(), ensemble.nextDueNanos()));
  }

  /**
   * The sessions of those who have gone end. Until then nothing happens but that the others renew
   * their leases: that is about their own znodes and sessions, which nobody else reads. So it is
   * left out, and only so much time passes that no grant is fresh any more.
   */
  private void endSessions() {
    List<Long> over = new ArrayList<>(ensemble.leader.sessions.keySet());
    over.removeIf(this::isOfTheLiving);
    if (over.isEmpty()) {
      throw new Violation("somebody is never served: everybody waits, and no session ends");
    }
    ensemble.advanceTo(ensemble.nowNanos() + SHORT_NANOS);
    over.forEach(id -> ensemble.leader.end(id, null, null));
  }

  private long nextDueNanos() {
    long due = Long.MAX_VALUE;
    for (Actor actor : actors) {
      due = Math.min(due, actor.node.nextDueNanos());
    }
    return due;
  }

  SmallState state() {
    return state;
  }

  // For SmallState and Reduction.

  SmallPlan plan() {
    return plan;
  }

  Ensemble ensemble() {
    return ensemble;
  }

  Oracle oracle() {
    return oracle;
  }

  LockTruth truth() {
    return truth;
  }

  Resource resource() {
    return resource;
  }

  boolean isFaultDone() {
    return faultDone;
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

  private boolean isOver() {
    for (Actor actor : actors) {
      if (actor.node.isThere() && !actor.isServed()) {
        return false;
      }
    }
    return truth.queue.values().stream().allMatch(place -> isOfTheLiving(place.session));
  }

  /** Whether a session is that of a node that is there. */
  boolean isOfTheLiving(long id) {
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
      add(actor, " unlocks", actor::unlock, false);
      if (!actor.isFinished()) {
        add(actor, " unlocks and acquires", actor::unlockAndAcquire, false);
      }
    } else if (actor.wish == null && !actor.isFinished()) {
      add(actor, " acquires", actor::acquire, false);
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
    switch (plan.fault()) {
      case CRASH -> {
        for (int reach : reaches(client)) {
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
        for (int reach : client.connected() ? reaches(client) : List.<Integer>of()) {
          addFault(
              actor,
              " is disconnected, " + reach + " delivered",
              () -> ensemble.disconnect(client, reach, 0));
        }
      }
      case NONE -> {}
    }
  }

  /**
   * How many of the requests that are on the way can be delivered when a client has gone. Whether a
   * read is the last of them makes no difference: nobody receives what it is answered.
   */
  private List<Integer> reaches(SimClient client) {
    List<Integer> reaches = new ArrayList<>(List.of(0));
    Connection connection = client.connection();
    if (connection != null) {
      int delivered = 0;
      for (Request request : connection.toServer) {
        delivered++;
        if (request.isWrite() || !reduced) {
          reaches.add(delivered);
        }
      }
    }
    return reaches;
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
    checkUsers();
  }

  private void checkUsers() {
    for (Actor actor : actors) {
      if (actor.failure != null) {
        throw actor.failure;
      }
    }
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

  /** At the end everybody has been served, and nothing is left. */
  void checkEnd() {
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
}
