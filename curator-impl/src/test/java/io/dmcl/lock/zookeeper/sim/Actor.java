package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A node of a {@link SmallWorld} and its user, who does one thing after the other. */
final class Actor {
  final SimNode node;
  final Use use;
  final List<LockMode> modes;

  /** How many of the modes it has asked for. */
  int next;

  Use.@Nullable Wish wish;
  Use.@Nullable Held held;
  @Nullable CompletableFuture<Hold> future;

  /** What the oracle has found wrong with what it was given. */
  @Nullable Violation failure;

  private final Oracle oracle;

  Actor(SimNode node, Use use, List<LockMode> modes, Oracle oracle) {
    this.node = node;
    this.use = use;
    this.modes = modes;
    this.oracle = oracle;
  }

  void acquire() {
    LockMode mode = modes.get(next++);
    CompletableFuture<Hold> asked = use.lock.acquireAsync(mode);
    Use.Wish asWish = new Use.Wish(use, mode, asked);
    wish = asWish;
    future = asked;
    var unused =
        asked.whenComplete(
            (hold, error) -> {
              wish = null;
              future = null;
              if (hold != null) {
                got(new Use.Held(use, hold, null, asWish), asWish);
              }
            });
  }

  private void got(Use.Held what, Use.Wish asWish) {
    use.holds.add(what);
    held = what;
    try {
      if (oracle.granted(what, asWish)) {
        access(what.hold);
      }
    } catch (Violation e) {
      failure = e; // not thrown into the node
    }
  }

  private void access(Hold hold) {
    if (hold.freshness().mustReload()) {
      use.copy = use.resource.content;
    }
    if (hold.mode() == LockMode.EXCLUSIVE) {
      use.copy = ++use.resource.content;
      if (hold.freshness() == Freshness.OWNER_DIED) {
        hold.markRecovered();
        use.truth.recoveredBy.add(hold.token());
      }
    }
  }

  void unlock() {
    var unused = giveBack().unlockAsync();
  }

  /** So that the release and the next request leave together. */
  void unlockAndAcquire() {
    giveBack().unlock();
    acquire();
  }

  private Hold giveBack() {
    Use.Held given = Objects.requireNonNull(held);
    held = null;
    use.holds.remove(given);
    if (given.isValid()) {
      use.known = true;
      use.knownForeignBumps = use.foreignBumps();
    }
    return given.hold;
  }

  /** Whether its user has nothing to do but wait. */
  boolean isPassive() {
    return held == null && (wish != null || isFinished());
  }

  /** Whether its user has asked for everything. */
  boolean isFinished() {
    return next == modes.size();
  }

  /** Whether its user wants anything still. */
  boolean isServed() {
    return isFinished() && wish == null;
  }
}
