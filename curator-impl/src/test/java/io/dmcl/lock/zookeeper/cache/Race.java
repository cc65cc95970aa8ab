package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jspecify.annotations.Nullable;

/**
 * What runs against what: a scenario for Lincheck, small, so that much of all the orders there are
 * is tried. Threads are separated by bars.
 */
enum Race {
  CALLERS(Kind.SHARING, "", "tryEnter S, exit S | tryEnter S, tryEnter X", "state"),
  WRITERS(Kind.SHARING, "", "tryEnter X, exit X | tryEnter X", "state"),
  UNLOCK_AND_RECALL(
      Kind.SHARING, "tryEnter S, tryEnter X", "exit S, exit X | close, open false", "state"),
  UNLOCK_AND_LOSS(Kind.SHARING, "tryEnter S, tryEnter X", "exit S, exit X | markLost", "state"),
  UNLOCK_AND_FAILURE(Kind.SHARING, "tryEnter S, tryEnter X", "exit S, exit X | fail", "state"),
  UNLOCK_AND_OPEN(
      Kind.SHARING, "close, enter S, enter X", "exit S, exit X | open true", "tryEnter X, state"),
  UNLOCK_AND_FORGIVENESS(
      Kind.SHARING, "enter S, enter X, markLost", "exit S, exit X | clearLost", "state"),
  UNLOCK_AND_SERVICE(
      Kind.SHARING, "tryEnter S, close", "exit S | enter S, enter X, convert X", "state"),
  ACQUIRE_AND_RECALL(Kind.SHARING, "", "tryEnter S, tryEnter X | close, open false", "state"),
  ACQUIRE_AND_LOSS(Kind.SHARING, "", "tryEnter S, tryEnter X | markLost, clearLost", "state"),
  ACQUIRE_AND_SPREAD(Kind.SHARING, "", "tryEnter S, tryEnter X | spread, tryEnter S", "state"),
  UNLOCK_AND_SPREAD(Kind.SHARING, "tryEnter S, tryEnter X", "exit S, exit X | spread", "state"),
  SPREAD_TWICE(Kind.SHARING, "", "spread, tryEnter S | spread", "exit S, state"),
  UNLOCK_FROM_BEFORE_THE_SPREAD(
      Kind.SHARING, "tryEnter S, tryEnter S, tryEnter S, spread", "exit S | exit S", "state"),
  CONVERT_SPREAD(
      Kind.SHARING,
      "tryEnter S, tryEnter X, spread, tryEnter S, close, enter X",
      "exit S, exit X | convert S, convert X",
      "state"),

  SEMAPHORE_WRITERS(Kind.EXCLUDING, "", "tryEnter X, exit X | tryEnter X", "state"),
  SEMAPHORE_READER_AND_WRITER(Kind.EXCLUDING, "", "tryEnter X, exit X | tryEnter S", "state"),
  SEMAPHORE_READERS(Kind.EXCLUDING, "", "tryEnter S | tryEnter S, tryEnter S", "tryEnter X, state"),
  SEMAPHORE_COLLISIONS(
      Kind.EXCLUDING, "", "tryEnter S | tryEnter S, exit S, tryEnter S", "tryEnter X, state"),
  SEMAPHORE_RECALL(
      Kind.EXCLUDING, "tryEnter S", "exit S, tryEnter X | close, open false", "tryEnter X, state"),
  SEMAPHORE_LOSS(Kind.EXCLUDING, "tryEnter X", "exit X, tryEnter S | markLost", "state"),

  SPREAD_ACQUIRE_AND_RECALL(Kind.SPREADING, "", "tryEnter | giveUp", ""),
  SPREAD_UNLOCK_AND_RECALL(Kind.SPREADING, "tryEnter", "exit | giveUp", ""),
  SPREAD_CALLERS_AND_RECALL(Kind.SPREADING, "tryEnter", "tryEnter | exit | giveUp", ""),
  SPREAD_UNLOCK_AND_LOSS(Kind.SPREADING, "tryEnter", "exit | markLost, advance", "state"),
  SPREAD_UNLOCK_OF_A_LOST_HOLD(Kind.SPREADING, "tryEnter, markLost", "exit | advance", "state"),
  SPREAD_ENTER_WHERE_ANOTHER_LEAVES(Kind.SPREADING, "tryEnter", "tryEnter | exit", "state"),
  SPREAD_UNLOCK_TWICE(Kind.SPREADING, "tryEnter, tryEnter", "exit | exit", "state"),

  LEASE_END_AND_EXTENSION(Kind.LEASE, "", "end | extend, extend", "isValid"),
  LEASE_END_AND_NEW_BEGINNING(Kind.LEASE, "extend", "end | reset, extend", "isValid"),
  LEASE_END_TWICE(Kind.LEASE, "extend", "end | end | extend", "isValid");

  /** What is raced for: the operations, and their specification. */
  enum Kind {
    SHARING(HoldWordOperations.Sharing.class, HoldWordModel.Sharing.class),
    EXCLUDING(HoldWordOperations.Excluding.class, HoldWordModel.Excluding.class),
    SPREADING(HoldWordOperations.Spreading.class, HoldWordOperations.Spreading.class),
    LEASE(LeaseOperations.class, LeaseOperations.class);

    final Class<?> operations;
    final Class<?> specification;

    Kind(Class<?> operations, Class<?> specification) {
      this.operations = operations;
      this.specification = specification;
    }
  }

  final Kind kind;
  private final String before;
  private final String meanwhile;
  private final String after;

  Race(Kind kind, String before, String meanwhile, String after) {
    this.kind = kind;
    this.before = before;
    this.meanwhile = meanwhile;
    this.after = after;
  }

  /**
   * The scenario.
   *
   * @param operations the operations of its kind, or a copy of them
   */
  ExecutionScenario on(Class<?> operations) {
    List<List<Actor>> threads =
        Arrays.stream(meanwhile.split("\\|")).map(thread -> actors(operations, thread)).toList();
    return new ExecutionScenario(
        actors(operations, before), threads, actors(operations, after), validation(operations));
  }

  private static @Nullable Actor validation(Class<?> operations) {
    return Arrays.stream(operations.getMethods())
        .filter(method -> method.getName().equals("lastHoldWasHeardOf"))
        .findAny()
        .map(method -> new Actor(method, List.of()))
        .orElse(null);
  }

  private static List<Actor> actors(Class<?> operations, String calls) {
    return Arrays.stream(calls.split(","))
        .map(String::strip)
        .filter(call -> !call.isEmpty())
        .map(call -> actor(operations, call.split(" ")))
        .toList();
  }

  private static Actor actor(Class<?> operations, String[] words) {
    Method method =
        Arrays.stream(operations.getMethods())
            .filter(each -> each.getName().equals(words[0]))
            .filter(each -> each.getParameterCount() == words.length - 1)
            .findAny()
            .orElseThrow();
    return new Actor(method, words.length == 1 ? List.of() : List.of(argument(words[1])));
  }

  private static Object argument(String word) {
    return switch (word) {
      case "S" -> LockMode.SHARED;
      case "X" -> LockMode.EXCLUSIVE;
      default -> Boolean.valueOf(word);
    };
  }
}
