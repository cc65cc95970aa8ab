package io.dmcl.lock.contract;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Demotion;
import io.dmcl.lock.LockMode;
import org.jspecify.annotations.Nullable;

/** What a hook sees of a grant of {@link InMemoryLock}. */
final class InMemoryDemotion implements Demotion {
  private final InMemoryLock lock;
  private final InMemoryGrant demoted;
  private final LockMode from;
  private final @Nullable LockMode to;

  InMemoryDemotion(InMemoryLock lock, InMemoryGrant demoted, @Nullable LockMode to) {
    this.lock = lock;
    this.demoted = demoted;
    this.from = demoted.mode();
    this.to = to;
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
    return demoted.request.token;
  }

  @Override
  public byte[] value() {
    return lock.node.guarded(() -> demoted.value.clone());
  }

  @Override
  public void setValue(byte[] value) {
    if (from != LockMode.EXCLUSIVE) {
      throw new IllegalStateException("lock " + lock.name() + " was granted SHARED only");
    }
    lock.node.run(
        () -> {
          demoted.setValue(value);
          demoted.usedExclusive = true;
        });
  }
}
