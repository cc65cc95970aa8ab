package io.dmcl.lock.contract;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.contract.InMemoryCluster.Request;
import io.dmcl.lock.contract.InMemoryCluster.Resource;
import java.util.Set;

/** Ownership of a lock by a node of {@link InMemoryCluster}; guarded by its mutex. */
final class InMemoryGrant {
  private static final int MAX_VALUE_LENGTH = 1024;

  final Request request;
  final Freshness found;
  final Set<String> dead;
  final long since = System.nanoTime();
  private final InMemoryMemory memory;
  private final long created;

  long version;
  byte[] value;
  boolean acknowledged;
  boolean recovered;

  /** Whether any hold was given out under it. */
  boolean used;

  /** Whether an exclusive hold has ended under it since it was last published. */
  boolean usedExclusive;

  boolean recallCounted;
  private boolean forgotten;

  InMemoryGrant(Request request, Resource resource, InMemoryMemory memory) {
    this.request = request;
    this.memory = memory;
    this.found = memory.compare(resource);
    this.dead = Set.copyOf(resource.deadIntents);
    this.created = resource.created;
    this.version = resource.version;
    this.value = resource.value.clone();
    this.acknowledged = found == Freshness.UNCHANGED;
  }

  LockMode mode() {
    return request.mode;
  }

  /** What a hold is told that is given out now. */
  Freshness news() {
    if (found == Freshness.OWNER_DIED && !(recovered && acknowledged)) {
      return found;
    } else if (acknowledged) {
      return Freshness.UNCHANGED;
    }
    return forgotten ? Freshness.UNKNOWN : found;
  }

  /** A hold that was told this has been unlocked: what was cached under the lock is new. */
  void acknowledge(Freshness told) {
    if (told == news()) {
      acknowledged = true;
      memory.remember(created, version);
    }
  }

  void forget() {
    forgotten = true;
    acknowledged = false;
  }

  void setValue(byte[] newValue) {
    if (newValue.length > MAX_VALUE_LENGTH) {
      throw new IllegalArgumentException(
          "a value has at most " + MAX_VALUE_LENGTH + " bytes, this one has " + newValue.length);
    }
    value = newValue.clone();
  }
}
