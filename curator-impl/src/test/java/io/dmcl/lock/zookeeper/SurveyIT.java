package io.dmcl.lock.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.retry.RetryOneTime;
import org.apache.curator.test.TestingServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lockspaces whose listings together are longer than a packet may be, 1 MiB. */
@Timeout(120)
class SurveyIT {
  private static final int TRANSACTION = 1_000;
  private static final Layout LAYOUT = new Layout("/dmcl", Lockspace.DEFAULT_NAME);

  /** Makes persistent znodes. */
  private static void plant(CuratorFramework hand, List<String> paths) throws Exception {
    for (int from = 0; from < paths.size(); from += TRANSACTION) {
      List<CuratorOp> creates = new ArrayList<>();
      for (String path : paths.subList(from, Math.min(from + TRANSACTION, paths.size()))) {
        creates.add(hand.transactionOp().create().forPath(path, new byte[0]));
      }
      Collection<?> made = hand.transaction().forOperations(creates);
      assertThat(made).hasSameSizeAs(creates);
    }
  }

  @Test
  void dump_longNamesAndLongQueues_isWhole() throws Exception {
    try (TestingServer server = new TestingServer(Ports.free(1).get(0));
        CuratorFramework hand =
            CuratorFrameworkFactory.newClient(server.getConnectString(), new RetryOneTime(100));
        Lockspace node = ZooKeeperLockspace.connect(server.getConnectString()).open()) {
      hand.start();
      node.purgeUnused(); // there is a session, and so the lockspace

      // 64 listings of 170 names of 104 bytes: 1.1 MiB.
      List<String> locks = new ArrayList<>();
      for (String bucket : LAYOUT.buckets().subList(0, 64)) {
        for (int i = 0; i < 170; i++) {
          locks.add(bucket + String.format("/n%02d%098d", locks.size() / 170, i));
        }
      }
      plant(hand, locks);

      // 64 queues of 560 entries of 32 bytes: 1.1 MiB, read after all the others.
      String last = LAYOUT.buckets().get(255);
      List<String> entries = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        LockPaths paths = LAYOUT.at(last, "i" + Integer.toString(i, Character.MAX_RADIX));
        entries.add(paths.lock());
        entries.add(paths.version());
        for (int j = 0; j < 560; j++) {
          RequestId id = RequestId.of(RequestId.nonce(-1), j);
          entries.add(paths.entryPrefix(LockMode.SHARED, id) + String.format("%010d", j));
        }
      }
      plant(hand, entries);

      LockspaceDump dump = node.dump();
      assertThat(dump.locks()).hasSize(locks.size() + 64);
      assertThat(dump.locks())
          .filteredOn(lock -> lock.name().isNumber())
          .extracting(LockEntry::queue)
          .hasSize(64)
          .allSatisfy(queue -> assertThat(queue).hasSize(560));
    }
  }
}
