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
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
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
  /**
   * What the paths of one session's entries may come to: when a session ends, ZooKeeper logs them
   * all as one record, and a server does not start again if that is over its limit
   * (ZOOKEEPER-4306).
   */
  private static final int MAX_SESSION_BYTES = 512 * 1024;

  private static final Duration DEFAULT_SESSION_TIMEOUT = Duration.ofSeconds(15);

  private final Source source;
  private final boolean shared;
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
    this.source = source;
    this.shared = shared;
  }

  /**
   * On your own client, which has to be started, and is never closed by the lockspace. Its
   * namespace and access control lists apply. Its session timeout must be at least four {@linkplain
   * #tick ticks}. The first grant takes a tick or so: only then it is proven that the session is
   * alive.
   */
  public static ZooKeeperLockspace on(CuratorFramework client) {
    return new ZooKeeperLockspace(
        (builder, index) -> {
          Supplier<CuratorFramework> more = builder.clients;
          return CuratorCoordinator.on(index == 0 || more == null ? client : more.get());
        },
        true);
  }

  /**
   * On a client of the lockspace's own.
   *
   * @param connectString {@code host:port,host:port/chroot}, as for ZooKeeper
   */
  public static ZooKeeperLockspace connect(String connectString) {
    return new ZooKeeperLockspace(
        (builder, index) ->
            CuratorCoordinator.connectingTo(
                connectString, builder.sessionTimeout, System::nanoTime),
        false);
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
    if (!path.startsWith("/") || path.endsWith("/") || path.contains("//")) {
      throw new IllegalArgumentException(
          "a root is an absolute path without a slash at the end, not " + path);
    }
    root = path;
    return this;
  }

  /**
   * The session timeout to ask for, with {@link #connect}; 15 seconds if not given. Others wait so
   * long for the locks of a node that died, and a node goes on so long (less a margin, and up to
   * three ticks) without a connection. At least four {@linkplain #tick ticks}.
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
   * owns is logged by ZooKeeper as one record when it ends. With {@link #on} see {@link
   * #sessions(int, Supplier)}.
   */
  public ZooKeeperLockspace sessions(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("at least one session is needed");
    }
    sessions = count;
    return this;
  }

  /**
   * As {@link #sessions(int)}, for {@link #on}: gives the further clients, started; never closed
   * here.
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
   * @throws IllegalStateException if several sessions are wanted on a client of yours, without a
   *     way to get more clients
   */
  public Lockspace open() {
    if (sessions > 1 && clients == null && shared) {
      throw new IllegalStateException(
          "several sessions on your own client: say with sessions(count, clients) where further"
              + " clients come from");
    }
    List<Coordinator> coordinators = new ArrayList<>();
    for (int i = 0; i < sessions; i++) {
      coordinators.add(source.coordinator(this, i));
    }
    NodeConfig config =
        new NodeConfig(
            root, name, tick.toNanos(), idle.toNanos(), maxCachedGrants, MAX_SESSION_BYTES);
    return Nodes.open(config, coordinators, closeTimeout.toNanos(), listeners);
  }

  private static Duration positive(Duration duration, String what) {
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException("the " + what + " must be positive, not " + duration);
    }
    return duration;
  }
}
