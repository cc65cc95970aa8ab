package io.dmcl.lock.contract;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.contract.InMemoryCluster.Resource;

/**
 * What a node of {@link InMemoryCluster} remembers of a lock, and the rule of freshness; guarded by
 * the cluster's mutex.
 */
final class InMemoryMemory {
  /** The lock that the version belongs to; 0 if nothing is remembered. */
  private long created;

  private long version;

  void remember(long ofCreated, long ofVersion) {
    created = ofCreated;
    version = ofVersion;
  }

  void forget() {
    created = 0;
  }

  Freshness compare(Resource resource) {
    if (!resource.deadIntents.isEmpty()) {
      return Freshness.OWNER_DIED;
    } else if (created != resource.created) {
      return Freshness.UNKNOWN;
    }
    return version == resource.version ? Freshness.UNCHANGED : Freshness.MODIFIED;
  }
}
