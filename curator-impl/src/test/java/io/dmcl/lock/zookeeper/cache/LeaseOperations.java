package io.dmcl.lock.zookeeper.cache;

/**
 * What threads do with a {@link SessionLease}, for Lincheck: the event loop moves its end on, any
 * thread ends it. One after the other they are their own specification.
 */
public final class LeaseOperations {
  private static final long NOW_NANOS = 1_000;
  private static final long LATER_NANOS = 2_000;

  private final SessionLease lease = new SessionLease(0);

  /** The event loop. */
  public void extend() {
    lease.extendTo(LATER_NANOS);
  }

  /** The event loop, when what was under it has been given up. */
  public void reset() {
    lease.reset();
  }

  /** Any thread: the session is over. */
  public void end() {
    lease.end();
  }

  /** Whether it is valid, when nobody changes it any more. */
  public boolean isValid() {
    return lease.isValid(NOW_NANOS);
  }
}
