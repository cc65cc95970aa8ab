package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.bench.server.Ports;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.lock.EmbeddedClusteredLockManagerFactory;
import org.infinispan.lock.api.ClusteredLock;
import org.infinispan.lock.api.ClusteredLockManager;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;
import org.jgroups.JChannel;
import org.jgroups.protocols.FD_ALL3;
import org.jgroups.protocols.FD_SOCK2;
import org.jgroups.protocols.FRAG4;
import org.jgroups.protocols.MERGE3;
import org.jgroups.protocols.MFC;
import org.jgroups.protocols.TCP;
import org.jgroups.protocols.TCPPING;
import org.jgroups.protocols.UFC;
import org.jgroups.protocols.UNICAST3;
import org.jgroups.protocols.pbcast.GMS;
import org.jgroups.protocols.pbcast.NAKACK2;
import org.jgroups.protocols.pbcast.STABLE;

/**
 * Infinispan's clustered lock. There are no servers: each node is a member, embedded, and knows of
 * all locks. Exclusive only, and kept in memory only. The stack is Infinispan's own for TCP, but
 * for the discovery of members, which does without multicast.
 */
final class InfinispanLock implements Contender {
  private static final int PORTS = 16;
  private static final long JOIN_MS = 500;

  /** Where the first member listens; the others use the ports behind it. */
  private int port;

  @Override
  public String name() {
    return "Infinispan";
  }

  @Override
  public synchronized Node open(Addresses servers) throws Exception {
    if (port == 0) {
      port = Ports.free(1).get(0);
    }
    GlobalConfigurationBuilder configuration = GlobalConfigurationBuilder.defaultClusteredBuilder();
    configuration
        .transport()
        .transport(new JGroupsTransport(channel(port)))
        .clusterName("bench-" + port);
    DefaultCacheManager member = new DefaultCacheManager(configuration.build());
    return new Member(member, EmbeddedClusteredLockManagerFactory.from(member));
  }

  private static JChannel channel(int firstPort) throws Exception {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    return new JChannel(
        new TCP().setBindAddress(loopback).setBindPort(firstPort).setPortRange(PORTS),
        new TCPPING()
            .setPortRange(PORTS)
            .initialHosts(List.of(new InetSocketAddress(loopback, firstPort))),
        new MERGE3(),
        new FD_SOCK2(),
        new FD_ALL3(),
        new NAKACK2().useMcastXmit(false),
        new UNICAST3(),
        new STABLE(),
        new GMS().setJoinTimeout(JOIN_MS),
        new UFC(),
        new MFC(),
        new FRAG4());
  }

  private record Member(EmbeddedCacheManager member, ClusteredLockManager locks) implements Node {
    @Override
    public Section lock(String name, LockMode mode) {
      locks.defineLock(name);
      return new Locked(locks.get(name));
    }

    @Override
    public void close() throws IOException {
      member.close();
    }
  }

  private record Locked(ClusteredLock lock) implements Section {
    @Override
    public void enter() throws InterruptedException, ExecutionException {
      lock.lock().get();
    }

    @Override
    public void leave() throws InterruptedException, ExecutionException {
      lock.unlock().get();
    }
  }
}
