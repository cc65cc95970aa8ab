package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.util.List;
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

  Actor(SimNode node, Use use, List<LockMode> modes) {
    this.node = node;
    this.use = use;
    this.modes = modes;
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
