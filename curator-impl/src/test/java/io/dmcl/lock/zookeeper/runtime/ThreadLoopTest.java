package io.dmcl.lock.zookeeper.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The event loop forgets no task, whoever brings it, and runs one at a time. */
@Timeout(120)
class ThreadLoopTest {
  private static final int CALLERS = 4;
  private static final int TASKS = 20_000;
  private static final int ROUNDS = 2_000;
  private static final long SOON_NANOS = 1_000;

  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  @AfterEach
  void shutDown() {
    threads.shutdownNow();
  }

  /** Not thread-safe, as everything that belongs to the loop: a count that is short tells. */
  private static final class Counter {
    long tasks;
    long timers;
    long batches;
  }

  private ThreadLoop loop(Counter counter) {
    return new ThreadLoop("loop", () -> counter.batches++, failure::set);
  }

  @Test
  void tasks_callersEventsAndTimersAtOnce_areAllRunOneAtATime() throws Exception {
    Counter counter = new Counter();
    ThreadLoop loop = loop(counter);
    loop.start();
    CountDownLatch left = new CountDownLatch(3 * (CALLERS + 1) * TASKS);
    Runnable timer =
        () -> {
          counter.timers++;
          left.countDown();
        };
    Runnable task =
        () -> {
          counter.tasks++;
          left.countDown();
          loop.schedule(loop.nanoTime() + SOON_NANOS, timer);
          loop.execute(left::countDown);
        };
    List<Future<?>> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(threads.submit(() -> times(TASKS, () -> loop.run(task))));
    }
    callers.add(threads.submit(() -> times(TASKS, () -> loop.execute(task))));
    for (Future<?> caller : callers) {
      caller.get();
    }

    left.await();
    stop(loop);
    assertThat(counter.tasks).isEqualTo((CALLERS + 1L) * TASKS);
    assertThat(counter.timers).isEqualTo(counter.tasks);
    assertThat(counter.batches).isPositive();
    assertThat(failure).hasNullValue();
  }

  @Test
  void timer_scheduledByACallerWhileTheThreadSleeps_wakesIt() throws Exception {
    ThreadLoop loop = loop(new Counter());
    loop.start();
    for (int i = 0; i < ROUNDS; i++) {
      CountDownLatch rung = new CountDownLatch(1);
      loop.run(() -> loop.schedule(loop.nanoTime() + SOON_NANOS, rung::countDown));
      rung.await();
    }
    stop(loop);
    assertThat(failure).hasNullValue();
  }

  @Test
  void gather_anotherTaskFollows_isOneBatchWithIt() {
    Counter counter = new Counter();
    ThreadLoop loop = loop(counter); // not started: nobody else ends the batch

    loop.gather(() -> counter.tasks++);
    assertThat(counter.tasks).isOne();
    assertThat(counter.batches).isZero();

    loop.run(() -> counter.tasks++);
    assertThat(counter.tasks).isEqualTo(2);
    assertThat(counter.batches).isOne();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gather_nothingFollows_theBatchIsEndedByTheLoopsOwnThread(boolean oneBeforeWasFollowed)
      throws Exception {
    Semaphore ended = new Semaphore(0);
    ThreadLoop loop = new ThreadLoop("loop", ended::release, failure::set);
    loop.start();
    for (int i = 0; i < ROUNDS; i++) {
      if (oneBeforeWasFollowed) {
        loop.gather(() -> {});
        loop.run(() -> {});
      }
      ended.drainPermits();
      loop.gather(() -> {});
      assertThat(ended.tryAcquire(30, TimeUnit.SECONDS)).as("the batch is ended").isTrue();
    }
    stop(loop);
    assertThat(failure).hasNullValue();
  }

  /** The loop stops just when it has seen that nothing is left, and a caller comes just then. */
  @Test
  void run_whileTheLastBatchEnds_isRun() throws Exception {
    CountDownLatch ending = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    ThreadLoop loop =
        new ThreadLoop(
            "loop",
            () -> {
              ending.countDown();
              awaitQuietly(goOn);
            },
            failure::set);
    loop.start();
    ending.await();
    loop.stop();
    CountDownLatch run = new CountDownLatch(1);
    loop.run(run::countDown);
    goOn.countDown();
    assertThat(run.await(30, TimeUnit.SECONDS)).as("the task is run").isTrue();
    assertThat(failure).hasNullValue();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A caller that waits for its task must not wait for ever because the loop stops just then. */
  @Test
  void run_whileAnotherThreadStops_isRun() throws Exception {
    for (int i = 0; i < ROUNDS; i++) {
      Counter counter = new Counter();
      ThreadLoop loop = loop(counter);
      loop.start();
      CyclicBarrier together = new CyclicBarrier(3);
      List<Future<?>> callers = new ArrayList<>();
      for (int j = 0; j < 2; j++) {
        callers.add(
            threads.submit(
                () -> {
                  together.await();
                  for (int k = 0; k < 3; k++) {
                    CountDownLatch run = new CountDownLatch(1);
                    loop.execute(() -> counter.tasks++);
                    loop.run(run::countDown);
                    assertThat(run.await(30, TimeUnit.SECONDS)).as("the task is run").isTrue();
                  }
                  return null;
                }));
      }
      together.await();
      loop.stop();
      for (Future<?> caller : callers) {
        caller.get();
      }
    }
  }

  private static void times(int count, Runnable task) {
    for (int i = 0; i < count; i++) {
      task.run();
    }
  }

  /** Stops, and sees what the loop wrote. */
  private static void stop(ThreadLoop loop) throws InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
    loop.run(
        () -> {
          loop.stop();
          stopped.countDown();
        });
    stopped.await();
  }
}
