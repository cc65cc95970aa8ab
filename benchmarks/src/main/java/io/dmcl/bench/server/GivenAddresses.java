package io.dmcl.bench.server;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Addresses that one process gives to another as system properties. */
public record GivenAddresses(String zooKeeper, String etcd, String redis) implements Addresses {
  private static final String NOT_HERE = "not the process that started the servers";
  private static final String ZOOKEEPER = "dmcl.bench.zookeeper";
  private static final String ETCD = "dmcl.bench.etcd";
  private static final String REDIS = "dmcl.bench.redis";

  /** What this process was given. */
  public static GivenAddresses fromProperties() {
    return new GivenAddresses(
        System.getProperty(ZOOKEEPER, ""),
        System.getProperty(ETCD, ""),
        System.getProperty(REDIS, ""));
  }

  @Override
  public List<String> zooKeepers(int count) {
    throw new UnsupportedOperationException(NOT_HERE);
  }

  @Override
  public long zooKeeperLiveHeap() {
    throw new UnsupportedOperationException(NOT_HERE);
  }

  /**
   * Sets the properties of this process, for a benchmark that JMH runs in it.
   *
   * @param program what else than ZooKeeper is needed; started by this
   */
  public static void toProperties(Addresses servers, @Nullable String program)
      throws IOException, InterruptedException {
    System.setProperty(ZOOKEEPER, servers.zooKeeper());
    if (EtcdCluster.COMMAND.equals(program)) {
      System.setProperty(ETCD, servers.etcd());
    } else if (RedisServer.COMMAND.equals(program)) {
      System.setProperty(REDIS, servers.redis());
    }
  }

  /** The properties of this process as options of another JVM. */
  public static String[] asJvmOptions() {
    return Stream.of(ZOOKEEPER, ETCD, REDIS)
        .filter(name -> System.getProperty(name) != null)
        .map(name -> "-D" + name + "=" + System.getProperty(name))
        .toArray(String[]::new);
  }
}
