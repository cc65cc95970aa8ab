package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.client.StaticHostProvider;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxn;
import org.apache.zookeeper.server.ZooKeeperServer;

/** Plays on one real server in this process. */
final class RealPlayer extends Player implements AutoCloseable {
  private static final int TICK_MS = 2000;
  private static final long PATIENCE_S = 30;

  private final ZooKeeperServer server;
  private final NIOServerCnxnFactory connections;
  private volatile CountDownLatch gate = new CountDownLatch(0);

  RealPlayer() throws IOException, InterruptedException {
    System.setProperty("zookeeper.forceSync", "no");
    System.setProperty("zookeeper.admin.enableServer", "false");
    Path directory = Files.createTempDirectory("conformance");
    server = new ZooKeeperServer(directory.toFile(), directory.toFile(), TICK_MS);
    connections = new NIOServerCnxnFactory();
    connections.configure(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
    connections.startup(server);
  }

  @Override
  public void close() {
    closeClients();
    connections.shutdown();
  }

  @Override
  Coordinator client() {
    InetSocketAddress address =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), connections.getLocalPort());
    HostProvider one = new StaticHostProvider(List.of(address));
    return new RawCoordinator(address.getHostString() + ":" + address.getPort(), gated(one));
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

  /** The slot's connection breaks, and it gets no other. */
  void disconnect(int slot) {
    gate = new CountDownLatch(1);
    connections.closeSession(
        slot(slot).session().id(), ServerCnxn.DisconnectReason.CLIENT_CLOSED_CONNECTION);
  }

  /** Connections are possible again. */
  void openGate() {
    gate.countDown();
  }

  /** Sets the counter that names a znode's sequential children. */
  void setCounter(String path, int creates) throws Exception {
    server
        .getZKDatabase()
        .getDataTree()
        .setCversionPzxid(path, creates, server.getZKDatabase().getDataTreeLastProcessedZxid());
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
    CountDownLatch answered = new CountDownLatch(open.size());
    for (Slot slot : open) {
      slot.session().read(List.of(new ReadOp.Data("/")), replies -> answered.countDown());
    }
    await(answered);
  }
}
