package io.dmcl.lock.zookeeper.sim;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumSet;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rules that a real ensemble cannot be driven to show, and that their scenarios can fail. */
class ScenariosTest {
  private static final Settings RIGHT = Settings.of(3);

  @TestFactory
  Stream<DynamicTest> scenario_rightRules_holds() {
    return tests(scenario -> scenario.getValue().accept(RIGHT));
  }

  @TestFactory
  Stream<DynamicTest> scenario_mutatedRule_fails() {
    return tests(
        scenario ->
            assertThatThrownBy(
                    () -> scenario.getValue().accept(RIGHT.with(EnumSet.of(scenario.getKey()))))
                .isInstanceOfAny(AssertionError.class, RuntimeException.class));
  }

  private static Stream<DynamicTest> tests(Consumer<Map.Entry<Mutation, Consumer<Settings>>> test) {
    return Scenarios.BY_MUTATION.entrySet().stream()
        .map(entry -> DynamicTest.dynamicTest(entry.getKey().name(), () -> test.accept(entry)));
  }

  @Test
  void reconnect_eventsMissed_areSaid() {
    Scenarios.missedEventsAreSaidAfterReconnect(RIGHT);
  }

  @Test
  void create_counterAtItsEnd_sticks() {
    Scenarios.counterSticks(RIGHT);
  }

  @Test
  void packet_overTheLimit_breaksTheConnection() {
    Scenarios.packetsHaveALimit(RIGHT);
  }
}
