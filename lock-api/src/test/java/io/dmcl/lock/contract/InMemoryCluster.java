package io.dmcl.lock.contract;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.Lockspace;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The lock API in one process, for the tests of its users, and to show that the contract can be
 * kept. Every node lives in this object; nothing is durable, no lease ever runs out by itself, and
 * the minimum hold time is zero.
 *
 * <p>One mutex guards all of it. Whatever changes a lock names it to {@link #settle}, which then
 * moves every handle of that lock as far as it can go, and whatever those moves touch in turn. User
 * code (hooks, listeners, dependents of futures) runs on other threads, without the mutex.
 */
public final class InMemoryCluster {
  final ReentrantLock mutex = new ReentrantLock();

  /** Signalled after every change. */
  final Condition changed = mutex.newCondition();

  /** Runs hooks and completes futures. */
  final ExecutorService executor =
      Executors.newCachedThreadPool(task -> daemon(task, "in-memory-cluster"));

  private final Map<String, Space> spaces = new LinkedHashMap<>();
  private long transactions;
  private int nodesEver;

  /** Opens a lockspace on a further node. */
  public Lockspace open(String lockspace) {
    return open(lockspace, "node");
  }

  /** Opens a lockspace on a further node, whose id begins with {@code nodeName}. */
  public Lockspace open(String lockspace, String nodeName) {
    mutex.lock();
    try {
      Space space = spaces.computeIfAbsent(lockspace, Space::new);
      var node = new InMemoryLockspace(this, space, nodeName + "-" + ++nodesEver);
      space.nodes.add(node);
      return node;
    } finally {
      mutex.unlock();
    }
  }

  /**
   * The node dies, as a process does: its holds are lost, each of its exclusive requests, granted
   * or not, leaves a dead intent, and it never comes back.
   */
  public void kill(Lockspace node) {
    ((InMemoryLockspace) node).endSession(true);
  }

  /**
   * The node's session ends, and the node goes on with a new one: its holds are lost, what it had
   * exclusively leaves a dead intent, what it waited for is requested anew.
   */
  public void loseSession(Lockspace node) {
    ((InMemoryLockspace) node).endSession(false);
  }

  /** A number larger than all before: what a transaction id is to a coordinator. */
  long nextTransaction() {
    return ++transactions;
  }

  /** Moves every handle of these locks as far as it can go. The caller holds the mutex. */
  void settle(Space space, Iterable<LockName> touched) {
    Queue<LockName> work = new ArrayDeque<>();
    touched.forEach(work::add);
    for (LockName name = work.poll(); name != null; name = work.poll()) {
      boolean moved = false;
      for (InMemoryLockspace node : List.copyOf(space.nodes)) {
        InMemoryLock lock = node.locks.get(name);
        moved |= lock != null && lock.step();
        Set<LockName> completed = node.stepSets(name);
        work.addAll(completed);
      }
      if (moved) {
        work.add(name);
      }
    }
    changed.signalAll();
  }

  static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  /** A lockspace: what all of its nodes see. */
  static final class Space {
    final String name;
    final Map<LockName, Resource> resources = new LinkedHashMap<>();
    final List<InMemoryLockspace> nodes = new ArrayList<>();

    Space(String name) {
      this.name = name;
    }
  }

  /** A lock as all nodes see it. */
  static final class Resource {
    /** Tells this lock from one of the same name that was purged. */
    final long created;

    final List<Request> queue = new ArrayList<>();
    final Set<String> deadIntents = new LinkedHashSet<>();
    long version;
    byte[] value = {};

    Resource(long created) {
      this.created = created;
      this.version = created;
    }

    /** Whether no conflicting request precedes this one. */
    boolean grants(Request request) {
      for (Request ahead : queue) {
        if (ahead == request) {
          return true;
        }
        if (ahead != request.upgraded && ahead.mode.conflictsWith(request.mode)) {
          return false;
        }
      }
      return false;
    }

    boolean hasExclusiveRequest() {
      return queue.stream().anyMatch(request -> request.mode == LockMode.EXCLUSIVE);
    }

    /** The request vanishes without a clean release. */
    void abandon(Request request) {
      if (queue.remove(request) && request.mode == LockMode.EXCLUSIVE) {
        deadIntents.add(request.id);
      }
    }
  }

  /** A place in a queue. */
  static final class Request {
    final InMemoryLock lock;
    final String id;

    /** The transaction that made it: its place, and its fencing token. */
    final long token;

    /** The shared request that this exclusive one is to take the place of, if it is an upgrade. */
    final @Nullable Request upgraded;

    LockMode mode;

    Request(InMemoryLock lock, String id, LockMode mode, long token, @Nullable Request upgraded) {
      this.lock = lock;
      this.id = id;
      this.mode = mode;
      this.token = token;
      this.upgraded = upgraded;
    }
  }
}
