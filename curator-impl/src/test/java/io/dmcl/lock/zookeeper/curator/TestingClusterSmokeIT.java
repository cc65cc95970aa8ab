package io.dmcl.lock.zookeeper.curator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.TestingCluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The embedded ensemble starts with the class path that this module gives it. */
class TestingClusterSmokeIT {
  @Test
  @Timeout(60)
  void ensemble_ofThreeServers_keepsANode() throws Exception {
    byte[] value = "value".getBytes(StandardCharsets.UTF_8);
    try (TestingCluster cluster = new TestingCluster(3)) {
      cluster.start();
      try (CuratorFramework client =
          CuratorFrameworkFactory.newClient(cluster.getConnectString(), new RetryOneTime(100))) {
        client.start();
        assertThat(client.blockUntilConnected(30, TimeUnit.SECONDS)).isTrue();
        client.create().forPath("/smoke", value);
        assertThat(client.getData().forPath("/smoke")).isEqualTo(value);
      }
    }
  }
}
