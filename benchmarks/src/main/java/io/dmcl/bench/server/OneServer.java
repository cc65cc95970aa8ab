package io.dmcl.bench.server;

import java.io.IOException;
import java.util.List;

/**
 * All servers, but of the first ensemble one only.
 *
 * @param zooKeeper that one
 */
record OneServer(Addresses all, String zooKeeper) implements Addresses {
  @Override
  public List<String> zooKeepers(int count) throws IOException, InterruptedException {
    return all.zooKeepers(count);
  }

  @Override
  public long zooKeeperLiveHeap() throws IOException, InterruptedException {
    return all.zooKeeperLiveHeap();
  }

  @Override
  public String etcd() throws IOException, InterruptedException {
    return all.etcd();
  }

  @Override
  public String redis() throws IOException, InterruptedException {
    return all.redis();
  }
}
