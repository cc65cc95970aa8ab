package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Demotion;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.Grant;
import org.jspecify.annotations.Nullable;

/** What a demote hook is told of a grant. */
final class GrantDemotion implements Demotion {
  private final ClusterLock lock;
  private final Grant grant;
  private final LockMode from;
  private final @Nullable LockMode to;
  private volatile boolean ended;

  GrantDemotion(ClusterLock lock, Grant grant, @Nullable LockMode to) {
    this.lock = lock;
    this.grant = grant;
    this.from = grant.mode();
    this.to = to;
  }

  void end() {
    ended = true;
  }

  @Override
  public ClusterLock lock() {
    return lock;
  }

  @Override
  public LockMode from() {
    return from;
  }

  @Override
  public @Nullable LockMode to() {
    return to;
  }

  @Override
  public long token() {
    return grant.token();
  }

  @Override
  public byte[] value() {
    return grant.value();
  }

  @Override
  public void setValue(byte[] value) {
    if (ended) {
      throw new IllegalStateException("the demotion of lock " + lock.name() + " is over");
    }
    if (from != LockMode.EXCLUSIVE) {
      throw new IllegalStateException("the value can only be set under EXCLUSIVE");
    }
    grant.setValue(value);
  }
}
