package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Every schedule of a small configuration: depth first, each branch replayed from the start, and
 * not followed again where the same state was seen before. What happens within a node between two
 * messages happens at once; messages, users and one fault come in every order. Time passes when
 * nothing else can happen, or a short timer of a node is due.
 *
 * <p>One reduction (persistent sets of one step): there are steps that come first, and no other is
 * tried in their place.
 *
 * <ul>
 *   <li>A message reaches a node whose user has nothing to do but wait, while no timer is to come,
 *       and no fault of that node (but a crash: that leaves the same, whether the message was
 *       received or not), unless it changes what is granted or held. It reads and writes nothing
 *       that another step does, but for the two ends of first-in-first-out channels, so every order
 *       of it and the others leads to the same state; and as it changes nothing that the oracle
 *       looks at, the oracle sees the same in each of them.
 *   <li>A server takes a read that has to wait there for the answer to a write before it. It is
 *       answered later in any case, at every point at which it could be if it were taken later.
 * </ul>
 */
final class Explore {
  private final SmallPlan plan;
  private final Set<Long> seen = new HashSet<>();
  private long runs;
  private int deepest;

  Explore(SmallPlan plan) {
    this.plan = plan;
  }

  /** What an exploration came to. */
  record Result(long states, long runs, int depth, boolean complete) {}

  /**
   * Explores.
   *
   * @param mostStates gives up there, and says so
   * @throws Violation with the choices that lead to it
   */
  Result run(long mostStates) {
    // Each element: how many choices there were, and which is taken.
    List<int[]> path = new ArrayList<>();
    while (true) {
      runs++;
      boolean again;
      try {
        again = follow(path);
      } catch (RuntimeException | Error e) {
        throw new Violation(plan + ": " + e.getMessage() + describe(path), e);
      }
      deepest = Math.max(deepest, path.size());
      if (seen.size() >= mostStates) {
        return new Result(seen.size(), runs, deepest, false);
      }
      if (again) {
        continue;
      }
      while (!path.isEmpty() && path.get(path.size() - 1)[1] + 1 >= path.get(path.size() - 1)[0]) {
        path.remove(path.size() - 1);
      }
      if (path.isEmpty()) {
        return new Result(seen.size(), runs, deepest, true);
      }
      path.get(path.size() - 1)[1]++;
    }
  }

  /**
   * Goes along a path and on until there is nothing new. Returns whether the path has to be gone
   * along again, because its last choice was not taken.
   */
  private boolean follow(List<int[]> path) {
    SmallWorld world = new SmallWorld(plan);
    for (int[] choice : path) {
      world.take(choice[1]);
    }
    while (seen.add(world.fingerprint())) {
      int choices = world.choices();
      if (choices == 0) {
        world.checkEnd();
        return false;
      }
      int alone = world.commuting();
      String view = world.view();
      path.add(alone < 0 ? new int[] {choices, 0} : new int[] {alone + 1, alone});
      world.take(Math.max(0, alone));
      if (alone >= 0 && !world.view().equals(view)) {
        path.set(path.size() - 1, new int[] {choices, 0});
        return true;
      }
    }
    return false;
  }

  private String describe(List<int[]> path) {
    StringBuilder text = new StringBuilder();
    SmallWorld world = new SmallWorld(plan);
    for (int[] choice : path) {
      world.choices();
      text.append("\n  ").append(world.name(choice[1]));
      try {
        world.take(choice[1]);
      } catch (RuntimeException | Error e) {
        text.append(": ").append(e);
        break;
      }
    }
    return text.toString();
  }

  /** What may go wrong, once. */
  enum Fault {
    NONE,
    CRASH,
    EXPIRY,
    CANCEL,
    LOST_REPLY
  }

  /**
   * A small configuration.
   *
   * @param modes for each node what it acquires, one after the other
   * @param cached whether grants are kept
   * @param servers how many; with one, nothing lags
   * @param fault what goes wrong, once, at any point
   * @param faulty the node that it happens to
   */
  record SmallPlan(
      List<List<LockMode>> modes, boolean cached, int servers, Fault fault, int faulty) {
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder();
      for (List<LockMode> node : modes) {
        text.append(text.isEmpty() ? "" : "/");
        node.forEach(mode -> text.append(mode == LockMode.SHARED ? 's' : 'x'));
      }
      return text.append(cached ? " cached, " : " uncached, ")
          .append(servers)
          .append(" server(s), fault ")
          .append(fault)
          .append(fault == Fault.NONE ? "" : " of node " + faulty)
          .toString();
    }

    /**
     * Two nodes with three acquires each in all modes, and three nodes with one each and one fault
     * of each kind at each of them. (Two nodes may be exchanged; of three, two are on the same
     * server, and the third has its own.)
     */
    static List<SmallPlan> all() {
      List<SmallPlan> all = new ArrayList<>();
      for (boolean cached : new boolean[] {false, true}) {
        for (String one : modes(3)) {
          for (String other : modes(3)) {
            if (one.compareTo(other) <= 0) {
              all.add(of(one + "/" + other, cached, 2, Fault.NONE, 0));
            }
          }
        }
        for (String one : modes(1)) {
          for (String other : modes(1)) {
            for (String third : modes(1)) {
              if (one.compareTo(third) <= 0) {
                addWithFaults(all, one + "/" + other + "/" + third, cached, one.equals(third));
              }
            }
          }
        }
      }
      return all;
    }

    private static void addWithFaults(
        List<SmallPlan> all, String modes, boolean cached, boolean symmetric) {
      all.add(of(modes, cached, 2, Fault.NONE, 0));
      for (Fault fault : EnumSet.complementOf(EnumSet.of(Fault.NONE))) {
        for (int faulty = 0; faulty < (symmetric ? 2 : 3); faulty++) {
          all.add(of(modes, cached, 2, fault, faulty));
        }
      }
    }

    /** All sequences of so many modes. */
    static List<String> modes(int acquires) {
      List<String> all = List.of("");
      for (int i = 0; i < acquires; i++) {
        all = all.stream().flatMap(before -> Stream.of(before + "s", before + "x")).toList();
      }
      return all;
    }

    /** The configuration that {@code xs/sx} and so on means. */
    static SmallPlan of(String modes, boolean cached, int servers, Fault fault, int faulty) {
      List<List<LockMode>> all = new ArrayList<>();
      for (String node : modes.split("/", -1)) {
        all.add(
            node.chars().mapToObj(c -> c == 'x' ? LockMode.EXCLUSIVE : LockMode.SHARED).toList());
      }
      return new SmallPlan(all, cached, servers, fault, faulty);
    }
  }
}
