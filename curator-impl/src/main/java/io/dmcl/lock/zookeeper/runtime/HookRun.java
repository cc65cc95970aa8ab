package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.DemoteHook;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.zookeeper.cache.Grant;
import org.jspecify.annotations.Nullable;

/** One run of a demote hook, on a thread that may block; the event loop is told how it ended. */
final class HookRun implements Runnable {
  private final LockHandle handle;
  private final DemoteHook hook;
  private final Grant grant;
  private final @Nullable LockMode to;

  HookRun(LockHandle handle, DemoteHook hook, Grant grant, @Nullable LockMode to) {
    this.handle = handle;
    this.hook = hook;
    this.grant = grant;
    this.to = to;
  }

  @Override
  public void run() {
    Node node = handle.node();
    GrantDemotion demotion = new GrantDemotion(handle, grant, to);
    FlightEvents.DemoteHook event = FlightRecord.demoting();
    Throwable error = call(demotion);
    demotion.end();
    node.record().demoted(event, handle.name(), demotion.from(), to, error);
    if (error != null) {
      node.tell(listener -> listener.hookFailed(handle, error));
    }
    node.loop().run(() -> handle.local().hookDone(grant, error));
  }

  /** Whatever it throws, what was dirty has not been written. */
  private @Nullable Throwable call(GrantDemotion demotion) {
    try {
      hook.demote(demotion);
      return null;
    } catch (Throwable e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      return e;
    }
  }
}
