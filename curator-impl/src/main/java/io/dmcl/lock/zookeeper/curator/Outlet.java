package io.dmcl.lock.zookeeper.curator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The way out to the listener: everything that a coordinator tells goes through it, one after the
 * other. Its lock also makes the order in which requests are handed to ZooKeeper the order in which
 * they are recorded as outstanding.
 *
 * <p>The lock is a leaf but for {@link HandleWatch}'s: it is held while a request is put into
 * ZooKeeper's queue and while the listener or a callback, which only enqueue, is called; never
 * while anything waits. So it may be taken on ZooKeeper's event thread.
 */
final class Outlet {
  final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private Coordinator.@Nullable Listener listener;

  void attach(Coordinator.Listener attached) {
    lock.lock();
    try {
      listener = attached;
    } finally {
      lock.unlock();
    }
  }

  /**
   * No call is made after this has returned, but for those that this thread itself is inside of.
   */
  void detach() {
    lock.lock();
    try {
      listener = null;
    } finally {
      lock.unlock();
    }
  }

  boolean isDetached() {
    lock.lock();
    try {
      return listener == null;
    } finally {
      lock.unlock();
    }
  }

  /** Tells, unless detached. */
  void tell(Consumer<Coordinator.Listener> call) {
    lock.lock();
    try {
      if (listener != null) {
        call.accept(listener);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Tells without the lock: for {@code closing}, which takes effect in the runtime at once and so
   * may take the runtime's own locks.
   */
  void tellAtOnce(Consumer<Coordinator.Listener> call) {
    Coordinator.Listener current;
    lock.lock();
    try {
      current = listener;
    } finally {
      lock.unlock();
    }
    if (current != null) {
      call.accept(current);
    }
  }
}
