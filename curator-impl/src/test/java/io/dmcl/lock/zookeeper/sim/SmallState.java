package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.cache.Grant;

/** The state of a {@link SmallWorld}, as numbers that are the same for the same states. */
final class SmallState {
  private final SmallWorld world;
  private final boolean timed;

  /**
   * Of a world.
   *
   * @param timed whether it makes a difference how long the sessions of those who have gone last
   */
  SmallState(SmallWorld world, boolean timed) {
    this.world = world;
    this.timed = timed;
  }

  /** What the oracle looks at in nodes. */
  long view() {
    HashedFingerprint out = look(new HashedFingerprint("/", Fingerprint.NOBODY));
    for (Actor actor : world.actors()) {
      Grant grant = actor.use.local.fastGrant();
      out.number(grant == null ? 0 : grant.token());
    }
    return out.hash();
  }

  private HashedFingerprint look(HashedFingerprint out) {
    for (Actor actor : world.actors()) {
      Grant grant = actor.use.local.fastGrant();
      out.number(actor.node.isThere() ? 1 : 0);
      if (actor.held != null) {
        out.text(actor.held.hold.freshness().name()).zxid(actor.held.hold.token());
      }
      if (grant != null) {
        out.zxid(grant.token()).text(grant.mode().name());
        out.number(grant.lease().isEnded() ? 1 : 0);
      }
    }
    return out;
  }

  /** What the oracle looks at in all, for comparing explorations. */
  long sight() {
    HashedFingerprint out = look(new HashedFingerprint("/", Fingerprint.NOBODY));
    for (LockTruth.Place place : world.truth().queue.values()) {
      out.text(place.entry.name());
    }
    return out.hash();
  }

  /** What a node knows, for comparing explorations. */
  long knowledge(Actor actor) {
    HashedFingerprint out = new HashedFingerprint(lock(), Fingerprint.NOBODY);
    out.number(actor.node.number).number(actor.node.isThere() ? 1 : 0).number(actor.next);
    add(out, actor, actor.node.clock.nanoTime());
    return out.hash();
  }

  /** All that makes a difference. */
  long fingerprint() {
    HashedFingerprint out = new HashedFingerprint(lock(), reconnecting());
    add(out, timed);
    return out.hash();
  }

  /** All that makes a difference if nothing is going to happen any more. */
  long end() {
    HashedFingerprint out = new HashedFingerprint(lock(), reconnecting());
    add(out, false);
    return out.hash();
  }

  /** The {@link #fingerprint} for people. */
  String describe() {
    Fingerprint out = new Fingerprint(lock(), reconnecting());
    add(out, timed);
    return out.toString();
  }

  private String lock() {
    return world.truth().paths.lock();
  }

  private int reconnecting() {
    return world.mayReconnect() ? world.plan().faulty() : Fingerprint.NOBODY;
  }

  private void add(Fingerprint out, boolean withTimes) {
    Ensemble ensemble = world.ensemble();
    ensemble.fingerprint(out, false);
    world.oracle().fingerprint(out);
    if (withTimes && world.isFaultDone()) {
      out.number(ensemble.leader.log.size()); // it takes several writes in a row to renew a lease
      for (Leader.Tracked session : ensemble.leader.sessions.values()) {
        if (!world.isOfTheLiving(session.id)) {
          out.number(session.expiresAtNanos - ensemble.nowNanos());
        }
      }
    }
    for (Actor actor : world.actors()) {
      if (actor.node.isThere()) {
        add(out, actor);
      } else {
        out.text("\ngone"); // what it was about to do does not matter
      }
    }
    out.text(world.isFaultDone() ? "faulted" : "");
  }

  private void add(Fingerprint out, Actor actor) {
    out.text("\nactor ").number(actor.next);
    out.text(actor.held != null ? "holds " : actor.wish != null ? "waits " : "");
    if (actor.held != null) {
      out.text(actor.held.hold.freshness().name()).zxid(actor.held.hold.token());
    }
    out.text(world.resource().content == actor.use.copy ? "knows " : "");
    long nowNanos = actor.node.clock.nanoTime();
    add(out, actor, nowNanos);
    out.number(actor.node.loop().timersBefore(nowNanos + SmallWorld.SHORT_NANOS));
  }

  private static void add(Fingerprint out, Actor actor, long nowNanos) {
    actor.node.access.fingerprint(new StateText(out, nowNanos, actor.isServed())::add);
  }
}
