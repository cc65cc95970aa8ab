package io.dmcl.lock.zookeeper.sim;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Looks for the planted bugs. */
final class PlantedSearch {
  private PlantedSearch() {}

  /**
   * For each bug how many seeds it took and what was seen; empty if it was not found.
   *
   * @param told told of each line of the table as it is found
   */
  static Map<PlantedBug, String> all(long mostSeeds, Consumer<String> told) {
    Map<PlantedBug, String> found = new ConcurrentHashMap<>();
    told.accept(String.format("%-38s %6s  %s", "planted bug", "seeds", "first seen as"));
    Arrays.stream(PlantedBug.values())
        .parallel()
        .forEach(
            bug -> {
              String seen = find(bug, mostSeeds);
              found.put(bug, seen);
              told.accept(line(bug, seen));
            });
    return new EnumMap<>(found);
  }

  private static String find(PlantedBug bug, long mostSeeds) {
    return find(bug, bug.from(), mostSeeds);
  }

  /** How many seeds it takes from this one on, and what is seen; empty if nothing is found. */
  static String find(PlantedBug bug, long from, long mostSeeds) {
    return call(bug, "find", bug.name(), from, mostSeeds);
  }

  /** What exploring nodes that acquire in these modes finds; empty if nothing. */
  static String explore(
      PlantedBug bug, String modes, boolean cached, SmallPlan.Fault fault, int faulty) {
    return call(bug, "explore", bug.name(), modes, cached, fault.name(), faulty);
  }

  private static String call(PlantedBug bug, String name, Object... args) {
    try {
      Class<?> type = new PlantedLoader(bug).loadClass(PlantedMethod.class.getName());
      for (Method method : type.getDeclaredMethods()) {
        if (method.getName().equals(name)) {
          method.setAccessible(true);
          return (String) method.invoke(null, args);
        }
      }
      throw new IllegalStateException(name);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(bug.name(), e);
    }
  }

  static String line(PlantedBug bug, String seen) {
    int space = seen.indexOf(' ');
    String seeds = space < 0 ? "never" : seen.substring(0, space);
    String what = seen.substring(space + 1);
    return String.format(
        "%-38s %6s  %s", bug, seeds, what.length() > 90 ? what.substring(0, 90) + '…' : what);
  }
}
