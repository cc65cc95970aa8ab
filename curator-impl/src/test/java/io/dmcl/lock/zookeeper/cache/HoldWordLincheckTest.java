package io.dmcl.lock.zookeeper.cache;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.jetbrains.lincheck.LincheckAssertionError;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Options;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The word of holds is linearizable: callers that acquire and unlock on the fast path, and the one
 * event loop that opens it, closes it on a recall and marks the end of a lease, see what they would
 * see one after the other.
 *
 * <p>The system property {@code dmcl.lincheck.effort} multiplies the orders that are tried.
 */
class HoldWordLincheckTest {
  private static final int EFFORT = Integer.getInteger("dmcl.lincheck.effort", 1);

  private static <T extends Options<T, ?>> T every(Race.Kind kind, T options) {
    options.iterations(0).minimizeFailedScenario(false).sequentialSpecification(kind.specification);
    Arrays.stream(Race.values())
        .filter(race -> race.kind == kind)
        .forEach(race -> options.addCustomScenario(race.on(kind.operations)));
    return options;
  }

  @ParameterizedTest
  @EnumSource
  void word_stressed_isLinearizable(Race.Kind kind) {
    every(kind, new StressOptions()).invocationsPerIteration(100 * EFFORT).check(kind.operations);
  }

  @ParameterizedTest
  @EnumSource
  void word_modelChecked_isLinearizable(Race.Kind kind) {
    every(kind, new ModelCheckingOptions())
        .invocationsPerIteration(100 * EFFORT)
        .check(kind.operations);
  }

  @ParameterizedTest
  @EnumSource
  void wrongWord_modelChecked_isFound(WrongFastPath wrong) {
    Class<?> operations = ChangedClasses.operations(wrong);
    ModelCheckingOptions options =
        new ModelCheckingOptions()
            .iterations(0)
            .invocationsPerIteration(1_000)
            .minimizeFailedScenario(false)
            .sequentialSpecification(wrong.race.kind.specification)
            .addCustomScenario(wrong.race.on(operations));
    if (wrong == WrongFastPath.NOTHING) {
      options.check(operations); // so the copy is not what is found
    } else {
      assertThatThrownBy(() -> options.check(operations))
          .isInstanceOf(LincheckAssertionError.class)
          .message()
          .containsAnyOf("Invalid execution results", "Validation function");
    }
  }
}
