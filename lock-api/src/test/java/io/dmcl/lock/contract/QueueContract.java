package io.dmcl.lock.contract;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.LockspaceDump.QueueEntry;
import io.dmcl.lock.LockspaceDump.Use;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Order, and that who gives up leaves nothing in the queue. */
abstract class QueueContract extends ContractTests {
  QueueContract(ContractCluster cluster, CachingMode mode) {
    super(cluster, mode);
  }

  // ---- order

  @Test
  void queue_writers_areServedInOrder() throws Exception {
    List<ClusterLock> locks = locks(3);
    Hold first = exclusive(locks.get(0));
    CompletableFuture<Hold> second = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitQueue(first.lock().name(), 2);
    CompletableFuture<Hold> third = locks.get(2).acquireAsync(EXCLUSIVE);
    awaitQueue(first.lock().name(), 3);
    first.unlock();
    Hold secondHold = get(second);
    assertWaits(third);
    secondHold.unlock();
    get(third).unlock();
  }

  @Test
  void queue_reader_doesNotOvertakeWaitingWriter() throws Exception {
    List<ClusterLock> locks = locks(3);
    Hold reader = shared(locks.get(0));
    CompletableFuture<Hold> writer = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitQueue(reader.lock().name(), 2);
    CompletableFuture<Hold> lateReader = locks.get(2).acquireAsync(SHARED);
    awaitQueue(reader.lock().name(), 3);
    assertWaits(lateReader);
    assertThat(locks.get(2).stats().grants()).isZero();
    reader.unlock();
    Hold writerHold = get(writer);
    assertWaits(lateReader);
    writerHold.unlock();
    get(lateReader).unlock();
  }

  @Test
  void queue_readersBehindWriter_areServedTogether() throws Exception {
    List<ClusterLock> locks = locks(3);
    Hold writer = exclusive(locks.get(0));
    CompletableFuture<Hold> second = locks.get(1).acquireAsync(SHARED);
    CompletableFuture<Hold> third = locks.get(2).acquireAsync(SHARED);
    awaitQueue(writer.lock().name(), 3);
    writer.unlock();
    Hold secondHold = get(second);
    Hold thirdHold = get(third);
    secondHold.unlock();
    thirdHold.unlock();
  }

  @Test
  void queue_mixedModes_conflictingRequestsAreServedInOrder() throws Exception {
    int nodes = 5;
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<ClusterLock> locks = new ArrayList<>(locks(nodes));
    Collections.shuffle(locks, random);
    List<LockMode> modes = new ArrayList<>();
    BlockingQueue<Integer> granted = new LinkedBlockingQueue<>();
    List<CompletableFuture<Hold>> futures = new ArrayList<>();
    Hold gate = exclusive(locks.get(0));
    for (int i = 1; i < nodes; i++) {
      int place = i - 1;
      modes.add(random.nextInt(3) == 0 ? EXCLUSIVE : SHARED);
      futures.add(locks.get(i).acquireAsync(modes.get(place)));
      awaitQueue(gate.lock().name(), i + 1);
      var unused = futures.get(place).thenRun(() -> granted.add(place));
    }
    gate.unlock();
    boolean[] ended = new boolean[nodes - 1];
    for (int i = 0; i < nodes - 1; i++) {
      Integer place = granted.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(place).as("a further grant; seed %d, modes %s", seed, modes).isNotNull();
      for (int before = 0; before < place; before++) {
        if (modes.get(before).conflictsWith(modes.get(place))) {
          assertThat(ended[before])
              .as("%d was served before %d was through; seed %d, %s", place, before, seed, modes)
              .isTrue();
        }
      }
      // Set first: the next one may be granted at once.
      ended[place] = true;
      get(futures.get(place)).unlock();
    }
  }

  @Test
  void queue_threadsOfOneNode_areOneRequest() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold holder = exclusive(locks.get(0));
    List<CompletableFuture<Hold>> waiters = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      waiters.add(locks.get(1).acquireAsync(i % 3 == 0 ? EXCLUSIVE : SHARED));
    }
    awaitQueue(holder.lock().name(), 2);
    awaitLocalWaiters(locks.get(1), 20);
    awaitQueue(holder.lock().name(), 2);
    holder.unlock();
    // Whatever the order, each ends so that the next can come.
    List<CompletableFuture<Void>> done =
        waiters.stream().map(waiter -> waiter.thenAccept(Hold::unlock)).toList();
    for (CompletableFuture<Void> one : done) {
      get(one);
    }
  }

  @Test
  void acquire_localReadersOverlap_remoteWriterIsServed() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold reader = shared(locks.get(0));
    CompletableFuture<Hold> writer = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitQueue(reader.lock().name(), 2);
    overlapUntilRefused(locks.get(0), reader).unlock();
    get(writer).unlock();
  }

  @Test
  void acquire_localReadersOverlap_localWriterIsServed() throws Exception {
    ClusterLock lock = locks(1).get(0);
    Hold reader = shared(lock);
    CompletableFuture<Hold> writer = lock.acquireAsync(EXCLUSIVE);
    awaitLocalWaiters(lock, 1);
    overlapUntilRefused(lock, reader).unlock();
    get(writer).unlock();
  }

  /** Each reader starts before the one before it ends, until one is told to wait. */
  private static Hold overlapUntilRefused(ClusterLock lock, Hold first) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    Hold last = first;
    for (Hold next = lock.tryAcquire(SHARED); next != null; next = lock.tryAcquire(SHARED)) {
      last.unlock();
      last = next;
      assertThat(System.nanoTime()).as("overtaking is bounded").isLessThan(deadline);
    }
    return last;
  }

  @Test
  void acquire_remoteReadersBusy_writerIsServed() throws Exception {
    List<ClusterLock> locks = locks(3);
    try (Background readers = new Background()) {
      for (ClusterLock lock : locks.subList(1, 3)) {
        for (int i = 0; i < 2; i++) {
          readers.repeat(() -> shared(lock).unlock());
        }
      }
      for (int i = 0; i < 3; i++) {
        exclusive(locks.get(0)).unlock();
      }
    }
  }

  @Test
  void acquire_manyThreadsOfManyNodes_exclude() throws Exception {
    List<ClusterLock> locks = locks(3, freshName(), mode.options(true));
    AtomicInteger inside = new AtomicInteger();
    int writer = 1000;
    List<Thread> threads = new ArrayList<>();
    BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    long seed = System.nanoTime();
    for (int i = 0; i < 6; i++) {
      ClusterLock lock = locks.get(i % 3);
      Random random = new Random(seed + i);
      Thread thread =
          new Thread(
              () -> {
                try {
                  for (int round = 0; round < 10; round++) {
                    boolean exclusive = random.nextBoolean();
                    try (Hold hold = acquire(lock, exclusive ? EXCLUSIVE : SHARED)) {
                      int now = inside.addAndGet(exclusive ? writer : 1);
                      assertThat(exclusive ? now == writer : now < writer)
                          .as("alone, or only with readers: %d; seed %d", now, seed)
                          .isTrue();
                      inside.addAndGet(exclusive ? -writer : -1);
                      hold.ensureHeld();
                    }
                  }
                } catch (Throwable e) {
                  failures.add(e);
                }
              });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }

  // ---- giving up

  @Test
  void cancel_waiting_withdrawsTheRequest() throws Exception {
    List<ClusterLock> locks = locks(3);
    Hold holder = shared(locks.get(0));
    CompletableFuture<Hold> writer = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitQueue(holder.lock().name(), 2);
    CompletableFuture<Hold> reader = locks.get(2).acquireAsync(SHARED);
    awaitQueue(holder.lock().name(), 3);
    assertThat(writer.cancel(false)).isTrue();
    Hold readerHold = get(reader);
    assertQueueIs(holder.lock().name(), holder, readerHold);
    awaitLocalWaiters(locks.get(1), 0);
    holder.unlock();
    readerHold.unlock();
  }

  @Test
  void cancel_oneOfSeveralWaiters_leavesTheOthers() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold holder = exclusive(locks.get(0));
    CompletableFuture<Hold> first = locks.get(1).acquireAsync(EXCLUSIVE);
    CompletableFuture<Hold> second = locks.get(1).acquireAsync(SHARED);
    CompletableFuture<Hold> third = locks.get(1).acquireAsync(EXCLUSIVE);
    awaitLocalWaiters(locks.get(1), 3);
    first.cancel(false);
    awaitLocalWaiters(locks.get(1), 2);
    holder.unlock();
    get(second).unlock();
    get(third).unlock();
  }

  @Test
  void interrupt_waiting_withdrawsTheRequest() throws Exception {
    List<ClusterLock> locks = locks(2);
    Hold holder = exclusive(locks.get(0));
    List<Interruptible> calls =
        List.of(
            () -> locks.get(1).acquire(EXCLUSIVE),
            () -> locks.get(1).tryAcquire(SHARED, PATIENCE),
            () -> locks.get(1).readLock(),
            () -> locks.get(1).writeLock());
    for (Interruptible call : calls) {
      CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  call.run();
                  interrupted.complete(false);
                } catch (InterruptedException e) {
                  interrupted.complete(true);
                } catch (Throwable e) {
                  interrupted.completeExceptionally(e);
                }
              });
      thread.start();
      awaitQueue(holder.lock().name(), 2);
      awaitLocalWaiters(locks.get(1), 1);
      thread.interrupt();
      assertThat(get(interrupted)).isTrue();
      awaitLocalWaiters(locks.get(1), 0);
      assertQueueIs(holder.lock().name(), holder);
    }
    holder.unlock();
  }

  @Test
  void cancel_racingWithGrant_leavesNothing() throws Exception {
    List<ClusterLock> locks = locks(2);
    for (int round = 0; round < 20; round++) {
      Hold holder = exclusive(locks.get(0));
      CompletableFuture<Hold> waiter =
          locks.get(1).acquireAsync(round % 2 == 0 ? EXCLUSIVE : SHARED);
      CompletableFuture<Void> unlocked = CompletableFuture.runAsync(holder::unlock);
      if (!waiter.cancel(false)) {
        get(waiter).unlock();
      }
      get(unlocked);
    }
    for (ClusterLock lock : locks) {
      // A hold that came when its caller had cancelled is given back a moment later; until then
      // there is nothing to drop.
      awaitLocalWaiters(lock, 0);
      awaitNotHeld(lock);
      get(lock.drop());
    }
    awaitQueue(locks.get(0).name(), 0);
    Hold last = exclusive(locks.get(0));
    assertThat(last.freshness()).isNotEqualTo(Freshness.OWNER_DIED);
    last.unlock();
  }

  // ---- the dump

  @Test
  void dump_held_showsHoldersAndWaitersInOrder() throws Exception {
    List<ClusterLock> locks = locks(3);
    LockName name = locks.get(0).name();
    Hold writer = exclusive(locks.get(0));
    writer.setValue(new byte[] {1, 2});
    release(writer);
    Hold reader = shared(locks.get(1));
    CompletableFuture<Hold> second = locks.get(2).acquireAsync(EXCLUSIVE);
    awaitWaiting(name, 1);
    get(locks.get(0).drop());
    eventually(
        "only the reader and the waiting writer are there",
        () ->
            queue(node(1), name).stream()
                .map(QueueEntry::granted)
                .toList()
                .equals(List.of(true, false)));

    LockEntry entry = entry(node(1), name).orElseThrow();
    assertThat(entry.queue()).extracting(QueueEntry::mode).containsExactly(SHARED, EXCLUSIVE);
    assertThat(entry.queue())
        .extracting(request -> Objects.requireNonNull(request.node()).nodeId())
        .containsExactly(node(1).nodeId(), node(2).nodeId());
    assertThat(entry.queue()).extracting(QueueEntry::requestId).doesNotHaveDuplicates();
    assertThat(entry.queue()).extracting(QueueEntry::use).containsExactly(Use.HELD, Use.WAITS);
    assertThat(queue(node(2), name))
        .as("only its own node knows")
        .extracting(QueueEntry::use)
        .containsExactly(Use.UNKNOWN, Use.WAITS);
    assertThat(entry.queue().get(0).sequence()).isLessThan(entry.queue().get(1).sequence());
    assertThat(entry.value()).containsExactly(1, 2);
    assertThat(entry.version()).isEqualTo(reader.version());
    assertThat(entry.deadIntents()).isEmpty();
    var local = Objects.requireNonNull(entry.local());
    assertThat(local.granted()).isEqualTo(SHARED);
    assertThat(local.sharedHolds()).isEqualTo(1);
    assertThat(local.exclusiveHolds()).isZero();
    assertThat(local.cached()).isFalse();
    var waiting = Objects.requireNonNull(entry(node(2), name).orElseThrow().local());
    assertThat(waiting.granted()).isNull();
    assertThat(waiting.localWaiters()).isEqualTo(1);

    reader.unlock();
    get(second).unlock();
  }

  /** Waits until the queue holds the requests of these holds' nodes and no others. */
  private void assertQueueIs(LockName name, Hold... holds) {
    List<String> expected = new ArrayList<>();
    for (Hold hold : holds) {
      expected.add(hold.lock().lockspace().nodeId());
    }
    eventually(
        "the queue of " + name + " is that of " + expected,
        () ->
            queue(node(0), name).stream()
                .map(request -> Objects.requireNonNull(request.node()).nodeId())
                .toList()
                .equals(expected));
  }

  private interface Interruptible {
    void run() throws InterruptedException;
  }

  /** Threads that repeat something until this is closed; a failure fails the close. */
  private static final class Background implements AutoCloseable {
    private final List<Thread> threads = new ArrayList<>();
    private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();
    private volatile boolean ending;

    void repeat(Interruptible action) {
      Thread thread =
          new Thread(
              () -> {
                try {
                  while (!ending) {
                    action.run();
                  }
                } catch (Throwable e) {
                  failures.add(e);
                }
              });
      threads.add(thread);
      thread.start();
    }

    @Override
    public void close() throws InterruptedException {
      ending = true;
      for (Thread thread : threads) {
        thread.join();
      }
      assertThat(failures).isEmpty();
    }
  }
}
