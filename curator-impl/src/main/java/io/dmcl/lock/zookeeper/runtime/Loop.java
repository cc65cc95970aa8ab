package io.dmcl.lock.zookeeper.runtime;

/**
 * Port: the event loop of a node, and its clock. Tasks run one after the other; each sees what
 * those before it wrote. They never block.
 */
public interface Loop {
  /** The monotonic clock, in nanoseconds. */
  long nanoTime();

  /** The wall clock, in nanoseconds since an epoch. */
  long wallNanos();

  /** Runs a task soon, on another thread. */
  void execute(Runnable task);

  /**
   * Runs a task soon, on this thread if the loop is idle. For callers that want the effect at once,
   * never for the coordination client's threads.
   */
  void run(Runnable task);

  /**
   * As {@link #run}, but what the task has to send waits for what is asked for next, or for the
   * loop's own thread, which is woken for it, and may wait a moment: whichever comes first. So a
   * release and the request that its caller makes next travel together, and no release waits for
   * long for a caller that does not come.
   */
  void gather(Runnable task);

  /** Runs a task at that time. Called by tasks only. */
  void schedule(long atNanos, Runnable task);

  /** Runs no more tasks. */
  void stop();
}
