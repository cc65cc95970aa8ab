package io.dmcl.lock.zookeeper.sim;

import java.util.concurrent.Callable;
import net.bytebuddy.implementation.bind.annotation.AllArguments;
import net.bytebuddy.implementation.bind.annotation.RuntimeType;
import net.bytebuddy.implementation.bind.annotation.SuperCall;
import net.bytebuddy.implementation.bind.annotation.This;
import org.jspecify.annotations.Nullable;

/** What a replaced method calls. Public for the sake of the replaced classes. */
public final class PlantedMethod {
  private static final long MOST_STATES = 100_000;

  private static @Nullable PlantedBug planted;

  private PlantedMethod() {}

  /**
   * Runs schedules with a bug; called in the loader that has it. What counts is a promise that the
   * oracle finds broken, in a schedule that passes without the bug.
   */
  static String find(String bug, long from, long most) {
    Simulate.silence();
    for (long seed = from; seed < from + most; seed++) {
      planted = PlantedBug.valueOf(bug);
      Throwable failure = new Simulation(seed, false).run();
      planted = null;
      if (failure instanceof Violation && new Simulation(seed, false).run() == null) {
        String what = String.valueOf(failure.getMessage());
        return (seed - from + 1) + " " + what.lines().findFirst().orElse("");
      }
    }
    return "";
  }

  /** Explores with a bug; called in the loader that has it. Empty if nothing was found. */
  static String explore(String bug, String modes, boolean cached, String fault, int faulty) {
    Simulate.silence();
    planted = PlantedBug.valueOf(bug);
    try {
      SmallPlan.Fault what = SmallPlan.Fault.valueOf(fault);
      new Explore(SmallPlan.of(modes, cached, 2, what, faulty)).run(MOST_STATES);
      return "";
    } catch (Violation e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** The replaced method. */
  @RuntimeType
  public static @Nullable Object call(
      @This Object self, @AllArguments @Nullable Object[] args, @SuperCall Callable<?> original)
      throws Exception {
    PlantedBug bug = planted;
    return bug == null ? original.call() : bug.instead.call(self, args, original);
  }
}
