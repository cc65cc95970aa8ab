package io.dmcl.lock.zookeeper.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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

  @Test
  void gather_nothingFollows_theBatchIsEndedByTheLoopsOwnThread() throws Exception {
    Semaphore ended = new Semaphore(0);
    ThreadLoop loop = new ThreadLoop("loop", ended::release, failure::set);
    loop.start();
    for (int i = 0; i < ROUNDS; i++) {
      ended.drainPermits();
      loop.gather(() -> {});
      assertThat(ended.tryAcquire(30, TimeUnit.SECONDS)).as("the batch is ended").isTrue();
    }
    stop(loop);
    assertThat(failure).hasNullValue();
  }

  @Test
  void enqueue_anotherTaskFollows_isRunBeforeItInOneBatch() {
    Counter counter = new Counter();
    ThreadLoop loop = loop(counter);
    List<String> run = new ArrayList<>();

    loop.enqueue(() -> run.add("enqueued"));
    assertThat(run).isEmpty();

    loop.run(() -> run.add("next"));
    assertThat(run).containsExactly("enqueued", "next");
    assertThat(counter.batches).isOne();
  }

  @Test
  void await_aTaskOfAnotherThread_isRunByTheWaitingThread() throws Exception {
    ThreadLoop loop = loop(new Counter()); // not started: nobody else runs it
    CompletableFuture<Call> calls = new CompletableFuture<>();
    AtomicReference<Thread> runner = new AtomicReference<>();
    Thread caller = new Thread(() -> awaitQuietly(loop, calls));
    caller.start();
    while (caller.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    loop.execute(
        () -> {
          runner.set(Thread.currentThread());
          calls.join().decide();
        });
    caller.join();
    assertThat(runner).hasValue(caller);
  }

  private static void awaitQuietly(ThreadLoop loop, CompletableFuture<Call> calls) {
    Call call = new Call(loop);
    calls.complete(call);
    try {
      call.await(null);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void resign_aTaskThatItWasWokenFor_isLeftToTheLoopsOwnThread() throws Exception {
    ThreadLoop loop = loop(new Counter());
    loop.start();
    for (int i = 0; i < ROUNDS; i++) {
      Semaphore run = new Semaphore(0);
      assertThat(loop.lead()).isTrue();
      loop.execute(run::release);
      loop.resign();
      assertThat(run.tryAcquire(30, TimeUnit.SECONDS)).as("the task is run").isTrue();
    }
    stop(loop);
    assertThat(failure).hasNullValue();
  }

  /** Answers come just when a caller begins to wait, leads, is decided, gives up, or leaves. */
  @Test
  void await_callersThatLeadInTurn_areAllDecided() throws Exception {
    Counter counter = new Counter();
    ThreadLoop loop = loop(counter);
    loop.start();
    ExecutorService client = Executors.newSingleThreadExecutor();
    List<Future<?>> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      Long deadline = i == 0 ? Long.valueOf(System.nanoTime()) : null; // one that gives up at once
      callers.add(
          threads.submit(
              () -> {
                for (int n = 0; n < TASKS; n++) {
                  Call call = new Call(loop);
                  loop.run(
                      () -> {
                        counter.tasks++;
                        client.execute(() -> loop.execute(call::decide));
                      });
                  if (!call.await(deadline)) {
                    loop.run(call::decide);
                    call.await();
                  }
                }
                return null;
              }));
    }
    for (Future<?> caller : callers) {
      caller.get();
    }
    client.shutdown();
    stop(loop);
    assertThat(counter.tasks).isEqualTo((long) CALLERS * TASKS);
    assertThat(failure).hasNullValue();
  }

  @Test
  void await_interrupted_endsAndLeadsNoMore() throws Exception {
    ThreadLoop loop = loop(new Counter());
    Future<?> caller = threads.submit(() -> new Call(loop).await(null));
    caller.cancel(true);
    threads.shutdown();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).as("it has left").isTrue();
    assertThat(loop.lead()).as("nobody leads").isTrue();
  }

  @Test
  void lead_someoneElseDoes_isRefused() throws Exception {
    ThreadLoop loop = loop(new Counter());
    assertThat(loop.lead()).isTrue();
    assertThat(threads.submit(loop::lead).get()).isFalse();
    loop.resign();
    assertThat(threads.submit(loop::lead).get()).isTrue();
  }

  /** All carriers may be held by virtual threads that wait for what the leader would do. */
  @Test
  void lead_virtualThread_isRefused() throws Exception {
    ThreadLoop loop = loop(new Counter());
    AtomicReference<Boolean> led = new AtomicReference<>();
    Thread thread = virtualIfThereAre(() -> led.set(loop.lead()));
    thread.start();
    thread.join();
    assertThat(led.get()).isEqualTo(!Threads.isVirtual(thread));
    assertThat(Threads.isVirtual(thread)).isEqualTo(Runtime.version().feature() >= 21);
  }

  private static Thread virtualIfThereAre(Runnable task) throws ReflectiveOperationException {
    if (Runtime.version().feature() < 21) {
      return new Thread(task);
    }
    Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
    Class<?> type = Class.forName("java.lang.Thread$Builder");
    return (Thread) type.getMethod("unstarted", Runnable.class).invoke(builder, task);
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
