package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;

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
    List<List<LockMode>> modes, boolean cached, int servers, SmallPlan.Fault fault, int faulty) {
  /** What may go wrong, once. */
  enum Fault {
    NONE,
    CRASH,
    EXPIRY,
    CANCEL,
    LOST_REPLY
  }

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
   * Two nodes with three acquires each in all modes, and three nodes with one each and one fault of
   * each kind at each of them. (Two nodes may be exchanged; of three, two are on the same server,
   * and the third has its own.)
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
      all.add(node.chars().mapToObj(c -> c == 'x' ? LockMode.EXCLUSIVE : LockMode.SHARED).toList());
    }
    return new SmallPlan(all, cached, servers, fault, faulty);
  }
}
