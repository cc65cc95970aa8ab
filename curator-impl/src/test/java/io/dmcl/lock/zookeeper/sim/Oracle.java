package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.Grant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Compares what nodes say with what is true. The truth is the leader's log, the resources that the
 * users write, and what the users were given.
 */
final class Oracle {
  private final Ensemble ensemble;
  private final List<LockTruth> locks;
  private final List<Use> uses = new ArrayList<>();
  private final Trace trace;
  private int read;
  private boolean disturbed;
  private boolean ran = true;
  private long checkedNanos;

  Oracle(Ensemble ensemble, List<LockTruth> locks, Trace trace) {
    this.ensemble = ensemble;
    this.trace = trace;
    this.locks = locks;
  }

  void add(Use use) {
    uses.add(use);
  }

  void remove(Use use) {
    uses.remove(use);
  }

  /** From now on nodes may know less than in a run without faults. */
  void disturb() {
    disturbed = true;
  }

  boolean isDisturbed() {
    return disturbed;
  }

  /** A node or its users did something. */
  void ran() {
    ran = true;
  }

  /** After every event. What depends on none of these has been checked since they changed. */
  void check() {
    if (follow()) {
      for (LockTruth lock : locks) {
        checkGrants(lock);
      }
    }
  }

  /** After every event of a schedule that was checked before. Returns whether anything is new. */
  boolean follow() {
    List<Txn> log = ensemble.leader.log;
    long nowNanos = ensemble.nowNanos();
    if (!ran && read == log.size() && nowNanos == checkedNanos) {
      return false;
    }
    ran = false;
    checkedNanos = nowNanos;
    for (; read < log.size(); read++) {
      Txn txn = log.get(read);
      if (txn.kind() == Txn.Kind.CLOSE_SESSION) {
        disturbed = true;
      }
      if (!txn.changes().isEmpty()) {
        trace.add(ensemble::nowNanos, () -> describe(txn));
        for (LockTruth lock : locks) {
          lock.committed(txn);
          disturbed |= !lock.abandoned.isEmpty();
        }
      }
    }
    for (Use use : uses) {
      disturbed |= use.node.lostItsLease();
      Throwable failure = use.node.failure();
      if (failure != null) {
        throw new Violation(use.node + " has failed", failure);
      }
    }
    return true;
  }

  /** What a node was granted for the shortest time counts: its users may have had it. */
  void note(Use use) {
    ran = true;
    Grant grant = use.local.fastGrant();
    if (grant != null && grant.mode() == LockMode.EXCLUSIVE) {
      use.truth.grantedExclusively.add(grant.token());
    }
  }

  /** Adds what it remembers and may still look at. */
  void fingerprint(Fingerprint out) {
    out.text(disturbed ? "disturbed " : "");
    for (LockTruth lock : locks) {
      lock.fingerprint(out);
    }
    for (Use use : uses) {
      boolean upToDate = use.knownForeignBumps == use.foreignBumps();
      out.text(disturbed || !use.known ? "" : upToDate ? "knows " : "knew ");
      use.resource.fingerprint(out, use.truth.queue.values());
    }
  }

  private static String describe(Txn txn) {
    StringBuilder text = new StringBuilder("      log " + txn.zxid() + ' ' + txn.kind());
    text.append(" of session ").append(Long.toHexString(txn.session()));
    for (Change change : txn.changes()) {
      String name =
          change
              .path()
              .substring(change.path().lastIndexOf('/', change.path().lastIndexOf('/') - 1) + 1);
      text.append(
          change instanceof Change.Created ? " +" : change instanceof Change.Set ? " =" : " -");
      text.append(name);
      if (text.length() > 500) {
        return text.append(" …").toString();
      }
    }
    return text.toString();
  }

  private void checkGrants(LockTruth lock) {
    @Nullable SimNode exclusive = null;
    @Nullable SimNode other = null;
    for (Use use : uses) {
      if (use.truth != lock || !use.node.isThere() || use.node.isDazed()) {
        continue;
      }
      LockMode mode = null;
      Grant grant = use.local.fastGrant();
      if (grant != null && grant.lease().isValid(use.node.loop().nanoTime())) {
        mode = grant.mode();
        checkPlace(use, grant.token(), mode, "grant");
      }
      for (Use.Held held : use.holds) {
        if (held.isSure() && held.upgrading == null) {
          checkPlace(use, held.hold.token(), held.hold.mode(), "hold");
          mode = held.hold.mode() == LockMode.EXCLUSIVE ? LockMode.EXCLUSIVE : mode;
          mode = mode == null ? LockMode.SHARED : mode;
        }
      }
      if (mode == LockMode.EXCLUSIVE && exclusive == null) {
        exclusive = use.node;
      } else if (mode != null) {
        other = use.node;
      }
    }
    if (exclusive != null && other != null) {
      throw new Violation(
          "lock " + lock.name + ": " + exclusive + " has it EXCLUSIVE, and so has " + other);
    }
  }

  /** Whoever believes to own a lock has a place in its queue, with nobody in conflict before it. */
  private void checkPlace(Use use, long token, LockMode mode, String what) {
    LockTruth truth = use.truth;
    LockTruth.Place before = null;
    boolean found = false;
    // One transaction may have made several places of a node, all but one given up by now.
    for (LockTruth.Place own : truth.queue.values()) {
      if (own.token == token && own.mode().covers(mode)) {
        found = true;
        before = blockerOf(truth, own);
        if (before == null) {
          return;
        }
      }
    }
    LockTruth.Place upgrade =
        found || mode == LockMode.EXCLUSIVE ? null : truth.upgradeOf(use, token);
    if (upgrade != null) {
      before = blockerOf(truth, upgrade);
      if (before == null) {
        return;
      }
    }
    throw new Violation(
        use
            + ": a valid "
            + mode
            + " "
            + what
            + " of token "
            + token
            + (before == null ? " has no entry" : " overtook the entry " + before.entry.name()));
  }

  private static LockTruth.@Nullable Place blockerOf(LockTruth truth, LockTruth.Place own) {
    for (LockTruth.Place place : truth.queue.values()) {
      if (place.excludes(own)) {
        return place;
      }
    }
    return null;
  }

  /** A user got a hold, or its upgrade. Returns whether it can be used at all. */
  boolean granted(Use.Held held, Use.Wish wish) {
    Use use = held.use;
    LockTruth truth = use.truth;
    long token = held.hold.token();
    Freshness told = held.hold.freshness();
    boolean exclusive = held.hold.mode() == LockMode.EXCLUSIVE;
    if (exclusive) {
      truth.grantedExclusively.add(token);
    }
    if (exclusive && truth.placeOf(token, LockMode.EXCLUSIVE) != null) {
      truth.usedExclusively.add(token);
    }
    if (!held.isSure()) {
      return held.isValid();
    }
    checkExcluded(held);
    boolean stillDead = !truth.dead.isEmpty() && !truth.recoveredBy.contains(token);
    boolean torn = use.resource.tornBy != 0 && use.resource.tornBy != token;
    if ((stillDead || torn) && told != Freshness.OWNER_DIED) {
      throw new Violation(
          held
              + " was told "
              + told
              + ", but "
              + (stillDead ? "owners died: " + truth.dead : "the resource is torn"));
    }
    if (!use.resource.admits(held.hold.mode(), token)) {
      throw new Violation(held + ": the gate refuses a valid hold");
    }
    if (told == Freshness.UNCHANGED) {
      long base = use.dirty == 0 ? use.copy : use.dirtyBase;
      if (base != use.resource.content) {
        throw new Violation(
            held
                + " was told UNCHANGED; its copy is "
                + base
                + ", the resource has "
                + use.resource.content);
      }
      if (use.dirty != 0 && use.dirtyToken != token) {
        throw new Violation(held + " was told UNCHANGED, but lost what was dirty");
      }
    }
    if (told != Freshness.OWNER_DIED) {
      checkValue(held);
    }
    if (!disturbed) {
      checkKnown(held, told, wish);
    }
    return true;
  }

  private static void checkExcluded(Use.Held held) {
    if (!held.use.lock.options().has(io.dmcl.lock.LockProperty.USE_SEMAPHORE)) {
      return;
    }
    for (Use.Held other : held.use.holds) {
      if (other != held && other.isValid() && other.hold.mode().conflictsWith(held.hold.mode())) {
        throw new Violation(held + " and " + other + " in spite of the semaphore");
      }
    }
  }

  private static void checkValue(Use.Held held) {
    LockTruth truth = held.use.truth;
    byte[] set = truth.toPublish.get(held.hold.token());
    byte[] expected = set == null ? truth.published : set;
    if (!Arrays.equals(expected, held.hold.value())) {
      throw new Violation(
          held
              + " has the value "
              + LockTruth.text(held.hold.value())
              + " instead of "
              + LockTruth.text(expected));
    }
  }

  private static void checkKnown(Use.Held held, Freshness told, Use.Wish wish) {
    Use use = held.use;
    boolean known = wish.isKnown();
    if (told == Freshness.OWNER_DIED) {
      throw new Violation(held + " was told OWNER_DIED, and nobody has died");
    }
    if (told == Freshness.MODIFIED && known && use.foreignBumps() == wish.knownForeignBumps) {
      throw new Violation(held + " was told MODIFIED, and nobody else has released since");
    }
    if (told == Freshness.UNKNOWN && known) {
      throw new Violation(held + " was told UNKNOWN, and nothing was forgotten");
    }
  }

  /** What is left besides what reports the dead; empty if nothing is. */
  String whatIsLeft() {
    for (LockTruth lock : locks) {
      Znode version = ensemble.leader.tree.get(lock.paths.version());
      if (!lock.queue.isEmpty()) {
        return "lock " + lock.name + " has left entries behind: " + lock.queue.keySet();
      }
      if (version == null) {
        continue;
      }
      for (String intent : version.children) {
        LockTruth.Place place = lock.abandoned.get(intent);
        boolean livingNode =
            place != null
                && uses.stream()
                    .anyMatch(
                        use -> use.truth == lock && use.node.isThere() && owns(use.node, place));
        if (place == null
            || (livingNode && !place.unknown && !lock.grantedExclusively.contains(place.token))) {
          return "lock " + lock.name + " has left the intent " + intent + " behind";
        }
      }
      if (!lock.dead.isEmpty() && version.children.isEmpty()) {
        throw new Violation("lock " + lock.name + " has forgotten its dead: " + lock.dead);
      }
    }
    return "";
  }

  private boolean owns(SimNode node, LockTruth.Place place) {
    for (Txn txn : ensemble.leader.log) {
      if (txn.kind() == Txn.Kind.OPEN_SESSION && txn.session() == place.session) {
        return txn.origin() != null && txn.origin().client == node.client;
      }
    }
    return false;
  }
}
