package io.dmcl.lock.contract;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.LockspaceDump.QueueEntry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/**
 * What the parts of the contract have in common: nodes that the tests share, a lock of its own for
 * each test, and a check after each that nothing is left of it.
 *
 * <p>Nothing here depends on time, except that what takes longer than {@link #PATIENCE} fails.
 */
@Timeout(120)
abstract class ContractTests {
  /** Why a test is skipped that an implementation has said not to be its own. */
  static final String NOT_APPLICABLE = "does not apply to this implementation";

  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(5);

  final ContractCluster cluster;
  final CachingMode mode;
  private final List<ClusterLock> allocated = new ArrayList<>();
  private final Set<LockName> names = new LinkedHashSet<>();

  ContractTests(ContractCluster cluster, CachingMode mode) {
    this.cluster = cluster;
    this.mode = mode;
  }

  @BeforeEach
  void skipOtherModes() {
    assumeTrue(cluster.runs(mode), NOT_APPLICABLE);
  }

  /** Every test gives back what it has; then there must be nothing left that hinders a purge. */
  @AfterEach
  void leaveNothingBehind() throws Exception {
    try {
      for (ClusterLock lock : allocated) {
        // A hold whose caller gave up just as it came is given back a moment later.
        eventually(lock + " is not held any more", () -> tryFree(lock));
      }
      cluster.closeExtraNodes();
      for (LockName name : names) {
        eventually("lock " + name + " is not used any more", () -> node(0).purge(name));
      }
    } finally {
      allocated.clear();
      names.clear();
      cluster.closeExtraNodes();
    }
  }

  private static boolean tryFree(ClusterLock lock) {
    try {
      lock.free();
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  // ---- nodes and locks

  Lockspace node(int number) {
    return cluster.node(number);
  }

  /** A lock that no other test uses. */
  LockName freshName() {
    return used(cluster.freshName());
  }

  /** A lock that must be unused when the test is over. */
  LockName used(LockName name) {
    names.add(name);
    return name;
  }

  /** A handle with the mode's options, freed when the test is over. */
  ClusterLock lock(Lockspace node, LockName name) {
    return lock(node, name, mode.options());
  }

  ClusterLock lock(Lockspace node, LockName name, LockOptions options) {
    ClusterLock lock = node.allocate(name, options);
    allocated.add(lock);
    return lock;
  }

  /** Handles of one lock on the first nodes. */
  List<ClusterLock> locks(int count) {
    return locks(count, freshName(), mode.options());
  }

  List<ClusterLock> locks(int count, LockName name, LockOptions options) {
    List<ClusterLock> locks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      locks.add(lock(node(i), name, options));
    }
    return locks;
  }

  // ---- doing and waiting

  static Hold acquire(ClusterLock lock, LockMode mode) throws InterruptedException {
    Hold hold = lock.tryAcquire(mode, PATIENCE);
    if (hold == null) {
      throw new AssertionError(lock + " was not granted " + mode + " within " + PATIENCE);
    }
    return hold;
  }

  static Hold shared(ClusterLock lock) throws InterruptedException {
    return acquire(lock, LockMode.SHARED);
  }

  static Hold exclusive(ClusterLock lock) throws InterruptedException {
    return acquire(lock, LockMode.EXCLUSIVE);
  }

  /** Holds it EXCLUSIVE once, and waits until that and the end of it is known to the cluster. */
  static void modify(ClusterLock lock) throws Exception {
    release(exclusive(lock));
    get(lock.drop());
  }

  /** Unlocks, and waits until that is durable. */
  static void release(Hold hold) throws Exception {
    get(hold.unlockAsync());
  }

  static <T> T get(Future<T> future) throws Exception {
    return future.get(PATIENCE.toSeconds(), SECONDS);
  }

  /** What the future failed with. */
  static Throwable failureOf(CompletableFuture<?> future) throws Exception {
    return get(
        future
            .<Throwable>handle(
                (result, error) ->
                    error == null ? new AssertionError("did not fail: " + result) : error)
            .thenApply(
                error ->
                    error instanceof CompletionException && error.getCause() != null
                        ? error.getCause()
                        : error));
  }

  static void eventually(String what, Callable<Boolean> condition) {
    await(what).atMost(PATIENCE).pollDelay(Duration.ZERO).pollInterval(POLL).until(condition);
  }

  // ---- looking

  static Optional<LockEntry> entry(Lockspace node, LockName name) throws InterruptedException {
    return node.dump().locks().stream().filter(lock -> lock.name().equals(name)).findFirst();
  }

  /** The requests of a lock, in order. */
  static List<QueueEntry> queue(Lockspace node, LockName name) throws InterruptedException {
    return entry(node, name).map(LockEntry::queue).orElse(List.of());
  }

  /** Waits until so many requests are in the queue. */
  void awaitQueue(LockName name, int size) {
    eventually(
        "the queue of " + name + " has " + size + " requests",
        () -> queue(node(0), name).size() == size);
  }

  /** Waits until so many requests are in the queue that do not own the lock. */
  void awaitWaiting(LockName name, int count) {
    eventually(
        "the queue of " + name + " has " + count + " waiting requests",
        () -> queue(node(0), name).stream().filter(request -> !request.granted()).count() == count);
  }

  /** Waits until so many callers of this handle's node wait. */
  static void awaitLocalWaiters(ClusterLock lock, int count) {
    eventually(
        lock.name() + " has " + count + " local waiters",
        () ->
            entry(lock.lockspace(), lock.name())
                .map(LockEntry::local)
                .map(local -> local.localWaiters() == count)
                .orElse(count == 0));
  }

  /** Waits until the lock's node has no hold of it. */
  static void awaitNotHeld(ClusterLock lock) {
    eventually(
        lock + " is not held",
        () ->
            entry(lock.lockspace(), lock.name())
                .map(LockEntry::local)
                .map(local -> local.sharedHolds() + local.exclusiveHolds() == 0)
                .orElse(true));
  }

  static void assertWaits(Future<?> future) {
    assertThat(future).isNotDone();
  }
}
