package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.Grant;
import io.dmcl.lock.zookeeper.cache.Waiter;
import org.jspecify.annotations.Nullable;

/** A thread that waits for a hold. */
final class WaitingCaller extends Waiter {
  final Call call = new Call();
  @Nullable Grant grant;
  @Nullable RuntimeException failure;
  private Freshness news = Freshness.UNKNOWN;

  WaitingCaller(LockMode mode, boolean patient) {
    super(mode, patient, null);
  }

  Freshness told() {
    return news;
  }

  Hold hold(LockHandle handle) {
    Grant of = grant;
    if (of == null) {
      throw new IllegalStateException("not granted");
    }
    return new GrantHold(handle, of, mode(), news);
  }

  @Override
  protected void granted(Grant of, Freshness told) {
    grant = of;
    news = told;
    call.decide();
  }

  @Override
  protected void busy() {
    call.decide();
  }

  @Override
  protected void failed(RuntimeException cause) {
    failure = cause;
    call.decide();
  }
}
