package io.dmcl.bench.measure;

import io.dmcl.bench.server.EnsembleLoad;
import io.dmcl.bench.server.Servers;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** What an acquire costs the servers of an ensemble, all that belongs to it included. */
public final class ServerCost {
  /** The units, each for one acquire and its unlock. */
  public static final String REQUESTS = "requests/acquire";

  public static final String TRANSACTIONS = "transactions/acquire";
  public static final String NOTIFICATIONS = "notifications/acquire";
  public static final String BYTES = "bytes/acquire";

  /** Of the server that has most to do. */
  public static final String CPU = "server CPU us/acquire";

  private ServerCost() {}

  /**
   * Runs a variant, and adds the servers' cost to what it found, under its first key's series and
   * x.
   */
  static Map<Key, Double> reckon(Counting variant, Duration window, Servers servers)
      throws Exception {
    EnsembleLoad before = servers.zooKeeperLoad();
    long acquiresBefore = variant.acquires();
    Map<Key, Double> found = new LinkedHashMap<>(variant.run(window));
    EnsembleLoad cost = servers.zooKeeperLoad().since(before);
    double acquires = variant.acquires() - acquiresBefore;
    Key key = found.keySet().iterator().next();
    put(found, key, REQUESTS, cost.requests() / acquires);
    put(found, key, TRANSACTIONS, cost.transactions() / acquires);
    put(found, key, NOTIFICATIONS, cost.notifications() / acquires);
    put(found, key, BYTES, cost.bytes() / acquires);
    put(found, key, CPU, cost.busiestCpu().toNanos() / 1e3 / acquires);
    return found;
  }

  private static void put(Map<Key, Double> found, Key key, String unit, double value) {
    found.put(new Key(key.series(), key.x(), unit), value);
  }
}
