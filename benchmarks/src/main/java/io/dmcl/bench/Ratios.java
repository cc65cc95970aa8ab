package io.dmcl.bench;

import static io.dmcl.bench.measure.Key.rate;
import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.contender.Contenders;
import io.dmcl.bench.measure.Heap;
import io.dmcl.bench.measure.JmhThroughput;
import io.dmcl.bench.measure.Key;
import io.dmcl.bench.measure.Ratio;
import io.dmcl.bench.measure.Ratio.Goal;
import io.dmcl.bench.measure.Ratio.Pair;
import io.dmcl.bench.measure.Recall;
import io.dmcl.lock.LockMode;
import java.util.List;

/** The numbers that are tracked, and what they are to come to. */
final class Ratios {
  private static final String CACHED_EXCLUSIVE = Studies.series(Contenders.CACHED, EXCLUSIVE);

  private Ratios() {}

  /** All of them. */
  static List<Ratio> all(Studies studies) {
    return List.of(
        cached("cached-exclusive-vs-rrwl", EXCLUSIVE, 1, 0.45),
        cached("cached-shared-vs-rrwl", SHARED, 1, 0.45),
        cached("cached-shared-8t-vs-rrwl", SHARED, Studies.MANY_THREADS, 2),
        Ratio.plain(
            "cached-alloc-bytes",
            "bytes allocated by a cached acquire and unlock",
            Studies.CACHED,
            Goal.atMost(0),
            new Key(CACHED_EXCLUSIVE, 1, JmhThroughput.BYTES)),
        Ratio.plain(
            "cached-hold-alloc-bytes",
            "the same through a hold",
            Studies.CACHED,
            Goal.atMost(32),
            new Key(Studies.series(Contenders.CACHED_HOLD, EXCLUSIVE), 1, JmhThroughput.BYTES)),
        cachedOver("cached-vs-uncached", Contenders.UNCACHED),
        cachedOver("cached-vs-curator", Contenders.CURATOR),
        uncached("uncached-1-vs-curator", 1, Contenders.CURATOR, Goal.atLeast(1.7)),
        uncached(
            "uncached-1-vs-curator-versioned", 1, Contenders.CURATOR_VERSIONED, Goal.atLeast(2.6)),
        uncached("uncached-64-vs-curator", Studies.MANY_LOCKS, Contenders.CURATOR, Goal.atLeast(6)),
        uncached(
            "uncached-64-vs-curator-versioned",
            Studies.MANY_LOCKS,
            Contenders.CURATOR_VERSIONED,
            Goal.atLeast(9)),
        uncached("uncached-1-vs-raw", 1, Contenders.RAW, Goal.atLeast(1.2)),
        uncached("uncached-1-vs-etcd", 1, Contenders.ETCD, Goal.none()),
        uncached("uncached-64-vs-etcd", Studies.MANY_LOCKS, Contenders.ETCD, Goal.none()),
        uncached("uncached-1-vs-redisson", 1, Contenders.REDISSON, Goal.none()),
        uncached("uncached-64-vs-redisson", Studies.MANY_LOCKS, Contenders.REDISSON, Goal.none()),
        handOver("handover-vs-curator", Contenders.CURATOR, Goal.atLeast(1.2)),
        handOver("handover-vs-etcd", Contenders.ETCD, Goal.none()),
        handOver("handover-vs-redisson", Contenders.REDISSON, Goal.none()),
        handOver("handover-vs-infinispan", Contenders.infinispan(), Goal.none()),
        contendedWorst(studies),
        Ratio.of(
            "acquireall-64-vs-curator-multi",
            "64 locks at once over InterProcessMultiLock",
            Studies.SETS,
            Goal.atLeast(25),
            rate(Studies.ACQUIRE_ALL, Studies.SET_SIZE),
            rate(Studies.MULTI, Studies.SET_SIZE)),
        Ratio.of(
            "many-waiters-vs-curator",
            "500 threads of 2 nodes on one lock",
            Studies.WAITERS,
            Goal.atLeast(20),
            rate(Contenders.UNCACHED_SEMAPHORE.name(), studies.manyWaiters()),
            rate(Contenders.CURATOR.name(), studies.manyWaiters())),
        Ratio.plain(
            "heap-per-cached-lock-bytes",
            "heap of a cached grant, the client's watch included",
            Studies.HEAP,
            Goal.atMost(600),
            new Key(Heap.series(EXCLUSIVE), studies.cachedGrants().get(0), Heap.BYTES)),
        Ratio.of(
            "recall-100-readers-ms-vs-1",
            "writer's wait with 100 cached readers over the wait with 1",
            Studies.RECALL,
            Goal.atMost(10),
            new Key(Recall.SERIES, studies.manyReaders(), Recall.MS),
            new Key(Recall.SERIES, 1, Recall.MS)));
  }

  private static Ratio cached(String name, LockMode mode, int threads, double atLeast) {
    return Ratio.of(
        name,
        "cached over ReentrantReadWriteLock",
        Studies.CACHED,
        Goal.atLeast(atLeast),
        rate(Studies.series(Contenders.CACHED, mode), threads),
        rate(Studies.series(Contenders.READ_WRITE_LOCK, mode), threads));
  }

  private static Ratio cachedOver(String name, Contender other) {
    return Ratio.of(
        name,
        "cached exclusive over " + other.name(),
        Studies.CACHED,
        Goal.atLeast(5_000),
        rate(CACHED_EXCLUSIVE, 1),
        rate(Studies.series(other, EXCLUSIVE), 1));
  }

  private static Ratio uncached(String name, int locks, Contender other, Goal goal) {
    return Ratio.of(
        name,
        "not cached, " + locks + " in parallel, over " + other.name(),
        Studies.UNCACHED,
        goal,
        rate(Contenders.UNCACHED.name(), locks),
        rate(other.name(), locks));
  }

  private static Ratio handOver(String name, Contender other, Goal goal) {
    return Ratio.of(
        name,
        "one lock fought over by 4 nodes, over " + other.name(),
        Studies.HAND_OVER,
        goal,
        rate(Contenders.UNCACHED.name(), Studies.HAND_OVER_NODES),
        rate(other.name(), Studies.HAND_OVER_NODES));
  }

  private static Ratio contendedWorst(Studies studies) {
    return new Ratio(
        "contended-worst-vs-uncached",
        "cached over not cached, at the worst point of the sweep",
        Studies.CONTENTION,
        Goal.atLeast(0.9),
        studies.remotePercents().stream()
            .map(
                percent ->
                    new Pair(
                        rate(Contenders.CACHED.name(), percent),
                        rate(Contenders.UNCACHED.name(), percent)))
            .toList());
  }
}
