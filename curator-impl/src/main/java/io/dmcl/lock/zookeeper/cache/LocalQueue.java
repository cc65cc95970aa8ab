package io.dmcl.lock.zookeeper.cache;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The callers of this node that wait for a lock, in the order in which they came. Whoever is told
 * that it will not be served has left the queue before. Event loop only.
 */
final class LocalQueue {
  /** The queue of every lock that nobody waits for: there may be very many of those. */
  static final LocalQueue EMPTY = new LocalQueue();

  private final Deque<Waiter> waiters = new ArrayDeque<>(1);

  /** The queue with one more at its end. */
  LocalQueue with(Waiter last) {
    LocalQueue queue = this == EMPTY ? new LocalQueue() : this;
    queue.waiters.add(last);
    return queue;
  }

  boolean isEmpty() {
    return waiters.isEmpty();
  }

  int size() {
    return waiters.size();
  }

  /** Whose turn it is; null if nobody waits. */
  @Nullable Waiter head() {
    return waiters.peek();
  }

  /** Whose turn it is, if it waits for this lock only. */
  @Nullable Waiter singleHead() {
    Waiter head = head();
    return head == null || head.set() != null ? null : head;
  }

  /** The set of locks whose turn it is. */
  @Nullable AcquireAll headSet() {
    Waiter head = head();
    return head == null ? null : head.set();
  }

  Waiter removeHead() {
    return waiters.remove();
  }

  /** Takes one out; false if it is not in the queue (any more). */
  boolean remove(Waiter waiter) {
    return waiters.remove(waiter);
  }

  /** Nobody will be served. */
  void fail(Supplier<RuntimeException> cause) {
    dismiss(List.copyOf(waiters), waiter -> waiter.failed(cause.get()));
  }

  /**
   * Dismisses those who do not wait for others.
   *
   * @param evenHead also if nobody of this node is before them
   * @return whether there were any
   */
  boolean dismissImpatient(boolean evenHead, Consumer<Waiter> told) {
    Waiter head = head();
    List<Waiter> impatient = new ArrayList<>(0);
    for (Waiter waiter : waiters) {
      if (!waiter.isPatient() && (evenHead || waiter != head)) {
        impatient.add(waiter);
      }
    }
    dismiss(impatient, told);
    return !impatient.isEmpty();
  }

  private void dismiss(List<Waiter> dismissed, Consumer<Waiter> told) {
    for (Waiter waiter : dismissed) {
      if (waiters.remove(waiter)) { // or it has gone with one that was told before it
        told.accept(waiter);
      }
    }
  }
}
