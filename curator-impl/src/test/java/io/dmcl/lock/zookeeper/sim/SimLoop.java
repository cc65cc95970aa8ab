package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.runtime.Loop;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.PriorityQueue;
import java.util.function.Consumer;

/**
 * The event loop of a simulated node: its tasks and timers run when the driver says so. A caller
 * that finds the loop idle runs its task at once, as with the real loop; the driver says whether it
 * finds it idle. What is gathered waits for the next task, or for the driver.
 */
final class SimLoop implements Loop {
  private record Timer(long atNanos, long order, Runnable task) {}

  private final NodeClock clock;
  private final Runnable afterTasks;
  private final Consumer<Throwable> onFailure;
  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private final PriorityQueue<Timer> timers =
      new PriorityQueue<>(
          (a, b) ->
              a.atNanos != b.atNanos
                  ? Long.compare(a.atNanos, b.atNanos)
                  : Long.compare(a.order, b.order));
  private Runnable afterEach = () -> {};
  private long timersMade;
  private boolean busy;
  private boolean running;
  private boolean stopped;
  private boolean broken;
  private boolean owesBatchEnd;

  SimLoop(NodeClock clock, Runnable afterTasks, Consumer<Throwable> onFailure) {
    this.clock = clock;
    this.afterTasks = afterTasks;
    this.onFailure = onFailure;
  }

  @Override
  public long nanoTime() {
    return clock.nanoTime();
  }

  @Override
  public long wallNanos() {
    return clock.wallNanos();
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  @Override
  public void run(Runnable task) {
    tasks.add(task);
    if (!busy && !running) {
      runTasks(Integer.MAX_VALUE);
    }
  }

  @Override
  public void gather(Runnable task) {
    tasks.add(task);
    if (!busy && !running) {
      while (!tasks.isEmpty()) {
        runGuarded(tasks.remove());
      }
      owesBatchEnd = true;
    }
  }

  @Override
  public void schedule(long atNanos, Runnable task) {
    timers.add(new Timer(atNanos, timersMade++, task));
  }

  @Override
  public void stop() {
    stopped = true;
    timers.clear();
  }

  /** Whether callers find the loop busy from now on, so that their tasks run later. */
  void setBusy(boolean on) {
    busy = on;
  }

  /** What is to be run after each task, before anything else can happen. */
  void setAfterEach(Runnable observer) {
    afterEach = observer;
  }

  /** Whether there is anything to do now. */
  boolean canRun() {
    return !broken && (owesBatchEnd || !tasks.isEmpty() || nextTimerNanos() <= clock.nanoTime());
  }

  /** How many timers are due before a time. */
  int timersBefore(long nanos) {
    return (int) timers.stream().filter(timer -> timer.atNanos < nanos).count();
  }

  /** When the next timer is due, by the node's clock; {@link Long#MAX_VALUE} if there is none. */
  long nextTimerNanos() {
    Timer next = timers.peek();
    return next == null || broken ? Long.MAX_VALUE : next.atNanos;
  }

  /** One batch: the timers that are due, then so many tasks, then what follows a batch. */
  void runBatch(int mostTasks) {
    long now = clock.nanoTime();
    for (Timer timer = timers.peek();
        timer != null && timer.atNanos <= now && !stopped;
        timer = timers.peek()) {
      timers.remove();
      runGuarded(timer.task);
    }
    runTasks(mostTasks);
  }

  private void runTasks(int most) {
    for (int i = 0; i < most && !tasks.isEmpty(); i++) {
      runGuarded(tasks.remove());
    }
    owesBatchEnd = false;
    runGuarded(afterTasks);
  }

  private void runGuarded(Runnable task) {
    if (broken) {
      return;
    }
    boolean outer = running;
    running = true;
    try {
      task.run();
      afterEach.run();
    } catch (RuntimeException | Error e) {
      broken = true;
      onFailure.accept(e);
    } finally {
      running = outer;
    }
  }
}
