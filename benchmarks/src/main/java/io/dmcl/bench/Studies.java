package io.dmcl.bench;

import static io.dmcl.lock.LockMode.EXCLUSIVE;
import static io.dmcl.lock.LockMode.SHARED;

import io.dmcl.bench.contender.Contender;
import io.dmcl.bench.contender.Contenders;
import io.dmcl.bench.measure.ArrivalLatency;
import io.dmcl.bench.measure.Heap;
import io.dmcl.bench.measure.JmhThroughput;
import io.dmcl.bench.measure.JmhThroughput.Shape;
import io.dmcl.bench.measure.Key;
import io.dmcl.bench.measure.Load;
import io.dmcl.bench.measure.Pipeline;
import io.dmcl.bench.measure.Recall;
import io.dmcl.bench.measure.ServerMemory;
import io.dmcl.bench.measure.Study;
import io.dmcl.bench.measure.Throughput;
import io.dmcl.bench.measure.Turns;
import io.dmcl.bench.measure.Variant;
import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;

/** What is measured together. */
final class Studies {
  static final String CACHED = "cached";
  static final String UNCACHED = "uncached";
  static final String HAND_OVER = "hand-over";
  static final String CONTENTION = "contention";
  static final String SETS = "sets";
  static final String WAITERS = "waiters";
  static final String HEAP = "heap";
  static final String RECALL = "recall";

  /** What acquires cost the servers; what {@code dmcl bench size} reckons with. */
  static final String COST = "cost";

  static final String MULTI = "Curator multi lock";
  static final String ACQUIRE_ALL = "dmcl acquireAll";

  static final int MANY_THREADS = 8;
  static final int MANY_LOCKS = 64;
  static final int HAND_OVER_NODES = 4;
  static final int SET_SIZE = 64;

  private static final int WARM_UP_NODES = 16;
  private static final int CONTENTION_NODES = 4;
  private static final int WAITERS_NODES = 2;
  private static final int ARRIVALS_PER_SECOND = 200;
  private static final int LATENCY_WINDOWS = 5; // a tail takes some time to be seen
  private static final int IN_FLIGHT = 64;

  private final Scale scale;

  Studies(Scale scale) {
    this.scale = scale;
  }

  /** How a series is called that has both modes. */
  static String series(Contender contender, LockMode mode) {
    return contender.name() + (mode == EXCLUSIVE ? " exclusive" : " shared");
  }

  /** In an order in which what waits for single round trips comes when most has been compiled. */
  List<Study> all() {
    List<Study> studies =
        new ArrayList<>(
            List.of(
                cached(),
                heap(),
                waiters(),
                contention(),
                uncached(),
                handOver(),
                sets(),
                recall()));
    if (scale == Scale.FULL) {
      studies.addAll(List.of(threads(), nodes(), extras(), latency(), pipelines(), distinct()));
    }
    if (scale != Scale.QUICK) {
      studies.add(cost());
      studies.add(ensembles());
    }
    return studies;
  }

  /** The points of the sweep, in percent. */
  List<Integer> remotePercents() {
    return scale.pick(List.of(25, 50, 100), List.of(0, 1, 2, 5, 10, 25, 50, 75, 100));
  }

  /** How many cached grants. */
  List<Integer> cachedGrants() {
    return scale.pick(List.of(scale.pick(100, 5_000)), List.of(5_000, 30_000, 100_000));
  }

  /** How many threads are many on one lock. */
  int manyWaiters() {
    return scale.pick(10, 500);
  }

  /** How many nodes are many that read. */
  int manyReaders() {
    return scale.pick(5, 100);
  }

  /**
   * What warms up servers and clients: all kinds of request, as many as the servers can take. Nodes
   * with one thread each, as what many threads of a node want travels together: those would make
   * the compiler wait for much that is done once for each request.
   */
  Study warmUp() {
    List<Variant> variants = new ArrayList<>();
    for (Contender contender : List.of(Contenders.UNCACHED, Contenders.CURATOR_VERSIONED)) {
      variants.add(new Throughput(contender, Load.alone(WARM_UP_NODES), WARM_UP_NODES));
      variants.add(new Throughput(contender, Load.fightByFours(WARM_UP_NODES), WARM_UP_NODES));
    }
    return study("warm-up", "of servers and clients", "nodes", variants);
  }

  private Study cached() {
    List<Variant> variants = new ArrayList<>();
    for (Contender contender : List.of(Contenders.CACHED, Contenders.READ_WRITE_LOCK)) {
      variants.add(jmh(contender, EXCLUSIVE, Shape.threads(1), 1));
      variants.add(jmh(contender, SHARED, Shape.threads(1), 1));
      variants.add(jmh(contender, SHARED, Shape.threads(MANY_THREADS), MANY_THREADS));
    }
    variants.add(jmh(Contenders.CACHED_HOLD, EXCLUSIVE, Shape.threads(1), 1));
    if (scale != Scale.QUICK) {
      variants.add(jmh(Contenders.STAMPED_LOCK, EXCLUSIVE, Shape.threads(1), 1));
    }
    for (Contender contender : List.of(Contenders.UNCACHED, Contenders.CURATOR)) {
      Key key = Key.rate(series(contender, EXCLUSIVE), 1);
      variants.add(new Throughput(contender, EXCLUSIVE, Load.own(1), key));
    }
    return study(CACHED, "one lock of one node", "threads", variants);
  }

  private Variant jmh(Contender contender, LockMode mode, Shape shape, double x) {
    return new JmhThroughput(contender, mode, shape, series(contender, mode), x, forks());
  }

  /** How many JVMs JMH starts each time; none, to be quick, where the numbers mean nothing. */
  private int forks() {
    return scale.pick(0, 1);
  }

  private Study uncached() {
    List<Variant> variants = new ArrayList<>();
    for (int locks : scale.pick(List.of(1, MANY_LOCKS), List.of(1, 4, 16, MANY_LOCKS))) {
      for (Contender contender :
          List.of(
              Contenders.UNCACHED,
              Contenders.CURATOR,
              Contenders.CURATOR_VERSIONED,
              Contenders.RAW,
              Contenders.ETCD,
              Contenders.REDISSON)) {
        variants.add(new Throughput(contender, Load.own(locks), locks));
      }
      if (scale != Scale.QUICK) {
        variants.add(new Throughput(Contenders.CURATOR_MUTEX, Load.own(locks), locks));
      }
    }
    return study(
        UNCACHED, "one node, a thread for each lock, exclusive", "locks in parallel", variants);
  }

  private Study handOver() {
    List<Variant> variants = new ArrayList<>();
    for (int nodes : scale.pick(List.of(HAND_OVER_NODES), List.of(2, HAND_OVER_NODES, 8))) {
      for (Contender contender :
          List.of(Contenders.UNCACHED, Contenders.CURATOR, Contenders.ETCD, Contenders.REDISSON)) {
        variants.add(new Throughput(contender, Load.fight(nodes, 1), nodes));
      }
      if (scale != Scale.QUICK) {
        variants.add(new Throughput(Contenders.CACHED, Load.fight(nodes, 1), nodes));
        variants.add(new Throughput(Contenders.infinispan(), Load.fight(nodes, 1), nodes));
      }
    }
    return study(HAND_OVER, "one lock fought over, exclusive", "nodes", variants);
  }

  private Study contention() {
    List<Variant> variants = new ArrayList<>();
    for (int percent : remotePercents()) {
      for (Contender contender : List.of(Contenders.CACHED, Contenders.UNCACHED)) {
        variants.add(new Turns(contender, CONTENTION_NODES, percent));
      }
    }
    return study(
        CONTENTION,
        CONTENTION_NODES + " nodes that use one lock in turn, exclusive",
        "percent of acquires by another node than the one before",
        variants);
  }

  private Study sets() {
    List<Variant> variants = new ArrayList<>();
    for (int size : scale.pick(List.of(SET_SIZE), List.of(2, 8, 16, SET_SIZE, 256))) {
      variants.add(
          new Throughput(
              Contenders.set(size), EXCLUSIVE, Load.own(1), Key.rate(ACQUIRE_ALL, size)));
      variants.add(
          new Throughput(
              Contenders.curatorMulti(size), EXCLUSIVE, Load.own(1), Key.rate(MULTI, size)));
    }
    return study(SETS, "several locks at once, exclusive", "locks in the set", variants);
  }

  private Study waiters() {
    List<Variant> variants = new ArrayList<>();
    for (int threads :
        scale.pick(List.of(manyWaiters()), List.of(8, 32, 100, 250, manyWaiters()))) {
      for (Contender contender : List.of(Contenders.UNCACHED_SEMAPHORE, Contenders.CURATOR)) {
        Load load = Load.fight(WAITERS_NODES, threads / WAITERS_NODES);
        variants.add(new Throughput(contender, load, threads));
      }
    }
    return study(
        WAITERS,
        "one lock, exclusive, threads of " + WAITERS_NODES + " nodes",
        "threads",
        variants);
  }

  private Study recall() {
    List<Variant> variants = new ArrayList<>();
    for (int readers : scale.pick(List.of(1, manyReaders()), List.of(1, 10, manyReaders()))) {
      variants.add(new Recall(readers));
    }
    return study(
        RECALL,
        "a writer's wait when other nodes have the lock cached for reading",
        "readers, each a node",
        variants);
  }

  private Study heap() {
    List<Variant> variants = new ArrayList<>();
    for (int grants : cachedGrants()) {
      variants.add(new Heap(grants, EXCLUSIVE));
      if (scale == Scale.FULL) {
        variants.add(new Heap(grants, SHARED));
      }
    }
    return study(HEAP, "cached grants of one node", "grants", variants);
  }

  private Study threads() {
    List<Variant> variants = new ArrayList<>();
    for (int threads : List.of(1, 4, 16, 64)) {
      for (int locks : List.of(1, 4, 64)) {
        for (Contender contender : List.of(Contenders.CACHED, Contenders.UNCACHED)) {
          for (LockMode mode : LockMode.values()) {
            String series = series(contender, mode) + ", locks: " + locks;
            Shape shape = new Shape(threads, locks, 1);
            variants.add(new JmhThroughput(contender, mode, shape, series, threads, forks()));
          }
        }
      }
    }
    return study("threads", "threads of one node that share locks", "threads", variants);
  }

  private Study nodes() {
    List<Variant> variants = new ArrayList<>();
    for (int nodes : List.of(1, 2, 4, 8)) {
      for (Contender contender :
          List.of(Contenders.CACHED, Contenders.UNCACHED, Contenders.CURATOR)) {
        for (LockMode mode : LockMode.values()) {
          variants.add(jmh(contender, mode, new Shape(nodes, 1, nodes), nodes));
        }
      }
    }
    return study("nodes", "one lock, a thread of each node", "nodes", variants);
  }

  private Study extras() {
    List<Variant> variants = new ArrayList<>();
    for (Contender contender :
        List.of(
            Contenders.CACHED,
            Contenders.CACHED_HOLD,
            Contenders.CACHED_SEMAPHORE,
            Contenders.CACHED_VALUE,
            Contenders.UNCACHED,
            Contenders.UNCACHED_SEMAPHORE,
            Contenders.UNCACHED_VALUE)) {
      variants.add(jmh(contender, EXCLUSIVE, Shape.threads(1), 1));
      variants.add(jmh(contender, SHARED, Shape.threads(1), 1));
    }
    return study("extras", "with a hold, a semaphore, a value", "threads", variants);
  }

  private Study latency() {
    List<Variant> variants = new ArrayList<>();
    for (Contender contender :
        List.of(
            Contenders.CACHED,
            Contenders.UNCACHED,
            Contenders.CURATOR,
            Contenders.CURATOR_VERSIONED,
            Contenders.ETCD,
            Contenders.REDISSON)) {
      variants.add(new ArrivalLatency(contender, ARRIVALS_PER_SECOND, MANY_LOCKS));
    }
    return new Study(
        "latency",
        ARRIVALS_PER_SECOND + " arrivals per second, " + MANY_LOCKS + " locks of one node",
        ArrivalLatency.PERCENTILE,
        scale.window().multipliedBy(LATENCY_WINDOWS),
        variants);
  }

  private Study pipelines() {
    List<Variant> variants = new ArrayList<>();
    for (int inFlight : List.of(1, 4, 16, 64, 256, 1_024)) {
      variants.add(new Pipeline(10_000, inFlight, Key.rate("dmcl acquireAsync", inFlight)));
    }
    return study(
        "pipelines", "one thread, asynchronous, of 10,000 locks", "acquires in flight", variants);
  }

  private Study distinct() {
    List<Variant> variants = new ArrayList<>();
    for (int locks : List.of(10_000, 100_000, 1_000_000)) {
      variants.add(new Pipeline(locks, IN_FLIGHT, Key.rate("dmcl acquireAsync", locks)));
    }
    return study(
        "distinct",
        IN_FLIGHT + " acquires in flight, drawn from very many locks",
        "locks",
        variants);
  }

  private Study cost() {
    List<Variant> variants = new ArrayList<>();
    for (LockMode mode : LockMode.values()) {
      for (int locks : scale.pick(List.of(1), List.of(1, 8, MANY_LOCKS))) {
        Key key = Key.rate(series(Contenders.UNCACHED, mode), locks);
        variants.add(new Throughput(Contenders.UNCACHED, mode, Load.own(locks), key));
      }
    }
    for (int percent : scale.pick(List.of(100), List.of(25, 100))) {
      variants.add(new Turns(Contenders.CACHED, CONTENTION_NODES, percent));
    }
    for (int readers : scale.pick(List.of(1, 5), List.of(1, 5, 20))) {
      variants.add(new Recall(readers));
    }
    variants.add(new ServerMemory(scale.pick(100, 20_000)));
    return new Study(
        COST,
        "what acquires cost the servers",
        "locks, percent or readers",
        scale.window(),
        variants,
        true);
  }

  private Study ensembles() {
    List<Variant> variants = new ArrayList<>();
    for (int ensembles : scale.pick(List.of(1, 2), List.of(1, 2, 3))) {
      Key key = Key.rate("dmcl", ensembles);
      Load load = Load.own(MANY_LOCKS * ensembles);
      variants.add(new Throughput(Contenders.spread(ensembles), EXCLUSIVE, load, key));
    }
    return new Study(
        "ensembles",
        "a lockspace over several ensembles, in parallel " + MANY_LOCKS + " locks for each",
        "ensembles",
        scale.window(),
        variants,
        true);
  }

  private Study study(String name, String title, String x, List<Variant> variants) {
    return new Study(name, title, x, scale.window(), variants);
  }
}
