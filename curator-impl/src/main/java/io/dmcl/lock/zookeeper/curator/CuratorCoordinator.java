package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.apache.curator.CuratorZookeeperClient;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.CuratorEvent;
import org.apache.curator.framework.api.CuratorEventType;
import org.apache.curator.framework.api.CuratorListener;
import org.apache.curator.framework.imps.CuratorFrameworkState;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher.Event.EventType;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.ZooKeeper.States;
import org.apache.zookeeper.client.ConnectStringParser;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinator on Apache Curator. Curator keeps the connection and the authentication, and makes
 * a new handle when a session has expired; every request goes to the handle itself, once.
 *
 * <p>{@code closing} comes before every {@code ended}, whatever the cause. On the closing of the
 * client Curator tells before it closes the handle, on the thread that closes, so {@code closing}
 * and {@code ended} have been told when it goes on to do so. There is no such notice when somebody
 * calls {@code client.getZookeeperClient().reset()}, or closes the handle itself: it is then known
 * with the next request at the latest, and otherwise with ZooKeeper's {@code Closed} event, about a
 * round trip after the session has ended. Do not do that to a client that a lockspace is open on.
 *
 * <p>The ACL provider of the client is called for each create, on the thread that calls {@link
 * CuratorSession#transact}.
 */
public final class CuratorCoordinator implements Coordinator {
  private static final Logger log = LoggerFactory.getLogger(CuratorCoordinator.class);
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final long LOOK_EVERY_MILLIS = 1000;
  private static final long SAY_UNAVAILABLE_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(900);
  private static final int CONNECTION_TIMEOUT_MS = 15_000;

  private final boolean owned;
  private final CuratorFramework client;
  private final ClientView view;
  private final CuratorZookeeperClient zooKeeperClient;
  private final HandleTimes handleTimes;
  private final Outlet outlet = new Outlet();
  private final CuratorListener curatorListener = this::curatorEvent;
  private final ScheduledExecutorService keeper;
  private final CuratorSession.Owner owner = new Keeper();

  private volatile @Nullable CuratorSession current;
  private volatile boolean over;

  /** Counts up when an attempt to open a session is given up; guarded by the outlet's lock. */
  private int attempt;

  // Confined to the keeper's thread.
  private @Nullable ZooKeeper unusable;
  private @Nullable String reason;
  private long withoutConnectionSinceNanos;
  private boolean withoutConnection;

  private CuratorCoordinator(CuratorFramework client, boolean owned, HandleTimes handleTimes) {
    this.client = client;
    this.owned = owned;
    this.handleTimes = handleTimes;
    this.view = ClientView.of(client);
    this.zooKeeperClient = client.getZookeeperClient();
    String name = "dmcl-session-" + COUNT.incrementAndGet();
    this.keeper =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * On a user's client, which has to be started, and is never closed here.
   *
   * @throws CoordinatorUnavailableException if it was not made by {@code CuratorFrameworkFactory}
   */
  public static CuratorCoordinator on(CuratorFramework client) {
    return new CuratorCoordinator(client, false, HandleTimes.unknown());
  }

  /**
   * On a client of its own. It talks to the servers of the connection string only, also when the
   * ensemble's configuration names others.
   *
   * @param connectString as for ZooKeeper, with a chroot or without
   * @param sessionTimeout what is asked for; the servers may negotiate another
   * @param nanoClock the node's monotonic clock
   * @throws IllegalArgumentException if that is no connect string
   */
  public static CuratorCoordinator connectingTo(
      String connectString, Duration sessionTimeout, LongSupplier nanoClock) {
    checkConnectString(connectString);
    return withOwnClient(
        CuratorFrameworkFactory.builder()
            .connectString(connectString)
            .sessionTimeoutMs(Math.toIntExact(sessionTimeout.toMillis()))
            .connectionTimeoutMs(CONNECTION_TIMEOUT_MS)
            .retryPolicy(new ExponentialBackoffRetry(1000, 3))
            .ensembleTracker(false),
        nanoClock);
  }

  /** Later it would only be found out by a client that tries again and again. */
  private static void checkConnectString(String connectString) {
    try {
      if (new ConnectStringParser(connectString).getServerAddresses().isEmpty()) {
        throw new IllegalArgumentException("no server");
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a connect string as ZooKeeper has them (host:port,host:port/chroot): \""
              + connectString
              + '"',
          e);
    }
  }

  /**
   * On a client of its own, built by {@code builder}: with authorization, access control lists, a
   * namespace, a ZooKeeper client configuration.
   *
   * @param nanoClock the node's monotonic clock
   */
  public static CuratorCoordinator withOwnClient(
      CuratorFrameworkFactory.Builder builder, LongSupplier nanoClock) {
    HandleTimes times = HandleTimes.by(nanoClock);
    return new CuratorCoordinator(times.build(builder), true, times);
  }

  @Override
  public void start(Listener listener) {
    CuratorFramework root = view.root();
    StableHandles.require(root);
    if (owned) {
      root.start();
    }
    outlet.attach(listener);
    root.getCuratorListenable().addListener(curatorListener);
    // From here on a close is heard of.
    CuratorFrameworkState state = root.getState();
    if (state != CuratorFrameworkState.STARTED) {
      close();
      throw new CoordinatorUnavailableException(
          state == CuratorFrameworkState.LATENT
              ? "The CuratorFramework has not been started: call its start() first"
              : "The CuratorFramework is closed: open the lockspace on another one");
    }
    keeper.scheduleWithFixedDelay(this::keep, 0, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Closing a client of its own waits for the server to close the session, or for the connection
   * attempt in progress to fail.
   */
  @Override
  public void close() {
    over = true;
    outlet.detach();
    keeper.shutdownNow();
    view.root().getCuratorListenable().removeListener(curatorListener);
    CuratorSession session = current;
    if (session != null) {
      session.end();
    }
    if (owned) {
      client.close();
    }
  }

  private final class Keeper implements CuratorSession.Owner {
    @Override
    public boolean manages(CuratorSession session) {
      return zooKeeperClient.getInstanceIndex() == session.instanceIndex()
          && session.handleIsAlive();
    }

    @Override
    public void look() {
      elsewhere().execute(CuratorCoordinator.this::keep);
    }

    @Override
    public Executor elsewhere() {
      return task -> {
        try {
          keeper.execute(task);
        } catch (RejectedExecutionException e) {
          log.debug("Closed, so nobody waits for this", e);
        }
      };
    }
  }

  /** On the closing thread, or on ZooKeeper's event thread. */
  private void curatorEvent(CuratorFramework source, CuratorEvent event) {
    if (event.getType() == CuratorEventType.CLOSING) {
      clientCloses();
    } else if (event.getType() == CuratorEventType.WATCHED
        && event.getWatchedEvent().getType() == EventType.None) {
      owner.look();
    }
  }

  private void clientCloses() {
    CuratorSession session;
    outlet.lock.lock();
    try {
      over = true;
      session = current;
    } finally {
      outlet.lock.unlock();
    }
    if (session != null) {
      session.end();
    }
    outlet.tell(
        listener ->
            listener.unavailable(
                "The CuratorFramework was closed by its owner: open the lockspace on another one"));
    keeper.shutdown();
  }

  /** Looks after the session: ends one that is not managed any more, opens one if there is none. */
  private void keep() {
    try {
      CuratorSession session = current;
      if (session != null) {
        if (!session.isEnded()) {
          if (owner.manages(session)) {
            return;
          }
          session.end();
        }
        current = null;
      }
      if (!over) {
        open();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (Opening.UnusableException e) {
      sayUnavailable(e.reason);
    } catch (Exception e) {
      if (!over) {
        log.warn("No session for now; trying again", e);
        sayUnavailable("The ZooKeeper client at " + servers() + " fails: " + e);
      }
    }
  }

  private void open() throws Exception {
    long index = zooKeeperClient.getInstanceIndex();
    ZooKeeper zooKeeper = zooKeeperClient.getZooKeeper();
    if (zooKeeper == unusable) {
      return;
    }
    if (zooKeeper.getState() != States.CONNECTED) {
      sayWhyNotConnected(zooKeeper.getState());
      return;
    }
    withoutConnection = false;
    long timeoutNanos =
        TimeUnit.MILLISECONDS.toNanos(Math.max(1000, zooKeeperClient.getConnectionTimeoutMs()));
    try {
      new Opening(zooKeeper, view, timeoutNanos).prepare();
    } catch (Opening.UnusableException e) {
      if (!e.retryable) {
        unusable = zooKeeper;
      }
      throw e;
    }
    HandleWatch handle = HandleWatch.acquire(zooKeeper);
    boolean opened = false;
    try {
      if (zooKeeperClient.getZooKeeper() == zooKeeper
          && zooKeeperClient.getInstanceIndex() == index) {
        opened = openOn(handle, index, timeoutNanos);
      }
    } finally {
      if (!opened) {
        handle.release();
      }
    }
    if (opened) {
      reason = null;
    }
  }

  private boolean openOn(HandleWatch handle, long index, long timeoutNanos)
      throws InterruptedException {
    CompletableFuture<Boolean> opened = new CompletableFuture<>();
    int thisAttempt = attempt();
    handle.anchor(
        (rc, path, context, stat) -> opened.complete(anchored(handle, index, thisAttempt, rc)));
    try {
      return opened.get(timeoutNanos, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return giveUp(opened);
    } catch (InterruptedException e) {
      giveUp(opened);
      throw e;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private int attempt() {
    outlet.lock.lock();
    try {
      return attempt;
    } finally {
      outlet.lock.unlock();
    }
  }

  /** Whether the session was opened at the last moment; if not, it will not be. */
  private boolean giveUp(CompletableFuture<Boolean> opened) {
    outlet.lock.lock();
    try {
      attempt++;
      return opened.getNow(false);
    } finally {
      outlet.lock.unlock();
    }
  }

  /**
   * The reply to the anchor's read: the handle is connected here and now in the order of its
   * events, and all further ones come to us.
   */
  private boolean anchored(HandleWatch handle, long index, int thisAttempt, int rc) {
    boolean set =
        rc == KeeperException.Code.OK.intValue() || rc == KeeperException.Code.NONODE.intValue();
    outlet.lock.lock();
    try {
      if (!set || over || attempt != thisAttempt || handle.isDead()) {
        return false;
      }
      CuratorSession session =
          new CuratorSession(
              owner, outlet, view, handle, index, handleTimes.of(handle.zooKeeper()));
      current = session;
      handle.subscribe(session);
      outlet.tell(listener -> listener.opened(session));
      return true;
    } finally {
      outlet.lock.unlock();
    }
  }

  private void sayWhyNotConnected(States state) {
    if (state == States.AUTH_FAILED) {
      sayUnavailable("ZooKeeper at " + servers() + ": " + Opening.AUTHENTICATION_REFUSED);
    } else if (state == States.CONNECTEDREADONLY) {
      sayUnavailable("ZooKeeper at " + servers() + " is read-only: it has no quorum");
    } else if (withoutConnectionNanos() >= SAY_UNAVAILABLE_AFTER_NANOS) {
      sayUnavailable(
          "Not connected to ZooKeeper at "
              + servers()
              + ": check that the servers run and have a quorum, that they can be reached from"
              + " here, and that their security settings are this client's");
    }
  }

  private long withoutConnectionNanos() {
    long now = System.nanoTime();
    if (!withoutConnection) {
      withoutConnection = true;
      withoutConnectionSinceNanos = now;
    }
    return now - withoutConnectionSinceNanos;
  }

  private void sayUnavailable(String why) {
    if (!why.equals(reason) && !over) {
      reason = why;
      log.warn("{}", why);
      outlet.tell(listener -> listener.unavailable(why));
    }
  }

  private String servers() {
    return zooKeeperClient.getCurrentConnectionString();
  }
}
