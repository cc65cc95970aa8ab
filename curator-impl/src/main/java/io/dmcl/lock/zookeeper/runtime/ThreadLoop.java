package io.dmcl.lock.zookeeper.runtime;

import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * The event loop on real threads: one of its own, and, when it is idle, the callers' ({@link
 * #run}), which saves them two thread switches. Whoever has set {@code busy} is the loop until it
 * clears it.
 *
 * <p>{@code timers} and everything that tasks touch is guarded by {@code busy}. After clearing it,
 * whoever finds tasks left wakes the loop's own thread, so that none is forgotten.
 */
final class ThreadLoop implements Loop {
  private record Timer(long atNanos, long order, Runnable task) {}

  private static final int CALLER_TASKS = 16;
  private static final long FOREVER_NANOS = TimeUnit.HOURS.toNanos(1);
  private static final long BUSY_WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
  private static final long GATHER_NANOS = TimeUnit.MICROSECONDS.toNanos(50);

  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(
          (a, b) -> {
            int byTime = Long.signum(a.atNanos - b.atNanos);
            return byTime != 0 ? byTime : Long.compare(a.order, b.order);
          });
  private final AtomicBoolean busy = new AtomicBoolean();
  private final Runnable afterTasks;
  private final Consumer<Throwable> onFailure;
  private final Thread thread;
  private volatile boolean stopped;
  private volatile boolean broken;
  private long timersMade;
  private long sleepsUntilNanos; // guarded by busy, as the timers are
  private boolean owesBatchEnd; // guarded by busy: tasks were run, and what follows a batch was not
  private boolean isFollowed; // guarded by busy: what was gathered last left with a caller's task

  /**
   * A loop that has not started.
   *
   * @param afterTasks runs after each batch of tasks
   * @param onFailure told what a task threw; the loop has stopped then
   */
  ThreadLoop(String name, Runnable afterTasks, Consumer<Throwable> onFailure) {
    this.afterTasks = afterTasks;
    this.onFailure = onFailure;
    thread = new Thread(this::loop, name);
    thread.setDaemon(true);
    // The thread that opens a lockspace lends it neither its class loader nor its privileges.
    thread.setContextClassLoader(ThreadLoop.class.getClassLoader());
  }

  void start() {
    thread.start();
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public long wallNanos() {
    return TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (!busy.get()) {
      LockSupport.unpark(thread);
    }
  }

  @Override
  public void run(Runnable task) {
    tasks.add(task);
    runAsCaller(true);
  }

  @Override
  public void gather(Runnable task) {
    tasks.add(task);
    runAsCaller(false);
  }

  private void runAsCaller(boolean endsBatch) {
    while (!tasks.isEmpty() && busy.compareAndSet(false, true)) {
      try {
        boolean follows = owesBatchEnd;
        runTasks(CALLER_TASKS);
        if (endsBatch || stopped) {
          isFollowed |= follows;
          endBatch();
        }
      } finally {
        release();
      }
      if (!stopped) {
        return; // what is left is for the loop's own thread
      }
    }
  }

  @Override
  public void schedule(long atNanos, Runnable task) {
    timers.add(new Timer(atNanos, timersMade++, task));
  }

  @Override
  public void stop() {
    stopped = true; // from now on callers are the loop; timers do not run any more
    LockSupport.unpark(thread);
  }

  private void loop() {
    while (!stopped) {
      long sleepNanos = FOREVER_NANOS;
      if (busy.compareAndSet(false, true)) {
        try {
          runTimers();
          if (owesBatchEnd && isFollowed && tasks.isEmpty()) {
            // The caller before came back at once: so may this one. Only the end of the batch can
            // set this again, so a batch is waited with once.
            isFollowed = false;
            sleepNanos = GATHER_NANOS;
          } else {
            runTasks(Integer.MAX_VALUE);
            endBatch();
          }
          Timer next = timers.peek();
          long now = nanoTime();
          if (next != null) {
            sleepNanos = Math.min(sleepNanos, next.atNanos - now);
          }
          sleepsUntilNanos = now + sleepNanos;
        } finally {
          busy.set(false);
        }
        if (!tasks.isEmpty()) {
          continue;
        }
        if (sleepNanos > 0) {
          LockSupport.parkNanos(this, sleepNanos);
        }
      } else {
        // A caller is the loop just now. It wakes us if it leaves tasks, but not for timers that we
        // knew.
        Thread.onSpinWait();
        LockSupport.parkNanos(this, BUSY_WAIT_NANOS);
      }
    }
    // Callers that found us busy, or left us their tasks, before they could see that we stop.
    run(() -> {});
  }

  /**
   * Ends being the loop on a caller's thread. If anything is left to do, or a timer is due before
   * the time that the loop's own thread sleeps until, that is woken.
   */
  private void release() {
    Timer next = timers.peek();
    boolean early = next != null && next.atNanos - sleepsUntilNanos < 0;
    boolean owing = owesBatchEnd;
    busy.set(false);
    if (early || owing || !tasks.isEmpty()) {
      LockSupport.unpark(thread);
    }
  }

  private void runTimers() {
    long now = nanoTime();
    for (Timer timer = timers.peek();
        timer != null && timer.atNanos - now <= 0;
        timer = timers.peek()) {
      timers.remove();
      runGuarded(timer.task);
    }
  }

  private void runTasks(int most) {
    for (int i = 0; i < most; i++) {
      Runnable task = tasks.poll();
      if (task == null) {
        break;
      }
      runGuarded(task);
    }
    owesBatchEnd = true;
  }

  private void endBatch() {
    owesBatchEnd = false;
    runGuarded(afterTasks);
  }

  private void runGuarded(Runnable task) {
    if (broken) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      // A protocol that has met the impossible must not go on.
      broken = true;
      stopped = true;
      onFailure.accept(e);
    }
  }
}
