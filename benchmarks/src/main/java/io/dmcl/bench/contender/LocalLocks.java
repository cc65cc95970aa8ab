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

/** Locks of the JDK, which know one process only: the floor of a cached lock. */
final class LocalLocks {
  private LocalLocks() {}

  static final class ReadWrite implements Contender {
    @Override
    public String name() {
      return "ReentrantReadWriteLock";
    }

    @Override
    public Node open(Addresses servers) {
      return new ReadWriteNode(new ConcurrentHashMap<>());
    }
  }

  private record ReadWriteNode(Map<String, ReentrantReadWriteLock> locks)
      implements Contender.Node {
    @Override
    public Contender.Section lock(String name, LockMode mode) {
      ReentrantReadWriteLock lock =
          locks.computeIfAbsent(name, key -> new ReentrantReadWriteLock());
      return new Local(mode == LockMode.EXCLUSIVE ? lock.writeLock() : lock.readLock());
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

  /**
   * No lock, but what one under a lease cannot do without: an atomic update, a look at the clock,
   * and another atomic update.
   */
  static final class ClockedWord implements Contender {
    @Override
    public String name() {
      return "CAS clock CAS";
    }

    @Override
    public Node open(Addresses servers) {
      return new ClockedNode(new ConcurrentHashMap<>());
    }
  }

  private record ClockedNode(Map<String, AtomicLong> words) implements Contender.Node {
    @Override
    public Contender.Section lock(String name, LockMode mode) {
      AtomicLong word = words.computeIfAbsent(name, key -> new AtomicLong());
      return new Clocked(word, System.nanoTime() + TimeUnit.DAYS.toNanos(1));
    }

    @Override
    public void close() {}
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

  static final class Stamped implements Contender {
    @Override
    public String name() {
      return "StampedLock";
    }

    @Override
    public Node open(Addresses servers) {
      return new StampedNode(new ConcurrentHashMap<>());
    }
  }

  private record StampedNode(Map<String, StampedLock> locks) implements Contender.Node {
    @Override
    public Contender.Section lock(String name, LockMode mode) {
      StampedLock lock = locks.computeIfAbsent(name, key -> new StampedLock());
      return mode == LockMode.EXCLUSIVE ? new StampedWrite(lock) : new StampedRead(lock);
    }

    @Override
    public void close() {}
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
