package io.dmcl.lock.zookeeper.cache;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import org.jspecify.annotations.Nullable;

/** A request on a session, under the session's lease. */
public final class Placement extends Request {
  private final SessionLease lease;

  /** A request that has not been sent; see {@link Request}. */
  public Placement(
      SessionLease lease,
      Wire wire,
      Listener listener,
      LockPaths paths,
      RequestId id,
      LockMode mode,
      boolean lockExists,
      @Nullable Entry upgradeFrom) {
    super(wire, listener, paths, id, mode, lockExists, upgradeFrom);
    this.lease = lease;
  }

  /** The lease that it is under. */
  public SessionLease lease() {
    return lease;
  }
}
