package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.torture.Breach.Rule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a history must not show, from the resources' point of view. It takes the events one by one
 * and judges by them alone. A node's word is taken for what it was told, and for when its hold was
 * valid: a <em>claim</em> is a moment, taken before the node asked its hold, and found it valid. So
 * from the first claim to the last the hold was valid, whenever the history heard of it.
 */
final class Checker {
  /** Claims of a process that was stopped come late, but not later than that. */
  private static final long MEMORY_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Map<String, View> views = new HashMap<>();
  private final Set<String> killed = new HashSet<>();
  private final Consumer<Breach> breaches;

  /** A checker that tells what it finds. */
  Checker(Consumer<Breach> breaches) {
    this.breaches = breaches;
  }

  /** The time for which a hold is known to have been valid. */
  private static final class Claimed {
    final String who;
    final String hold;
    final LockMode mode;
    final long token;
    final long fromNanos;
    long toNanos;
    boolean unlocking;

    Claimed(Event had) {
      who = had.who();
      hold = had.text("hold");
      mode = had.mode();
      token = had.number("token");
      fromNanos = had.number("claim");
      toNanos = fromNanos;
    }

    boolean overlaps(Claimed other) {
      return fromNanos <= other.toNanos && other.fromNanos <= toNanos;
    }

    @Override
    public String toString() {
      return who + "'s " + mode + " hold of token " + token;
    }
  }

  /** What the resource was like from a moment on. */
  private record Contents(long nanos, long content, long tornBy) {}

  /** An access that made the gate refuse older ones. */
  private record Seen(long nanos, String who, LockMode mode, long token) {}

  /** An owner that was killed, and the token under which it was repaired, or 0. */
  private static final class Dead {
    long recoveredBy;
  }

  /** What is known of one lock. */
  private static final class View {
    final List<Claimed> claims = new ArrayList<>();
    final List<Contents> contents = new ArrayList<>();
    final List<Seen> seen = new ArrayList<>();
    final Map<Long, String> dirty = new HashMap<>();
    final TreeMap<Long, Dead> dead = new TreeMap<>();
    final TreeSet<Long> repairs = new TreeSet<>();
    long newestSeen;
    long newestWriter;

    View() {
      contents.add(new Contents(Long.MIN_VALUE, 0, 0));
    }

    @Nullable Claimed claim(String who, String hold) {
      for (int i = claims.size() - 1; i >= 0; i--) {
        Claimed claim = claims.get(i);
        if (claim.who.equals(who) && claim.hold.equals(hold)) {
          return claim;
        }
      }
      return null;
    }

    Contents at(long nanos) {
      for (int i = contents.size() - 1; i > 0; i--) {
        if (contents.get(i).nanos <= nanos) {
          return contents.get(i);
        }
      }
      return contents.get(0);
    }

    void forgetBefore(long nanos) {
      claims.removeIf(claim -> claim.toNanos < nanos);
      while (contents.size() > 1 && contents.get(1).nanos < nanos) {
        contents.remove(0);
      }
      seen.removeIf(access -> access.nanos < nanos && access.token < newestWriter);
    }
  }

  /** Takes in an event. */
  void accept(Event event) {
    if (event.what().equals("killed")) {
      killed(event);
      return;
    }
    if (event.what().equals("broke")) {
      breaches.accept(
          new Breach(event.nanos(), Rule.ALIVE, "-", event.who() + ": " + event.text("error")));
      return;
    }
    if (!event.has("lock")) {
      return;
    }
    View view = views.computeIfAbsent(event.text("lock"), lock -> new View());
    switch (event.what()) {
      case "had" -> had(event, view);
      case "read", "begin", "end" -> access(event, view);
      case "unlock" -> unlock(event, view);
      case "dirty" -> view.dirty.put(event.number("token"), event.who());
      case "clean" -> view.dirty.remove(event.number("token"));
      case "recover" -> recover(event, view);
      default -> {}
    }
  }

  private void killed(Event event) {
    killed.add(event.text("node"));
    for (View view : views.values()) {
      for (Claimed claim : view.claims) {
        if (claim.who.equals(event.text("node"))) {
          died(claim, view);
        }
      }
    }
  }

  /**
   * An owner whose session had ended before it was killed may have been repaired before, too.
   * Whoever was granted the lock exclusively later in the queue was told of it.
   */
  private static void died(Claimed claim, View view) {
    if (claim.mode == LockMode.EXCLUSIVE && !claim.unlocking) {
      Dead dead = view.dead.computeIfAbsent(claim.token, token -> new Dead());
      Long repair = view.repairs.higher(claim.token);
      dead.recoveredBy = dead.recoveredBy == 0 && repair != null ? repair : dead.recoveredBy;
    }
  }

  private void had(Event event, View view) {
    if (!event.is("valid")) {
      return;
    }
    view.forgetBefore(event.nanos() - MEMORY_NANOS);
    if (event.has("from")) {
      Claimed before = view.claim(event.who(), event.text("from"));
      if (before != null) {
        before.unlocking = true;
      }
    }
    Claimed claim = new Claimed(event);
    view.claims.add(claim);
    if (killed.contains(event.who())) {
      died(claim, view);
    }
    checkExcluded(event, view, claim);
    checkTold(event, view, claim);
    access(event, view);
  }

  private void checkTold(Event event, View view, Claimed claim) {
    Freshness told = Freshness.valueOf(event.text("told"));
    Contents then = view.at(claim.fromNanos);
    if (told == Freshness.OWNER_DIED) {
      return;
    }
    if (then.tornBy != 0 && then.tornBy != claim.token) {
      breach(
          event,
          Rule.DEAD_OWNER,
          claim + " was told " + told + ", but token " + then.tornBy + " has left it torn");
    }
    for (Map.Entry<Long, Dead> dead : view.dead.headMap(claim.token).entrySet()) {
      long recoveredBy = dead.getValue().recoveredBy;
      if (recoveredBy == 0 || recoveredBy > claim.token) {
        breach(
            event,
            Rule.DEAD_OWNER,
            claim + " was told " + told + ", but the owner of token " + dead.getKey() + " died");
      }
    }
    view.dirty.forEach(
        (token, who) -> {
          if (token < claim.token) {
            breach(
                event,
                Rule.FLUSH,
                claim + " was granted, but " + who + " has not written back under token " + token);
          }
        });
    if (told == Freshness.UNCHANGED && event.number("base") != then.content) {
      breach(
          event,
          Rule.FRESHNESS,
          claim
              + " was told UNCHANGED; its copy is "
              + event.text("base")
              + ", the resource has "
              + then.content);
    }
  }

  private void access(Event event, View view) {
    Claimed claim = view.claim(event.who(), event.has("hold") ? event.text("hold") : "");
    if (claim != null && event.has("claim")) {
      claimed(event, view, claim, event.number("claim"));
    }
    LockMode mode = event.mode();
    long token = event.number("token");
    if (!event.is("ok")) {
      if (claim != null && event.has("claim")) {
        checkRefused(event, view, claim);
      }
      return;
    }
    if (token < view.newestWriter || (mode == LockMode.EXCLUSIVE && token < view.newestSeen)) {
      breach(
          event,
          Rule.GATE,
          event.who() + " was admitted " + mode + " with token " + token + ", which is too old");
    }
    if (token > view.newestSeen || (mode == LockMode.EXCLUSIVE && token > view.newestWriter)) {
      view.seen.add(new Seen(event.nanos(), event.who(), mode, token));
    }
    view.newestSeen = Math.max(view.newestSeen, token);
    if (mode == LockMode.EXCLUSIVE) {
      view.newestWriter = Math.max(view.newestWriter, token);
    }
    if (event.what().equals("begin") || event.what().equals("end")) {
      view.contents.add(new Contents(event.nanos(), event.number("content"), event.number("torn")));
    }
  }

  private void checkRefused(Event event, View view, Claimed claim) {
    for (Seen access : view.seen) {
      if (access.token > claim.token
          && access.mode.conflictsWith(claim.mode)
          && !access.who.equals(claim.who)
          && access.nanos <= claim.toNanos) {
        breach(
            event,
            Rule.GATE,
            claim + " was valid and refused: " + access.who + " came with token " + access.token);
      }
    }
  }

  private void claimed(Event event, View view, Claimed claim, long nanos) {
    if (nanos > claim.toNanos) {
      claim.toNanos = nanos;
      checkExcluded(event, view, claim);
    }
  }

  private void checkExcluded(Event event, View view, Claimed claim) {
    for (Claimed other : view.claims) {
      if (other != claim
          && !other.who.equals(claim.who)
          && other.mode.conflictsWith(claim.mode)
          && other.overlaps(claim)) {
        breach(event, Rule.EXCLUSION, claim + " and " + other + " were valid at the same time");
      }
    }
  }

  private void unlock(Event event, View view) {
    Claimed claim = view.claim(event.who(), event.text("hold"));
    if (claim == null) {
      return;
    }
    if (event.has("claim")) {
      claimed(event, view, claim, event.number("claim"));
    }
    claim.unlocking = true;
  }

  private static void recover(Event event, View view) {
    long token = event.number("token");
    view.repairs.add(token);
    for (Dead dead : view.dead.headMap(token).values()) {
      dead.recoveredBy = dead.recoveredBy == 0 ? token : dead.recoveredBy;
    }
    view.dirty.keySet().removeIf(dirty -> dirty < token);
  }

  private void breach(Event event, Rule rule, String text) {
    breaches.accept(new Breach(event.nanos(), rule, event.text("lock"), text));
  }
}
