package io.dmcl.bench.server;

import java.io.IOException;

/** Where the servers are. */
public interface Addresses {
  /** As ZooKeeper's client takes it: {@code host:port,host:port}. */
  String zooKeeper();

  /** URLs of etcd, separated by commas. */
  String etcd() throws IOException, InterruptedException;

  /** As Redisson takes it: {@code redis://host:port}. */
  String redis() throws IOException, InterruptedException;
}
