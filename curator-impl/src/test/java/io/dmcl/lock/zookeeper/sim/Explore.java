package io.dmcl.lock.zookeeper.sim;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Every schedule of a small configuration: depth first, each branch replayed from the start, and
 * not followed again where the same state was seen before. What happens within a node between two
 * messages happens at once; messages, users and one fault come in every order. Time passes when
 * nothing else can happen, or a short timer of a node is due. So a schedule that comes back to a
 * state that it was in before is one in which somebody waits for ever, and so is one in which
 * everybody waits although nobody has left a session behind. {@link Reduction} says which orders
 * need not be tried.
 */
final class Explore {
  private final SmallPlan plan;
  private final boolean reduced;
  private final Numbers seen = new Numbers();

  /**
   * What the users and the oracle can see, what each node can know, and how it can end: the same
   * with every reduction.
   */
  private final Set<Long> sights = new HashSet<>();

  private final Set<Long> knowledge = new HashSet<>();

  private final Set<Long> ends = new HashSet<>();
  private final boolean collects;

  private long runs;
  private int deepest;

  Explore(SmallPlan plan) {
    this(plan, true, false);
  }

  /**
   * An exploration.
   *
   * @param reduced whether to leave out orders that make no difference
   * @param collects whether to collect {@link #sights}, {@link #knowledge} and {@link #ends}
   */
  Explore(SmallPlan plan, boolean reduced, boolean collects) {
    this.plan = plan;
    this.reduced = reduced;
    this.collects = collects;
  }

  /** What an exploration came to. */
  record Result(long states, long runs, int depth, boolean complete) {}

  /** A state on the way down: the choices in it, and which is taken. */
  private static final class Branch {
    final long fingerprint;
    final int[] order;

    /** So many of them, from the first on, are enough. */
    int enough;

    int taken;

    Branch(long fingerprint, int[] order, int enough) {
      this.fingerprint = fingerprint;
      this.order = order;
      this.enough = enough;
    }

    int choice() {
      return order[taken];
    }
  }

  /** All that users and oracle could see, where that was collected. */
  Set<Long> sights() {
    return sights;
  }

  /**
   * All that a node can know, where that was collected; with what it knows of leases, which is left
   * out where a session may have to end.
   */
  Set<Long> knowledge() {
    return knowledge;
  }

  /** All final states, where they were collected. */
  Set<Long> ends() {
    return ends;
  }

  /**
   * Explores.
   *
   * @param mostStates gives up there, and says so
   * @throws Violation with the choices that lead to it
   */
  Result run(long mostStates) {
    List<Branch> path = new ArrayList<>();
    do {
      runs++;
      try {
        follow(path);
      } catch (RuntimeException | Error e) {
        throw new Violation(plan + ": " + e.getMessage() + describe(path), e);
      }
      deepest = Math.max(deepest, path.size());
      if (seen.size() >= mostStates) {
        return new Result(seen.size(), runs, deepest, false);
      }
    } while (nextBranch(path));
    return new Result(seen.size(), runs, deepest, true);
  }

  /** Turns to the next choice of the last state that has one left; false if there is none. */
  private static boolean nextBranch(List<Branch> path) {
    while (!path.isEmpty()) {
      Branch last = path.get(path.size() - 1);
      if (++last.taken < last.enough) {
        return true;
      }
      path.remove(path.size() - 1);
    }
    return false;
  }

  /** Goes along a path, of which only the last step is new, and on until nothing is new. */
  private void follow(List<Branch> path) {
    SmallWorld world = new SmallWorld(plan, reduced);
    for (Branch branch : path.subList(0, Math.max(0, path.size() - 1))) {
      world.repeat(branch.choice());
    }
    if (!path.isEmpty()) {
      int unused = world.choices();
      step(world, path.get(path.size() - 1));
    }
    long fingerprint = world.state().fingerprint();
    for (; seen.add(fingerprint); fingerprint = world.state().fingerprint()) {
      if (collects) {
        sights.add(world.state().sight());
        world.actors().forEach(actor -> knowledge.add(world.state().knowledge(actor)));
      }
      int choices = world.choices();
      if (choices == 0) {
        if (collects) {
          ends.add(world.state().end());
        }
        world.checkEnd();
        return;
      }
      Branch branch = branch(world, fingerprint, choices);
      path.add(branch);
      step(world, branch);
    }
    for (Branch before : path) {
      if (reduced && before.fingerprint == fingerprint) {
        throw new Violation("somebody is never served: this goes round for ever");
      }
    }
  }

  private Branch branch(SmallWorld world, long fingerprint, int choices) {
    int[] order = new int[choices];
    List<Integer> first = reduced ? Reduction.first(world) : List.of();
    int next = 0;
    for (int choice : first) {
      order[next++] = choice;
    }
    for (int i = 0; i < choices; i++) {
      if (!first.contains(i)) {
        order[next++] = i;
      }
    }
    return new Branch(fingerprint, order, first.isEmpty() ? choices : first.size());
  }

  /** Takes the choice of a branch; if users or oracle can see it, the others matter too. */
  private static void step(SmallWorld world, Branch branch) {
    long before = world.state().view();
    world.take(branch.choice());
    if (world.state().view() != before) {
      branch.enough = branch.order.length;
    }
  }

  private String describe(List<Branch> path) {
    StringBuilder text = new StringBuilder();
    SmallWorld world = new SmallWorld(plan, reduced);
    for (Branch branch : path) {
      int unused = world.choices();
      text.append("\n  ").append(world.name(branch.choice()));
      try {
        world.take(branch.choice());
      } catch (RuntimeException | Error e) {
        text.append(": ").append(e);
        break;
      }
    }
    return text.toString();
  }
}
