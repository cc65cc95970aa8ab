package io.dmcl.lock.zookeeper.curator;

import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.LongSupplier;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.utils.ZookeeperFactory;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.jspecify.annotations.Nullable;

/** When the handles of our own client were made, which is before their session was asked for. */
final class HandleTimes {
  private final @Nullable LongSupplier nanoClock;
  private final Map<ZooKeeper, Long> times = Collections.synchronizedMap(new WeakHashMap<>());

  private HandleTimes(@Nullable LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /** For handles that somebody else makes. */
  static HandleTimes unknown() {
    return new HandleTimes(null);
  }

  static HandleTimes by(LongSupplier nanoClock) {
    return new HandleTimes(nanoClock);
  }

  /** {@link Long#MIN_VALUE} if it is not known. */
  long of(ZooKeeper zooKeeper) {
    return times.getOrDefault(zooKeeper, Long.MIN_VALUE);
  }

  /** Builds a client whose handles are timed. The builder is left as it was. */
  CuratorFramework build(CuratorFrameworkFactory.Builder builder) {
    synchronized (builder) {
      ZookeeperFactory factory = builder.getZookeeperFactory();
      try {
        return builder.zookeeperFactory(new Timed(factory)).build();
      } finally {
        builder.zookeeperFactory(factory);
      }
    }
  }

  private ZooKeeper timed(Making making) throws Exception {
    long before = nanoClock == null ? Long.MIN_VALUE : nanoClock.getAsLong();
    ZooKeeper made = making.make();
    times.put(made, before);
    return made;
  }

  private interface Making {
    ZooKeeper make() throws Exception;
  }

  private final class Timed implements ZookeeperFactory {
    private final ZookeeperFactory factory;

    Timed(ZookeeperFactory factory) {
      this.factory = factory;
    }

    @Override
    public ZooKeeper newZooKeeper(
        String connectString, int sessionTimeoutMs, Watcher watcher, boolean canBeReadOnly)
        throws Exception {
      return timed(
          () -> factory.newZooKeeper(connectString, sessionTimeoutMs, watcher, canBeReadOnly));
    }

    @Override
    public ZooKeeper newZooKeeper(
        String connectString,
        int sessionTimeoutMs,
        Watcher watcher,
        boolean canBeReadOnly,
        ZKClientConfig config)
        throws Exception {
      return timed(
          () ->
              factory.newZooKeeper(
                  connectString, sessionTimeoutMs, watcher, canBeReadOnly, config));
    }
  }
}
