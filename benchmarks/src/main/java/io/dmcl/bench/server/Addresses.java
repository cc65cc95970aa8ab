package io.dmcl.bench.server;

import java.io.IOException;
import java.util.List;

/** Where the servers are. */
public interface Addresses {
  /** As ZooKeeper's client takes it: {@code host:port,host:port}. */
  String zooKeeper();

  /**
   * The same servers for the client of one node: of the first ensemble only the one whose turn it
   * is. So whoever has as many nodes is spread in the same way over the leader and the others.
   */
  default Addresses seenBy(int node) {
    return this;
  }

  /**
   * Several ensembles, each as ZooKeeper's client takes it; the first is {@link #zooKeeper()}.
   *
   * @throws UnsupportedOperationException if the servers are another process's
   */
  List<String> zooKeepers(int count) throws IOException, InterruptedException;

  /**
   * The bytes of live objects that each ZooKeeper server keeps on its heap.
   *
   * @throws UnsupportedOperationException if the servers are another process's
   */
  long zooKeeperLiveHeap() throws IOException, InterruptedException;

  /** URLs of etcd, separated by commas. */
  String etcd() throws IOException, InterruptedException;

  /** As Redisson takes it: {@code redis://host:port}. */
  String redis() throws IOException, InterruptedException;
}
