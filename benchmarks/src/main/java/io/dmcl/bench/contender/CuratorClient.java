package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.ExponentialBackoffRetry;

/** A client as Curator's documentation makes one. */
final class CuratorClient {
  private static final int SESSION_TIMEOUT_MS = 15_000;
  private static final int CONNECTION_TIMEOUT_MS = 15_000;

  private CuratorClient() {}

  static CuratorFramework connect(Addresses servers) throws InterruptedException {
    CuratorFramework client =
        CuratorFrameworkFactory.newClient(
            servers.zooKeeper(),
            SESSION_TIMEOUT_MS,
            CONNECTION_TIMEOUT_MS,
            new ExponentialBackoffRetry(1_000, 3));
    client.start();
    client.blockUntilConnected();
    return client;
  }
}
