package io.dmcl.bench.contender;

import io.dmcl.bench.contender.CuratorLocks.Recipe;
import io.dmcl.bench.contender.Dmcl.Call;
import io.dmcl.lock.LockProperty;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The locks that are measured. */
public final class Contenders {
  /** This project's, cached in both modes. */
  public static final Contender CACHED =
      new Dmcl("dmcl cached", Call.BARE, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);

  /** The same through holds. */
  public static final Contender CACHED_HOLD =
      new Dmcl("dmcl cached hold", Call.HOLD, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);

  /** The same with a local semaphore. */
  public static final Contender CACHED_SEMAPHORE =
      new Dmcl(
          "dmcl cached semaphore",
          Call.BARE,
          LockProperty.CACHE_RD_LK,
          LockProperty.CACHE_WR_LK,
          LockProperty.USE_SEMAPHORE);

  /** The same through holds that read and set the value. */
  public static final Contender CACHED_VALUE =
      new Dmcl("dmcl cached value", Call.VALUE, LockProperty.CACHE_RD_LK, LockProperty.CACHE_WR_LK);

  /** This project's, not cached. */
  public static final Contender UNCACHED = new Dmcl("dmcl", Call.BARE);

  /** The same with a local semaphore: threads of a node exclude each other. */
  public static final Contender UNCACHED_SEMAPHORE =
      new Dmcl("dmcl semaphore", Call.BARE, LockProperty.USE_SEMAPHORE);

  /** The same through holds that read and set the value. */
  public static final Contender UNCACHED_VALUE = new Dmcl("dmcl value", Call.VALUE);

  /** Curator's read-write lock. */
  public static final Contender CURATOR = new CuratorLocks("Curator", Recipe.READ_WRITE);

  /** The same with a version kept by hand. */
  public static final Contender CURATOR_VERSIONED =
      new CuratorLocks("Curator versioned", Recipe.VERSIONED);

  /** Curator's mutex. */
  public static final Contender CURATOR_MUTEX = new CuratorLocks("Curator mutex", Recipe.MUTEX);

  /** The floor of what waits for all that it sends. */
  public static final Contender RAW = new RawZooKeeper();

  /** etcd. */
  public static final Contender ETCD = new EtcdLock();

  /** Redis. */
  public static final Contender REDISSON = new RedissonLock();

  /** The JDK's, for one process. */
  public static final Contender READ_WRITE_LOCK = LocalLocks.readWrite();

  /** The JDK's faster one. */
  public static final Contender STAMPED_LOCK = LocalLocks.stamped();

  /** What a cached lock under a lease costs at least. */
  public static final Contender CLOCKED_WORD = LocalLocks.clockedWord();

  private static final Map<String, Contender> BY_NAME =
      List.of(
              CACHED,
              CACHED_HOLD,
              CACHED_SEMAPHORE,
              CACHED_VALUE,
              UNCACHED,
              UNCACHED_SEMAPHORE,
              UNCACHED_VALUE,
              CURATOR,
              CURATOR_VERSIONED,
              CURATOR_MUTEX,
              RAW,
              ETCD,
              REDISSON,
              READ_WRITE_LOCK,
              STAMPED_LOCK,
              CLOCKED_WORD)
          .stream()
          .collect(Collectors.toUnmodifiableMap(Contender::name, Function.identity()));

  private Contenders() {}

  /**
   * The contender of this name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Contender named(String name) {
    Contender contender = BY_NAME.get(name);
    if (contender == null) {
      throw new IllegalArgumentException("no contender is called " + name);
    }
    return contender;
  }

  /** This project's, not cached, in a lockspace over so many ensembles. */
  public static Contender spread(int ensembles) {
    return new Dmcl("dmcl over " + ensembles, Call.BARE, ensembles);
  }

  /** Infinispan's, in a cluster of its own. */
  public static Contender infinispan() {
    return new InfinispanLock();
  }

  /** So many locks at once by {@code acquireAll}. */
  public static Contender set(int size) {
    return new DmclSet(size);
  }

  /** So many locks at once by Curator's {@code InterProcessMultiLock}. */
  public static Contender curatorMulti(int size) {
    return new CuratorLocks("Curator multi of " + size, Recipe.MULTI, size);
  }
}
