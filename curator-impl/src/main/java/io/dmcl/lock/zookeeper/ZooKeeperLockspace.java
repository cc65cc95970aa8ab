package io.dmcl.lock.zookeeper;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceListener;
import io.dmcl.lock.zookeeper.curator.CuratorCoordinator;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.NodeConfig;
import io.dmcl.lock.zookeeper.runtime.Nodes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.curator.framework.CuratorFramework;
import org.jspecify.annotations.Nullable;

/**
 * Opens lockspaces on ZooKeeper (3.6 or newer).
 *
 * <pre>{@code
 * try (Lockspace lockspace = ZooKeeperLockspace.on(client).name("billing").open();
 *     ClusterLock lock = lockspace.allocate("accounts", LockProperty.CACHE_WR_LK)) {
 *   try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
 *     if (hold.freshness().mustReload()) { ... }
 *   }
 * }
 * }</pre>
 *
 * <p>A builder is used once. It is not thread-safe; the lockspace is.
 */
public final class ZooKeeperLockspace {
  private static final Duration DEFAULT_SESSION_TIMEOUT = Duration.ofSeconds(15);

  private static final Pattern ENSEMBLE_NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  /** What ZooKeeper takes for a path, but for rare characters that it refuses by itself. */
  private static final Pattern PATH = Pattern.compile("(/(?!\\.{1,2}(/|$))[^/\\p{Cntrl}]+)+");

  private final SortedMap<String, Source> sources;
  private final boolean shared;
  private final boolean spread;
  private String root = "/dmcl";
  private String name = Lockspace.DEFAULT_NAME;
  private Duration sessionTimeout = DEFAULT_SESSION_TIMEOUT;
  private Duration tick = Duration.ofSeconds(2);
  private Duration idle = Duration.ofMinutes(5);
  private Duration closeTimeout = Duration.ofSeconds(30);
  private int maxCachedGrants = 100_000;
  private int sessions = 1;
  private @Nullable Supplier<CuratorFramework> clients;
  private final List<LockspaceListener> listeners = new ArrayList<>();

  /** Where sessions come from. */
  private interface Source {
    Coordinator coordinator(ZooKeeperLockspace builder, int index);
  }

  private ZooKeeperLockspace(Source source, boolean shared) {
    this.sources = new TreeMap<>(Map.of("", source));
    this.shared = shared;
    this.spread = false;
  }

  private <T> ZooKeeperLockspace(
      Map<String, T> ensembles, Function<T, Source> source, boolean shared) {
    if (ensembles.isEmpty()) {
      throw new IllegalArgumentException("no ensemble");
    }
    this.sources = new TreeMap<>();
    ensembles.forEach(
        (ensemble, where) -> {
          if (!ENSEMBLE_NAME.matcher(ensemble).matches()) {
            throw new IllegalArgumentException(
                "an ensemble's name has 1 to 64 letters, digits, dots, hyphens or underscores, and"
                    + " is not "
                    + ensemble);
          }
          sources.put(ensemble, source.apply(where));
        });
    this.shared = shared;
    this.spread = true;
  }

  /**
   * On your own client, which has to be started, and is never closed by the lockspace. Its
   * namespace and access control lists apply. Its session timeout must be at least four {@linkplain
   * #tick ticks}. The first grant takes a tick or so: only then it is proven that the session is
   * alive.
   */
  public static ZooKeeperLockspace on(CuratorFramework client) {
    return new ZooKeeperLockspace(onClient(client), true);
  }

  private static Source onClient(CuratorFramework client) {
    return (builder, index) -> {
      Supplier<CuratorFramework> more = builder.clients;
      return CuratorCoordinator.on(index == 0 || more == null ? client : more.get());
    };
  }

  /**
   * On a client of the lockspace's own.
   *
   * @param connectString {@code host:port,host:port/chroot}, as for ZooKeeper; the chroot has to be
   *     there
   */
  public static ZooKeeperLockspace connect(String connectString) {
    return new ZooKeeperLockspace(connectingTo(connectString), false);
  }

  private static Source connectingTo(String connectString) {
    return (builder, index) ->
        CuratorCoordinator.connectingTo(connectString, builder.sessionTimeout, System::nanoTime);
  }

  /**
   * A lockspace over several ensembles, for more locks or more traffic than one can carry. Each
   * lock lives on one of them, which its name decides (by rendezvous hashing, so that all have
   * about the same number). What a lock promises, it promises as on one ensemble. What differs:
   *
   * <ul>
   *   <li><b>The map is part of the lockspace's identity</b>: every node has to give the same names
   *       to the same ensembles. The names are for ever; connect strings and servers may change. A
   *       node that names others, or in another way, is refused: its lockspace {@linkplain
   *       LockspaceListener#failed fails} on the ensembles where that is found. (A node that opens
   *       the lockspace on a single ensemble, without a map, is not found out.)
   *   <li><b>An ensemble that fails affects its own locks only.</b> The listener is told of each
   *       ensemble's sessions. {@link Lockspace#dump()} and {@link Lockspace#purgeUnused()} need
   *       all of them, and wait for one that is not there.
   *   <li><b>{@code acquireAll}</b> asks for the members of one ensemble in one step, and for those
   *       of the next when it has them, in the order of the ensembles' names. Callers still never
   *       deadlock among themselves, but a set takes a round trip for each of its ensembles; it
   *       holds the first members while it waits for the others, and they may be lost meanwhile
   *       (ask {@link io.dmcl.lock.Hold#ensureHeld()}). If it comes to nothing, what it had is
   *       given back as if it had never been. The limit on the size of a set is each ensemble's.
   *   <li><b>Tokens and versions</b> of different locks never could be compared; those of one lock
   *       can as long as it stays where it is.
   * </ul>
   *
   * <p><b>To add an ensemble</b> to n moves one lock in n + 1, all of them to the new one; to take
   * one away moves only its own. A lock that has moved begins anew: no value, nothing remembered,
   * <em>a dead owner forgotten, and tokens that may be smaller than before</em>. So: see to it that
   * no lock has a dead owner; close the lockspace on every node; delete {@code
   * <root>/<lockspace>/nodes} on each of the old ensembles (ZooKeeper refuses while a node is
   * there); let the resources forget the tokens that they have seen; open it with the new map on
   * every node, and treat everything as not known. {@link Lockspace#purgeUnused()} also removes
   * what the locks have left behind where they were.
   *
   * @param clients for each ensemble, by its name (1 to 64 letters, digits, dots, hyphens and
   *     underscores), a client of yours, as for {@link #on(CuratorFramework)}
   */
  public static ZooKeeperLockspace on(Map<String, CuratorFramework> clients) {
    return new ZooKeeperLockspace(clients, ZooKeeperLockspace::onClient, true);
  }

  /**
   * As {@link #on(Map)}, on clients of the lockspace's own.
   *
   * @param connectStrings for each ensemble, by its name, where it is
   */
  public static ZooKeeperLockspace connect(Map<String, String> connectStrings) {
    return new ZooKeeperLockspace(connectStrings, ZooKeeperLockspace::connectingTo, false);
  }

  /** The lockspace's name; {@code default} if not given. Any text of 1 to 128 characters. */
  public ZooKeeperLockspace name(String newName) {
    int length = newName.codePointCount(0, newName.length());
    if (length == 0 || length > 128) {
      throw new IllegalArgumentException(
          "a lockspace's name has 1 to 128 characters, this one has " + length);
    }
    name = newName;
    return this;
  }

  /** The lockspace that is called by this id. */
  public ZooKeeperLockspace name(UUID uuid) {
    return name(uuid.toString());
  }

  /** The path under which all lockspaces are; {@code /dmcl} if not given. */
  public ZooKeeperLockspace root(String path) {
    if (!PATH.matcher(path).matches()) {
      throw new IllegalArgumentException(
          "a root is an absolute path as ZooKeeper has them, without a slash at the end, not "
              + path);
    }
    root = path;
    return this;
  }

  /**
   * The session timeout to ask for, with {@link #connect(String)}; 15 seconds if not given. Others
   * wait so long for the locks of a node that died, and a node goes on so long (less a margin, and
   * up to three ticks) without a connection. At least four {@linkplain #tick ticks}.
   */
  public ZooKeeperLockspace sessionTimeout(Duration timeout) {
    sessionTimeout = positive(timeout, "session timeout");
    return this;
  }

  /**
   * At least the {@code tickTime} of any server that may lead the ensemble; 2 seconds, which is
   * ZooKeeper's default, if not given. The lease rule depends on it.
   */
  public ZooKeeperLockspace tick(Duration length) {
    tick = positive(length, "tick");
    return this;
  }

  /**
   * A cached grant that was not used for so long is given back; 5 minutes if not given, 0 for
   * never.
   */
  public ZooKeeperLockspace idleTime(Duration time) {
    if (time.isNegative()) {
      throw new IllegalArgumentException("a negative idle time");
    }
    idle = time;
    return this;
  }

  /** Beyond so many cached grants the least recently used are given back; 100,000 if not given. */
  public ZooKeeperLockspace maxCachedGrants(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("a negative number of grants");
    }
    maxCachedGrants = count;
    return this;
  }

  /**
   * How many sessions the node may use. One carries some thousands of grants: all that a session
   * owns is logged by ZooKeeper as one record when it ends. Over several ensembles, so many on
   * each. With {@link #on(CuratorFramework)} see {@link #sessions(int, Supplier)}.
   */
  public ZooKeeperLockspace sessions(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("at least one session is needed");
    }
    sessions = count;
    return this;
  }

  /**
   * As {@link #sessions(int)}, for {@link #on(CuratorFramework)}: gives the further clients,
   * started; never closed here. Not for several ensembles.
   */
  public ZooKeeperLockspace sessions(int count, Supplier<CuratorFramework> furtherClients) {
    clients = furtherClients;
    return sessions(count);
  }

  /**
   * How long {@link Lockspace#close()} waits for what has to be released; 30 seconds if not given.
   */
  public ZooKeeperLockspace closeTimeout(Duration timeout) {
    closeTimeout = positive(timeout, "close timeout");
    return this;
  }

  /** A listener that hears everything from the start. */
  public ZooKeeperLockspace listener(LockspaceListener listener) {
    listeners.add(listener);
    return this;
  }

  /**
   * Opens the lockspace. Does not wait for a connection: acquires do.
   *
   * @throws CoordinatorUnavailableException if the client cannot be used
   * @throws IllegalArgumentException if what was to be connected to is no connect string
   * @throws IllegalStateException if several sessions are wanted on a client of yours, without a
   *     way to get more clients, or on clients of yours for several ensembles
   */
  public Lockspace open() {
    if (sessions > 1 && clients == null && shared) {
      throw new IllegalStateException(
          "several sessions on your own client: say with sessions(count, clients) where further"
              + " clients come from");
    }
    if (spread && clients != null) {
      throw new IllegalStateException(
          "further clients for several ensembles: use connect(ensembles), which makes its own");
    }
    Map<String, List<Coordinator>> coordinators = new LinkedHashMap<>();
    sources.forEach(
        (ensemble, source) ->
            coordinators.put(
                ensemble,
                IntStream.range(0, sessions).mapToObj(i -> source.coordinator(this, i)).toList()));
    NodeConfig config =
        new NodeConfig(
            root,
            name,
            tick.toNanos(),
            idle.toNanos(),
            maxCachedGrants,
            NodeConfig.MAX_SESSION_BYTES);
    return spread
        ? Nodes.openSpread(config, coordinators, closeTimeout.toNanos(), listeners)
        : Nodes.open(
            config, coordinators.values().iterator().next(), closeTimeout.toNanos(), listeners);
  }

  private static Duration positive(Duration duration, String what) {
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException("the " + what + " must be positive, not " + duration);
    }
    return duration;
  }
}
