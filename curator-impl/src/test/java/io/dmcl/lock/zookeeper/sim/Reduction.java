package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.sim.SmallPlan.Fault;
import io.dmcl.lock.zookeeper.sim.SmallWorld.Choice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which orders of independent steps an {@link Explore exploration} need not try: persistent sets.
 * In some states a few of the choices are enough, because whatever the others lead to, in whatever
 * order, commutes with each of the few; then those are tried first, and the others only after them.
 * {@link Explore} tries all of them after all if one of the few changes what users and oracle see
 * in the nodes, so every sight that there is remains. No step is put off for ever: each of the few
 * uses up a message or a wish of a user, and sends at most something on which the others wait.
 *
 * <p>Steps depend on each other only where they touch the same thing:
 *
 * <ul>
 *   <li>a client's steps (its user, the receipt of a message, most faults) touch its node, and the
 *       ends of its channels: the tail of the one to its server, the head of the one from it;
 *   <li>a server that takes or answers a request touches the other ends of those, and reads its own
 *       tree and sets watches there; or it hands a write to the leader, whose order is everything;
 *   <li>a server that applies a commit touches its own tree, its watches, and the tails of the
 *       channels to its clients.
 * </ul>
 *
 * <p>The sets, in the order in which they are looked for:
 *
 * <ol>
 *   <li><b>A server takes a read that has to wait</b> there for the answer to a write before it. It
 *       is answered later in any case, at every point at which it could be if it were taken later.
 *   <li><b>A server takes or answers a read of a client that has left</b>: nobody receives that.
 *   <li><b>A server takes, or applies, a write that has nothing to do with the lock</b>: of a
 *       node's own znode, for its lease. Nobody reads that, and its transaction is not asked for;
 *       only who may reconnect depends on how far servers are.
 *   <li><b>A server applies a commit that no read can tell from the state before it</b>: none of
 *       its clients has a read there, on the way there, or will send one before it has received
 *       something. What is behind a write that is not decided yet does not count: it is answered
 *       after that, and so after this commit. Nor does a client that is going to have another
 *       session: that is opened by a later commit.
 *   <li><b>All that a client can do</b>, if it has a message to receive: nobody else takes that
 *       away or comes before it. Or if none can come to it before it acts: nothing of it is on the
 *       way or watched, or it has no connection, and every server takes it.
 * </ol>
 *
 * <p>Time is not such a step: it touches every node. But without a grant, and with no short timer
 * of its own, a node does the same a little later; and with a grant that nobody uses or is going to
 * use it only gives that up, a little later.
 *
 * <p>{@link SmallWorld} leaves out some more by itself: what happens while everybody waits for the
 * end of a session, and what is between a client's attempt to connect and the server's answer.
 */
final class Reduction {
  private final SmallWorld world;
  private final List<Choice> choices;

  private Reduction(SmallWorld world) {
    this.world = world;
    choices = world.found();
  }

  /** The choices that are enough; none if it takes them all. */
  static List<Integer> first(SmallWorld world) {
    return new Reduction(world).first();
  }

  private List<Integer> first() {
    for (int i = 0; i < choices.size(); i++) {
      Step step = choices.get(i).step();
      if (step != null
          && (queuesUp(step)
              || isForNobody(step)
              || isWrittenElsewhere(step)
              || isAppliedUnseen(step))) {
        return List.of(i);
      }
    }
    for (Actor actor : world.actors()) {
      if (isOnItsOwn(actor)) {
        List<Integer> own = ownOf(actor);
        if (!own.isEmpty()) {
          return own;
        }
      }
    }
    return List.of();
  }

  /** Whether a server takes a read that it will answer behind a write. */
  private static boolean queuesUp(Step step) {
    Connection connection = step.connection();
    if (step.kind() != Step.Kind.SERVER_TAKES || connection == null) {
      return false;
    }
    Request next = connection.toServer.peek();
    return next != null && !next.isWrite() && !connection.inService.isEmpty();
  }

  /** Whether a server takes or answers a read of a client that has gone. */
  private static boolean isForNobody(Step step) {
    Connection connection = step.connection();
    if (connection == null || !connection.clientGone) {
      return false;
    }
    Request next = connection.toServer.peek();
    return step.kind() == Step.Kind.SERVER_ANSWERS || (next != null && !next.isWrite());
  }

  // Commits.

  /** Whether a server passes a write on that has nothing to do with the lock. */
  private boolean isWrittenElsewhere(Step step) {
    Connection connection = step.connection();
    return step.kind() == Step.Kind.SERVER_TAKES
        && connection != null
        && !world.mayReconnect()
        && connection.toServer.peek() instanceof Request.Write write
        && write.writes().stream().noneMatch(op -> world.isOfTheLock(op.path()));
  }

  private boolean isAppliedUnseen(Step step) {
    if (step.kind() != Step.Kind.SERVER_APPLIES) {
      return false;
    }
    Server server = world.ensemble().server(step.server());
    Server.FromLeader next = server.fromLeader.peek();
    Txn commit = next == null ? null : next.commit();
    if (commit == null || commit.kind() == Txn.Kind.CLOSE_SESSION) {
      return false;
    }
    if (!world.mayReconnect()
        && commit.changes().stream().noneMatch(change -> world.isOfTheLock(change.path()))) {
      return true;
    }
    for (Actor actor : world.actors()) {
      if (actor.node.isThere() && !cannotRead(actor, server)) {
        return false;
      }
    }
    return true;
  }

  /** Whether a node does not read there before it has received something. */
  private boolean cannotRead(Actor actor, Server server) {
    Connection connection = actor.node.client.connection();
    if (connection == null || !actor.node.client.connected()) {
      return world.plan().fault() == Fault.EXPIRY; // its new session is opened behind the commit
    }
    if (connection.server != server) {
      return !world.mayFail(actor) || world.plan().fault() != Fault.LOST_REPLY;
    }
    return connection.toClient.isEmpty()
        && isWriteOrNone(connection.inService.peek())
        && (!connection.inService.isEmpty() || isWriteOrNone(connection.toServer.peek()))
        && hasNoShortTimer(actor)
        && (!world.mayFail(actor) || endsItsSession())
        && (actor.isPassive() || (hasNoGrantToKeep(actor) && watchesNothing(actor)));
  }

  private static boolean isWriteOrNone(@Nullable Request request) {
    return request == null || request.isWrite();
  }

  /** So its user's next call sends a transaction, and no read that is not behind one. */
  private boolean hasNoGrantToKeep(Actor actor) {
    return !world.plan().cached() || actor.use.local.fastGrant() == null;
  }

  private static boolean watchesNothing(Actor actor) {
    SimSession session = actor.node.client.session();
    return session != null && session.dataWatches.isEmpty() && session.childWatches.isEmpty();
  }

  // Clients.

  private boolean isOnItsOwn(Actor actor) {
    Connection connection = actor.node.client.connection();
    if (!actor.node.isThere() || actor.held != null || !hasNoShortTimer(actor)) {
      return false;
    }
    if (connection == null) {
      return actor.use.local.fastGrant() == null && canConnectAnywhere(actor);
    }
    if (!connection.toClient.isEmpty()) {
      return actor.use.local.fastGrant() == null || (actor.isServed() && !timePasses());
    }
    return actor.node.client.connected()
        && actor.use.local.fastGrant() == null
        && connection.toServer.isEmpty()
        && connection.inService.isEmpty()
        && watchesNothing(actor);
  }

  /**
   * Whether all servers take a client, in the same way now and later. (What is on the way from the
   * connection before would be refused after that, so it has to have come.)
   */
  private boolean canConnectAnywhere(Actor actor) {
    if (world.plan().fault() == Fault.EXPIRY) {
      return true; // a new session is for every server
    }
    for (int i = 0; i < world.plan().servers(); i++) {
      Server server = world.ensemble().server(i);
      boolean onTheWay =
          server.connections.stream().anyMatch(one -> one.client == actor.node.client);
      if (onTheWay || SmallWorld.isAhead(actor, server)) {
        return false;
      }
    }
    return true;
  }

  private boolean endsItsSession() {
    return world.plan().fault() == Fault.CRASH || world.plan().fault() == Fault.EXPIRY;
  }

  private boolean timePasses() {
    Choice last = choices.get(choices.size() - 1);
    return last.step() == null && last.actor() == null;
  }

  private boolean hasNoShortTimer(Actor actor) {
    return actor.node.nextDueNanos() - world.ensemble().nowNanos() >= SmallWorld.SHORT_NANOS;
  }

  /**
   * What a client can do. Not that it crashes: that leaves the same whether it has done anything
   * else before or not, as what it has sent since need not be delivered. (That it loses its
   * connection belongs to it: what the server would have taken by then is delivered instead.)
   */
  private List<Integer> ownOf(Actor actor) {
    List<Integer> own = new ArrayList<>();
    for (int i = 0; i < choices.size(); i++) {
      Choice choice = choices.get(i);
      if (choice.actor() == actor && !(choice.fault() && world.plan().fault() == Fault.CRASH)) {
        own.add(i);
      }
    }
    return own;
  }
}
