package io.dmcl.bench.contender;

import com.google.common.base.Splitter;
import com.google.common.collect.Iterables;
import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.support.CloseableClient;
import io.etcd.jetcd.support.Observers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.logging.Level;
import java.util.logging.Logger;

/** etcd's lock service through jetcd, under a lease that is kept alive. Exclusive only. */
final class EtcdLock implements Contender {
  private static final long LEASE_S = 15;

  /** Kept here: a logger that nobody refers to forgets its level. */
  private static final Logger GRPC = Logger.getLogger("io.grpc");

  static {
    GRPC.setLevel(Level.WARNING); // it tells at length what it has loaded
  }

  @Override
  public String name() {
    return "jetcd";
  }

  @Override
  public String needs() {
    return "etcd";
  }

  @Override
  public Node open(Addresses servers) throws IOException, InterruptedException, ExecutionException {
    Client client =
        Client.builder()
            .endpoints(Iterables.toArray(Splitter.on(',').split(servers.etcd()), String.class))
            .build();
    long lease = client.getLeaseClient().grant(LEASE_S).get().getID();
    CloseableClient keepAlive =
        client.getLeaseClient().keepAlive(lease, Observers.observer(response -> {}));
    return new EtcdNode(client, lease, keepAlive);
  }

  private record EtcdNode(Client client, long lease, CloseableClient keepAlive) implements Node {
    @Override
    public Section lock(String name, LockMode mode) {
      return new LeasedLock(client, lease, ByteSequence.from(name, StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
      keepAlive.close();
      client.close();
    }
  }

  private static final class LeasedLock implements Section {
    private final Client client;
    private final long lease;
    private final ByteSequence name;
    private ByteSequence key = ByteSequence.EMPTY;

    LeasedLock(Client client, long lease, ByteSequence name) {
      this.client = client;
      this.lease = lease;
      this.name = name;
    }

    @Override
    public void enter() throws InterruptedException, ExecutionException {
      key = client.getLockClient().lock(name, lease).get().getKey();
    }

    @Override
    public void leave() throws InterruptedException, ExecutionException {
      client.getLockClient().unlock(key).get();
    }
  }
}
