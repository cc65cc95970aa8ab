package io.dmcl.lock.zookeeper.torture;

import java.util.HashMap;
import java.util.Map;

/**
 * Counts what happens, and finds the longest time that a lock was waited for and nobody used it.
 */
final class Summary {
  private final Map<String, Lock> locks = new HashMap<>();
  private final Map<String, Integer> refusals = new HashMap<>();
  private long holds;
  private long reads;
  private long writes;
  private long lost;
  private long stale;
  private long ownersDied;
  private long hooks;
  private long longestNanos;
  private String longestLock = "";
  private long longestEndNanos;

  private static final class Lock {
    final Map<String, Long> waiting = new HashMap<>();
    long usedNanos;
  }

  /** Takes in an event. */
  void accept(Event event) {
    if (event.what().equals("killed")) {
      String prefix = event.text("node") + ' ';
      for (Lock lock : locks.values()) {
        lock.waiting.keySet().removeIf(id -> id.startsWith(prefix));
      }
      return;
    }
    if (!event.has("lock")) {
      return;
    }
    Lock lock = locks.computeIfAbsent(event.text("lock"), name -> new Lock());
    String id = event.who() + ' ' + (event.has("hold") ? event.text("hold") : "");
    switch (event.what()) {
      case "ask" -> lock.waiting.put(id, event.nanos());
      case "refused" -> {
        refusals.merge(event.text("why"), 1, Integer::sum);
        lock.waiting.remove(id);
      }
      case "had" -> had(event, lock, id);
      case "read" -> reads++;
      case "begin" -> writes++;
      case "done" -> lost += event.text("how").equals("LockLostException") ? 1 : 0;
      case "demote" -> hooks++;
      default -> {}
    }
    stale += event.has("ok") && !event.is("ok") ? 1 : 0;
    if (event.is("ok") || event.what().equals("unlock")) {
      used(event, lock);
    }
  }

  private void had(Event event, Lock lock, String id) {
    if (event.is("valid")) {
      holds++;
      ownersDied += event.text("told").equals("OWNER_DIED") ? 1 : 0;
      used(event, lock);
    }
    lock.waiting.remove(id);
  }

  private void used(Event event, Lock lock) {
    for (long sinceNanos : lock.waiting.values()) {
      long nanos = event.nanos() - Math.max(sinceNanos, lock.usedNanos);
      if (nanos > longestNanos) {
        longestNanos = nanos;
        longestLock = event.text("lock");
        longestEndNanos = event.nanos();
      }
    }
    lock.usedNanos = event.nanos();
  }

  long holds() {
    return holds;
  }

  long reads() {
    return reads;
  }

  long writes() {
    return writes;
  }

  long lost() {
    return lost;
  }

  long stale() {
    return stale;
  }

  long ownersDied() {
    return ownersDied;
  }

  long hooks() {
    return hooks;
  }

  Map<String, Integer> refusals() {
    return refusals;
  }

  long longestNanos() {
    return longestNanos;
  }

  String longestLock() {
    return longestLock;
  }

  long longestEndNanos() {
    return longestEndNanos;
  }
}
