package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.curator.CuratorCoordinator;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.client.StaticHostProvider;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxn;
import org.apache.zookeeper.server.ZooKeeperServer;

/** Plays on one real server in this process. */
final class RealPlayer extends Player implements AutoCloseable {
  private static final int TICK_MS = 2000;
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(30);
  private static final long PATIENCE_S = 30;

  private static final long POLL_NANOS = 50_000;

  private final ExecutorService closers = Executors.newCachedThreadPool();
  private final Through through;
  private final ZooKeeperServer server;
  private final NIOServerCnxnFactory connections;
  private volatile CountDownLatch gate = new CountDownLatch(0);

  /** By what the sessions reach the server. */
  enum Through {
    /** A ZooKeeper handle. */
    HANDLE,
    /** The Curator binding; the connections cannot be held back. */
    CURATOR
  }

  RealPlayer(Through through) throws IOException, InterruptedException {
    this.through = through;
    System.setProperty("zookeeper.forceSync", "no");
    System.setProperty("zookeeper.admin.enableServer", "false");
    Path directory = Files.createTempDirectory("conformance");
    // The counter that is set by hand is not in the digests.
    ZooKeeperServer.setDigestEnabled(false);
    server = new ZooKeeperServer(directory.toFile(), directory.toFile(), TICK_MS);
    connections = new NIOServerCnxnFactory();
    connections.configure(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    connections.startup(server);
  }

  @Override
  public void close() {
    closeClients();
    closers.shutdown();
    connections.shutdown();
  }

  @Override
  void close(Slot slot) {
    // ZooKeeper's client sleeps a while before it returns from its close.
    long session = slot.session().id();
    closers.execute(slot.coordinator::close);
    while (server.getSessionTracker().isTrackingSession(session)) {
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  @Override
  Coordinator client() {
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), connections.getLocalPort());
    String connectString = address.getHostString() + ":" + address.getPort();
    if (through == Through.CURATOR) {
      return CuratorCoordinator.connectingTo(connectString, SESSION_TIMEOUT, System::nanoTime);
    }
    HostProvider one = new StaticHostProvider(List.of(address));
    return new RawCoordinator(connectString, gated(one));
  }

  /** Clients do not find the server while the gate is closed. */
  private HostProvider gated(HostProvider hosts) {
    return new HostProvider() {
      @Override
      public int size() {
        return hosts.size();
      }

      @Override
      public InetSocketAddress next(long spinDelay) {
        try {
          gate.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        return hosts.next(0);
      }

      @Override
      public void onConnected() {
        hosts.onConnected();
      }

      @Override
      public boolean updateServerList(
          java.util.Collection<InetSocketAddress> servers, InetSocketAddress current) {
        return hosts.updateServerList(servers, current);
      }
    };
  }

  @Override
  void disconnect(Slot slot) {
    gate = new CountDownLatch(1);
    connections.closeSession(
        slot.session().id(), ServerCnxn.DisconnectReason.CLIENT_CLOSED_CONNECTION);
    await(slot.gone);
    slot.gone.release();
  }

  @Override
  void reconnect(Slot slot) {
    gate.countDown();
    await(slot.gone);
    await(slot.back);
  }

  private static void await(Semaphore semaphore) {
    try {
      if (!semaphore.tryAcquire(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the real server does not answer");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  void setCounter(String path, int creates) {
    try {
      server
          .getZKDatabase()
          .getDataTree()
          .setCversionPzxid(path, creates, server.getZKDatabase().getDataTreeLastProcessedZxid());
    } catch (KeeperException.NoNodeException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  void await(CountDownLatch latch) {
    try {
      if (!latch.await(PATIENCE_S, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the real server does not answer");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  void flush(List<Slot> open) {
    if (open.isEmpty()) {
      return;
    }
    CountDownLatch answered = new CountDownLatch(open.size());
    for (Slot slot : open) {
      slot.session().read(List.of(new ReadOp.Data("/")), replies -> answered.countDown());
    }
    await(answered);
  }
}
