package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.bench.server.Ports;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.net.InetAddress;
import java.util.concurrent.ExecutionException;
import org.infinispan.configuration.global.GlobalConfigurationBuilder;
import org.infinispan.lock.EmbeddedClusteredLockManagerFactory;
import org.infinispan.lock.api.ClusteredLock;
import org.infinispan.lock.api.ClusteredLockManager;
import org.infinispan.manager.DefaultCacheManager;
import org.infinispan.manager.EmbeddedCacheManager;
import org.infinispan.remoting.transport.jgroups.JGroupsTransport;

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
        .addProperty(JGroupsTransport.CONFIGURATION_XML, stack(port))
        .clusterName("bench-" + port);
    DefaultCacheManager member = new DefaultCacheManager(configuration.build());
    return new Member(member, EmbeddedClusteredLockManagerFactory.from(member));
  }

  /**
   * As text, because a channel that is given is not the one that is used. Without virtual threads:
   * on JDK 25 they let the first member that leaves wait for ever.
   */
  private static String stack(int firstPort) {
    String loopback = InetAddress.getLoopbackAddress().getHostAddress();
    return String.format(
        """
        <config xmlns="urn:org:jgroups">
          <TCP bind_addr="%1$s" bind_port="%2$d" port_range="%3$d" use_vthreads="false"/>
          <TCPPING initial_hosts="%1$s[%2$d]" port_range="%3$d"/>
          <MERGE3/>
          <FD_SOCK2/>
          <FD_ALL3/>
          <pbcast.NAKACK2 use_mcast_xmit="false"/>
          <UNICAST3/>
          <pbcast.STABLE/>
          <pbcast.GMS join_timeout="%4$d"/>
          <UFC/>
          <MFC/>
          <FRAG4/>
        </config>
        """,
        loopback, firstPort, PORTS, JOIN_MS);
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
