package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.sim.Change;
import io.dmcl.lock.zookeeper.sim.LockTruth;
import io.dmcl.lock.zookeeper.sim.Violation;
import io.dmcl.lock.zookeeper.torture.Breach.Rule;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Holds what nodes were told against what the ensemble has committed: the rules of the simulator's
 * oracle, which need to know who was in the queue and who left it without a clean release. First it
 * is given the whole history, then the whole log.
 */
final class LogChecker {

  private final Map<String, Lock> locks = new LinkedHashMap<>();
  private final long wallOffsetNanos;

  /** The log's times are of whole milliseconds. */
  private long toleranceNanos = TimeUnit.MILLISECONDS.toNanos(3);

  private final Consumer<Breach> breaches;
  private int falseDeaths;

  /**
   * A checker of these locks.
   *
   * @param wallOffsetNanos the wall clock less the monotonic one
   */
  LogChecker(Layout layout, List<String> names, long wallOffsetNanos, Consumer<Breach> breaches) {
    this.wallOffsetNanos = wallOffsetNanos;
    this.breaches = breaches;
    for (String name : names) {
      LockName lock = LockName.of(name);
      locks.put(name, new Lock(name, new LockTruth(lock, layout.lock(lock))));
    }
  }

  /** A hold, and what its node was told with it. */
  private static final class Told {
    final String who;
    final LockMode mode;
    final long token;
    final Freshness freshness;
    final String value;
    final long fromNanos;
    long toNanos;
    final boolean recovered;
    final @Nullable String set;

    Told(Event had, Lock lock) {
      who = had.who();
      mode = had.mode();
      token = had.number("token");
      freshness = Freshness.valueOf(had.text("told"));
      value = had.text("value");
      fromNanos = had.number("claim");
      toNanos = fromNanos;
      recovered = lock.truth.recoveredBy.contains(token);
      set = lock.sets.get(token);
    }

    @Override
    public String toString() {
      return who + "'s " + mode + " hold of token " + token;
    }
  }

  /** A lock: what the history says, and the truth. */
  private static final class Lock {
    final String name;
    final LockTruth truth;
    final Map<String, Told> holds = new HashMap<>();
    final Map<Long, List<Told>> byToken = new HashMap<>();
    final Map<Long, String> sets = new HashMap<>();
    final Set<LockTruth.Place> granted = new HashSet<>();
    final Set<String> intents = new LinkedHashSet<>();

    /** The truth has stopped at something that must not be: what comes behind it means nothing. */
    boolean broken;

    Lock(String name, LockTruth truth) {
      this.name = name;
      this.truth = truth;
    }
  }

  /** How many grants were told of a dead owner, though nobody who had used the lock had died. */
  int falseDeaths() {
    return falseDeaths;
  }

  /** The wall clock was set, by so much at most: the log's times are no better than that. */
  void widen(long nanos) {
    toleranceNanos += nanos;
  }

  /** Takes in an event of the history. */
  void accept(Event event) {
    Lock lock = event.has("lock") ? locks.get(event.text("lock")) : null;
    if (lock == null) {
      return;
    }
    switch (event.what()) {
      case "had" -> {
        if (event.is("valid")) {
          Told told = new Told(event, lock);
          lock.holds.put(event.who() + ' ' + event.text("hold"), told);
          lock.byToken.computeIfAbsent(told.token, token -> new ArrayList<>()).add(told);
          if (told.mode == LockMode.EXCLUSIVE) {
            lock.truth.usedExclusively.add(told.token);
          }
        }
      }
      case "value" -> {
        lock.sets.put(event.number("token"), event.text("value"));
        lock.truth.toPublish.put(event.number("token"), bytes(event.text("value")));
      }
      case "recover" -> lock.truth.recoveredBy.add(event.number("token"));
      case "dirty" -> lock.truth.dirty.add(event.number("token"));
      case "clean" -> lock.truth.dirty.remove(event.number("token"));
      default -> {}
    }
    Told told = event.has("hold") ? lock.holds.get(event.who() + ' ' + event.text("hold")) : null;
    if (told != null && event.has("claim")) {
      told.toNanos = Math.max(told.toNanos, event.number("claim"));
    }
  }

  private static byte[] bytes(String value) {
    return value.equals("-") ? new byte[0] : value.getBytes(StandardCharsets.US_ASCII);
  }

  /** Takes in a transaction of the log. */
  void accept(TransactionLog.Logged logged) {
    long nanos = TimeUnit.MILLISECONDS.toNanos(logged.timeMillis()) - wallOffsetNanos;
    for (Lock lock : locks.values()) {
      if (lock.broken) {
        continue;
      }
      Set<LockTruth.Place> before = new LinkedHashSet<>(lock.truth.queue.values());
      for (Change change : logged.txn().changes()) {
        if (change.path().startsWith(lock.truth.paths.version() + '/')) {
          lock.intents.remove(change.path());
          if (change instanceof Change.Created) {
            lock.intents.add(change.path());
          }
        }
      }
      try {
        lock.truth.committed(logged.txn());
      } catch (Violation e) {
        lock.broken = true;
        breach(nanos, ruleOf(e), lock, String.valueOf(e.getMessage()));
        continue;
      }
      for (LockTruth.Place place : before) {
        if (!lock.truth.queue.containsValue(place)) {
          gone(lock, place, nanos);
        }
      }
      for (LockTruth.Place place : lock.truth.queue.values()) {
        if (isFirst(lock, place) && lock.granted.add(place)) {
          granted(lock, place, nanos);
        }
      }
    }
  }

  private static Rule ruleOf(Violation violation) {
    String text = String.valueOf(violation.getMessage());
    return text.contains("flush")
        ? Rule.FLUSH
        : text.contains("published") ? Rule.VALUE : Rule.DEAD_OWNER;
  }

  private static boolean isFirst(Lock lock, LockTruth.Place place) {
    return lock.truth.queue.values().stream().noneMatch(other -> other.excludes(place));
  }

  private void granted(Lock lock, LockTruth.Place place, long nanos) {
    if (lock.truth.byToken.get(place.token) != place) {
      return;
    }
    boolean dead = !lock.truth.dead.isEmpty();
    boolean told = false;
    for (Told hold : lock.byToken.getOrDefault(place.token, List.of())) {
      if (!place.mode().covers(hold.mode)) {
        breach(hold.fromNanos, Rule.ORDER, lock, hold + " has the entry " + place);
      }
      if (hold.fromNanos < nanos - toleranceNanos) {
        breach(
            hold.fromNanos,
            Rule.ORDER,
            lock,
            String.format("%s came %.3f s before its turn", hold, (nanos - hold.fromNanos) / 1e9));
      }
      if (dead && hold.freshness != Freshness.OWNER_DIED && !hold.recovered) {
        breach(
            hold.fromNanos,
            Rule.DEAD_OWNER,
            lock,
            hold + " was told " + hold.freshness + ", but owners died: " + lock.truth.dead);
      }
      told |= hold.freshness == Freshness.OWNER_DIED;
      if (hold.freshness != Freshness.OWNER_DIED) {
        checkValue(lock, hold);
      }
    }
    falseDeaths += told && !dead ? 1 : 0;
  }

  private void checkValue(Lock lock, Told hold) {
    byte[] expected = hold.set == null ? lock.truth.published : bytes(hold.set);
    if (!Arrays.equals(expected, bytes(hold.value))) {
      breach(
          hold.fromNanos,
          Rule.VALUE,
          lock,
          hold + " has the value " + hold.value + " instead of " + LockTruth.text(expected));
    }
  }

  private void gone(Lock lock, LockTruth.Place place, long nanos) {
    lock.granted.remove(place);
    if (lock.truth.byToken.containsKey(place.token)) {
      return; // another entry of the same transaction stands for the token
    }
    boolean upgraded =
        lock.truth.queue.values().stream()
            .anyMatch(other -> other.session == place.session && isFirst(lock, other));
    List<Told> holds = lock.byToken.remove(place.token);
    if (holds == null || (upgraded && place.mode() == LockMode.SHARED)) {
      return; // where it was upgraded, the other one stands for it
    }
    for (Told hold : holds) {
      if (hold.toNanos > nanos + toleranceNanos) {
        breach(
            hold.toNanos,
            Rule.ORDER,
            lock,
            String.format(
                "%s was valid %.3f s after its entry had gone",
                hold, (hold.toNanos - nanos) / 1e9));
      }
    }
  }

  /** After the whole log: what has no place in it, and what is left in it. */
  void finish(long nanos) {
    for (Lock lock : locks.values()) {
      if (lock.broken) {
        continue;
      }
      lock.byToken.values().stream()
          .flatMap(List::stream)
          .filter(hold -> !lock.truth.byToken.containsKey(hold.token))
          .forEach(hold -> breach(hold.fromNanos, Rule.ORDER, lock, hold + " never had an entry"));
      if (!lock.truth.queue.isEmpty()) {
        breach(nanos, Rule.LEFT_BEHIND, lock, "entries are left: " + lock.truth.queue.values());
      }
      if (!lock.intents.isEmpty()) {
        breach(nanos, Rule.LEFT_BEHIND, lock, "repaired, but intents are left: " + lock.intents);
      }
    }
  }

  private void breach(long nanos, Rule rule, Lock lock, String text) {
    breaches.accept(new Breach(nanos, rule, lock.name, text));
  }
}
