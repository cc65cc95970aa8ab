package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.Ensemble;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.Layout;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.torture.Breach.Rule;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryNTimes;

/**
 * The end of a run, when nothing goes wrong any more: every waiter is served, every grant is given
 * up, nothing is left but what reports the dead; and when those are declared recovered, nothing.
 */
final class Ending {
  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final long POLL_MILLIS = 20;

  private final Options options;
  private final List<Node> nodes;
  private final Servers servers;
  private final Layout layout;
  private final Consumer<Breach> breaches;
  private final Set<String> said = ConcurrentHashMap.newKeySet();

  Ending(
      Options options,
      List<Node> nodes,
      Servers servers,
      Layout layout,
      Consumer<Breach> breaches) {
    this.options = options;
    this.nodes = nodes;
    this.servers = servers;
    this.layout = layout;
    this.breaches = breaches;
  }

  /** Takes in an event: what nodes say when they have done what they were told. */
  void accept(Event event) {
    switch (event.what()) {
      case "stopped", "rested", "exited" -> said.add(event.who() + ' ' + event.what());
      default -> {}
    }
  }

  private interface Condition {
    boolean holds() throws Exception;
  }

  private static boolean eventually(Condition condition) throws Exception {
    long untilNanos = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > untilNanos) {
        return false;
      }
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
    return true;
  }

  void run() throws Exception {
    if (!eventually(servers::isWhole)) {
      throw new IllegalStateException("the servers have not come back; see their logs");
    }
    everyNode("stop", "stopped", Rule.SERVED, "its callers were not served");
    everyNode("rest", "rested", Rule.LEFT_BEHIND, "it has not given up its grants");
    try (CuratorFramework client =
        CuratorFrameworkFactory.newClient(servers.connectString(), new RetryNTimes(20, 200))) {
      client.start();
      checkRest(client);
      everyNode("exit", "exited", Rule.LEFT_BEHIND, "it has not closed");
      repair();
      checkNothing(client);
    }
  }

  private void everyNode(String order, String answer, Rule rule, String otherwise)
      throws Exception {
    nodes.forEach(node -> node.process().order(order));
    for (Node node : nodes) {
      String expected = node.name() + ' ' + answer;
      if (!eventually(() -> said.contains(expected) || !node.process().isAlive())
          || !said.contains(expected)) {
        breach(
            rule,
            "-",
            node.name()
                + ": "
                + otherwise
                + (node.process().isAlive() ? "" : ", it has ended")
                + "; what its threads do is in its log");
        node.process().dumpThreads();
      }
    }
  }

  private LockPaths paths(int resource) {
    return layout.lock(LockName.of("r" + resource));
  }

  private void checkRest(CuratorFramework client) throws Exception {
    for (int i = 0; i < options.resources(); i++) {
      List<String> left = new ArrayList<>();
      LockPaths paths = paths(i);
      if (!eventually(() -> entries(client, paths, left).isEmpty())) {
        breach(Rule.LEFT_BEHIND, "r" + i, "entries are left: " + left);
      }
    }
    if (!eventually(() -> !servers.watches().contains(layout.locks() + '/'))) {
      breach(Rule.LEFT_BEHIND, "-", "watches are left: " + servers.watches().replace('\n', ' '));
    }
  }

  private static List<String> entries(CuratorFramework client, LockPaths paths, List<String> left)
      throws Exception {
    left.clear();
    if (client.checkExists().forPath(paths.lock()) != null) {
      for (String child : client.getChildren().forPath(paths.lock())) {
        if (Entry.parse(child) != null) {
          left.add(child);
        }
      }
    }
    return left;
  }

  /** Somebody who was not there takes every lock once. */
  private void repair() throws InterruptedException {
    try (Lockspace lockspace =
        ZooKeeperLockspace.connect(servers.connectString())
            .sessionTimeout(options.sessionTimeout())
            .tick(Options.TICK)
            .open()) {
      for (int i = 0; i < options.resources(); i++) {
        try (ClusterLock lock = lockspace.allocate("r" + i)) {
          Hold hold = lock.tryAcquire(LockMode.EXCLUSIVE, PATIENCE);
          if (hold == null) {
            breach(Rule.SERVED, "r" + i, "nobody can have it any more");
            continue;
          }
          if (hold.freshness() == Freshness.OWNER_DIED) {
            hold.markRecovered();
          }
          hold.unlock();
        }
      }
    }
  }

  private void checkNothing(CuratorFramework client) throws Exception {
    Ensemble.catchUp(client);
    for (int i = 0; i < options.resources(); i++) {
      List<String> intents =
          client.checkExists().forPath(paths(i).version()) == null
              ? List.of()
              : client.getChildren().forPath(paths(i).version());
      if (!intents.isEmpty()) {
        breach(Rule.LEFT_BEHIND, "r" + i, "intents are left: " + intents);
      }
    }
    if (!eventually(() -> client.getChildren().forPath(layout.nodes()).isEmpty())) {
      breach(
          Rule.LEFT_BEHIND, "-", "nodes are left: " + client.getChildren().forPath(layout.nodes()));
    }
  }

  private void breach(Rule rule, String lock, String text) {
    breaches.accept(new Breach(System.nanoTime(), rule, lock, text));
  }
}
