package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.zookeeper.protocol.Request;
import org.jspecify.annotations.Nullable;

/**
 * A caller that waits for its shared hold to become exclusive, and the exclusive request that is
 * queued for it where the node's grant is shared. Used by the event loop; exactly one of the
 * outcomes is called, once, unless it is withdrawn.
 */
public abstract class Upgrade {
  private @Nullable Placement placement;
  private boolean withdrawn;

  /** The exclusive request, from when it is made until it has taken the shared one's place. */
  final @Nullable Placement placement() {
    return placement;
  }

  final boolean isBy(Request request) {
    return placement == request;
  }

  /** The request is made. */
  final void requestedBy(Placement exclusive) {
    placement = exclusive;
  }

  /** The request has taken the shared one's place: what is left is that other holds end. */
  final void placeTaken() {
    placement = null;
  }

  /** The caller does not wait any more; false if it is so far that it will be answered at once. */
  final boolean withdraw() {
    withdrawn = placement != null && placement.isDropping();
    return !withdrawn;
  }

  /** Whether the caller, who could not be let go, wants to be answered at once. */
  final boolean isWithdrawn() {
    return withdrawn;
  }

  /** The hold is exclusive, under this grant. */
  protected abstract void upgraded(Grant grant, Freshness told);

  /** The hold is as it was. */
  protected abstract void refused();

  /** The hold is lost. */
  protected abstract void lost();
}
