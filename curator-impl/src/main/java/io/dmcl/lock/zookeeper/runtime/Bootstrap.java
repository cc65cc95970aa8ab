package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;

/**
 * Makes what has to be there before a session is of use: the node's own znode and, for the first
 * node of a lockspace, the skeleton. Begun anew by each connection until it is done. Event loop
 * only.
 */
final class Bootstrap {
  /** Who waits for it. */
  interface Host {
    /** Whether there is a connection, and something is still to be made. */
    boolean mayWrite();

    /** All is there. */
    void ready();

    /** It cannot be. */
    void fail(RuntimeException cause);
  }

  private final Host host;
  private final Session session;
  private final Loop loop;
  private final Layout layout;
  private final String spread;
  private final WriteOp ownNode;
  private final Deque<List<WriteOp>> steps = new ArrayDeque<>();
  private boolean ended;

  /**
   * Not begun.
   *
   * @param spread what a lockspace over several ensembles is spread over; empty if it is on one
   * @param ownNode makes the node's own znode
   */
  Bootstrap(Host host, Session session, Loop loop, Layout layout, String spread, WriteOp ownNode) {
    this.host = host;
    this.session = session;
    this.loop = loop;
    this.layout = layout;
    this.spread = spread;
    this.ownNode = ownNode;
  }

  /** Begins, or begins anew. */
  void begin() {
    steps.clear();
    steps.add(List.of(ownNode));
    nextStep();
  }

  /** The session is over. */
  void end() {
    ended = true;
    steps.clear();
  }

  private void nextStep() {
    List<WriteOp> step = steps.peek();
    if (step == null || !host.mayWrite()) {
      return;
    }
    session.transact(
        step,
        reply ->
            loop.execute(
                () -> {
                  if (steps.peek() == step) { // otherwise begun anew meanwhile, or over
                    answered(step, reply);
                  }
                }));
  }

  private void answered(List<WriteOp> step, Reply.Transaction reply) {
    switch (reply.code()) {
      case OK:
        break;
      case NODE_EXISTS:
        if (step.size() > 1) {
          createMissing(step);
          return;
        }
        break;
      case NO_NODE:
        if (steps.size() > 1) {
          fail(
              "cannot create "
                  + step.get(0).path()
                  + ": its parent does not exist. The chroot of a connect string has to be"
                  + " there before, and nobody may delete what is below it");
          return;
        }
        steps.clear();
        steps.addAll(layout.skeleton(spread.getBytes(StandardCharsets.UTF_8)));
        steps.add(step);
        nextStep();
        return;
      case CONNECTION_LOSS:
      case SESSION_ENDED:
        return; // begun anew by the next connection, or session
      default:
        fail("cannot create " + step.get(0).path() + ": " + reply.code());
        return;
    }
    steps.remove();
    stepDone();
  }

  /**
   * Some of the siblings are there, usually all, made by another node just now: makes the others. A
   * read behind our own transaction shows at least what made it fail.
   */
  private void createMissing(List<WriteOp> siblings) {
    String first = siblings.get(0).path();
    String parent = first.substring(0, first.lastIndexOf('/'));
    session.read(
        List.of(new ReadOp.Children(parent)),
        replies ->
            loop.execute(
                () -> {
                  Reply.Read reply = replies.get(0);
                  if (steps.peek() == siblings && !reply.code().outcomeUnknown()) {
                    createMissing(siblings, parent, reply);
                  } // otherwise begun anew by the next connection, or session
                }));
  }

  private void createMissing(List<WriteOp> siblings, String parent, Reply.Read reply) {
    if (reply.code() != Code.OK) {
      fail("cannot read " + parent + ": " + reply.code());
      return;
    }
    Set<String> there = Set.copyOf(reply.children());
    List<WriteOp> missing =
        siblings.stream()
            .filter(op -> !there.contains(op.path().substring(parent.length() + 1)))
            .toList();
    steps.remove();
    if (!missing.isEmpty()) {
      steps.addFirst(missing);
    }
    stepDone();
  }

  private void stepDone() {
    if (!steps.isEmpty()) {
      nextStep();
    } else if (spread.isEmpty()) {
      host.ready();
    } else {
      checkSpread();
    }
  }

  /** Nodes that disagree about the ensembles would look for the same lock in different places. */
  private void checkSpread() {
    session.read(
        List.of(new ReadOp.Data(layout.nodes())),
        replies ->
            loop.execute(
                () -> {
                  Reply.Read reply = replies.get(0);
                  if (!ended && !reply.code().outcomeUnknown()) {
                    checkSpread(reply);
                  } // otherwise begun anew by the next connection, or session
                }));
  }

  private void checkSpread(Reply.Read reply) {
    String found = new String(reply.data(), StandardCharsets.UTF_8);
    if (reply.code() == Code.OK && found.equals(spread)) {
      host.ready();
      return;
    }
    fail(
        "the lockspace is opened as "
            + spread
            + ", but what is there says "
            + (reply.code() == Code.OK ? '"' + found + '"' : reply.code())
            + ": all nodes have to name the same ensembles. To change them, close"
            + " the lockspace on all nodes and delete "
            + layout.nodes()
            + " on each ensemble");
  }

  private void fail(String why) {
    host.fail(new CoordinatorUnavailableException(why));
  }
}
