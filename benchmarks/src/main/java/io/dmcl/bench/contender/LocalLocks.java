package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * Locks of the JDK, which know one process only: the floor of a cached lock.
 *
 * @param make makes a lock
 * @param section the lock in this mode in the hands of one thread
 */
record LocalLocks<L>(
    String name, Supplier<L> make, BiFunction<L, LockMode, Contender.Section> section)
    implements Contender {
  static LocalLocks<ReentrantReadWriteLock> readWrite() {
    return new LocalLocks<>(
        "ReentrantReadWriteLock",
        ReentrantReadWriteLock::new,
        (lock, mode) -> new Local(mode == LockMode.EXCLUSIVE ? lock.writeLock() : lock.readLock()));
  }

  static LocalLocks<StampedLock> stamped() {
    return new LocalLocks<>(
        "StampedLock",
        StampedLock::new,
        (lock, mode) ->
            mode == LockMode.EXCLUSIVE ? new StampedWrite(lock) : new StampedRead(lock));
  }

  /**
   * No lock, but what one under a lease cannot do without: an atomic update, a look at the clock,
   * and another atomic update.
   */
  static LocalLocks<AtomicLong> clockedWord() {
    return new LocalLocks<>(
        "CAS clock CAS",
        AtomicLong::new,
        (word, mode) -> new Clocked(word, System.nanoTime() + TimeUnit.DAYS.toNanos(1)));
  }

  @Override
  public Node open(Addresses servers) {
    return new LocalNode<>(this, new ConcurrentHashMap<>());
  }

  private record LocalNode<L>(LocalLocks<L> kind, Map<String, L> locks) implements Contender.Node {
    @Override
    public Contender.Section lock(String name, LockMode mode) {
      L lock = locks.computeIfAbsent(name, key -> kind.make().get());
      return kind.section().apply(lock, mode);
    }

    @Override
    public void close() {}
  }

  private record Local(Lock lock) implements Contender.Section {
    @Override
    public void enter() {
      lock.lock();
    }

    @Override
    public void leave() {
      lock.unlock();
    }
  }

  private record Clocked(AtomicLong word, long endNanos) implements Contender.Section {
    @Override
    public void enter() {
      add(1);
      if (endNanos - System.nanoTime() <= 0) {
        throw new IllegalStateException("a day is over");
      }
    }

    @Override
    public void leave() {
      add(-1);
    }

    private void add(long holds) {
      long seen;
      do {
        seen = word.get();
      } while (!word.compareAndSet(seen, seen + holds));
    }
  }

  private static final class StampedWrite implements Contender.Section {
    private final StampedLock lock;
    private long stamp;

    StampedWrite(StampedLock lock) {
      this.lock = lock;
    }

    @Override
    public void enter() {
      stamp = lock.writeLock();
    }

    @Override
    public void leave() {
      lock.unlockWrite(stamp);
    }
  }

  private static final class StampedRead implements Contender.Section {
    private final StampedLock lock;
    private long stamp;

    StampedRead(StampedLock lock) {
      this.lock = lock;
    }

    @Override
    public void enter() {
      stamp = lock.readLock();
    }

    @Override
    public void leave() {
      lock.unlockRead(stamp);
    }
  }
}
