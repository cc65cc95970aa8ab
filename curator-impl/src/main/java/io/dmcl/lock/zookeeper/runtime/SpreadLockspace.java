package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockModes;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.LockspaceDump;
import io.dmcl.lock.LockspaceDump.LockEntry;
import io.dmcl.lock.LockspaceDump.NodeEntry;
import io.dmcl.lock.LockspaceListener;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A lockspace over several ensembles. Each lock lives on one of them, its home, which {@link
 * Rendezvous} finds; on each this node has a lockspace of its own, with an event loop, sessions and
 * leases of its own. So handles, and with them the fast path, are those of one ensemble, and an
 * ensemble that fails takes nothing with it but its locks.
 */
public final class SpreadLockspace extends BlockingSets {
  private final String name;
  private final String nodeId;
  private final SortedMap<String, NodeLockspace> parts;
  private final Rendezvous rendezvous;
  private final Executor closing;
  private final Runnable afterClose;
  private final LockModes modes = new LockModes(this);

  /**
   * Of lockspaces that have not started.
   *
   * @param parts the node's lockspaces by the names of their ensembles
   * @param closing runs the closing of each part, on a thread that may block
   */
  SpreadLockspace(
      String name,
      String nodeId,
      Map<String, NodeLockspace> parts,
      Executor closing,
      Runnable afterClose) {
    this.name = name;
    this.nodeId = nodeId;
    this.parts = new TreeMap<>(parts);
    this.rendezvous = new Rendezvous(parts.keySet());
    this.closing = closing;
    this.afterClose = afterClose;
  }

  private NodeLockspace home(LockName lock) {
    Objects.requireNonNull(lock, "the name must not be null");
    return partOn(rendezvous.home(lock));
  }

  private NodeLockspace partOn(String ensemble) {
    NodeLockspace part = parts.get(ensemble);
    if (part == null) {
      throw new IllegalStateException("no ensemble " + ensemble);
    }
    return part;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String nodeId() {
    return nodeId;
  }

  @Override
  public ClusterLock allocate(LockName lock, LockOptions options) {
    return home(lock).allocate(lock, options);
  }

  @Override
  @Nullable RuntimeException whyUnreachable(Map<ClusterLock, LockMode> locks) {
    for (SpreadSet.Unit unit : units(locks)) {
      RuntimeException reason = unit.part().whyUnreachable(unit.locks());
      if (reason != null) {
        return reason;
      }
    }
    return null;
  }

  @Override
  public CompletableFuture<HoldSet> acquireAllAsync(Map<ClusterLock, LockMode> locks) {
    if (locks.isEmpty()) {
      throw new IllegalArgumentException("an empty set of locks");
    }
    List<SpreadSet.Unit> units = units(locks);
    // All are checked before any is asked for.
    units.forEach(unit -> unit.part().checkSet(unit.locks()));
    return units.size() == 1
        ? units.get(0).acquire()
        : new SpreadSet(units, List.copyOf(locks.keySet())).start();
  }

  /** The parts of a set, in the order in which all nodes take them. */
  private List<SpreadSet.Unit> units(Map<ClusterLock, LockMode> locks) {
    SortedMap<String, Map<ClusterLock, LockMode>> byHome = new TreeMap<>();
    locks.forEach(
        (lock, mode) -> {
          Objects.requireNonNull(lock, "a lock must not be null");
          byHome
              .computeIfAbsent(rendezvous.home(lock.name()), home -> new LinkedHashMap<>())
              .put(lock, mode);
        });
    List<SpreadSet.Unit> units = new ArrayList<>();
    byHome.forEach((home, members) -> units.add(new SpreadSet.Unit(partOn(home), members)));
    return units;
  }

  @Override
  public LockModes modes() {
    return modes;
  }

  @Override
  public boolean purge(LockName lock) throws InterruptedException {
    return home(lock).purge(lock);
  }

  @Override
  public int purgeUnused() throws InterruptedException {
    int purged = 0;
    for (NodeLockspace part : parts.values()) {
      purged += part.purgeUnused();
    }
    return purged;
  }

  @Override
  public LockspaceDump dump() throws InterruptedException {
    List<NodeEntry> nodes = new ArrayList<>();
    List<LockEntry> locks = new ArrayList<>();
    for (Map.Entry<String, NodeLockspace> part : parts.entrySet()) {
      LockspaceDump dump = part.getValue().dump();
      nodes.addAll(dump.nodes());
      for (LockEntry lock : dump.locks()) {
        // A lock that has moved since has left something behind, which is not the lock any more.
        if (rendezvous.home(lock.name()).equals(part.getKey())) {
          locks.add(lock);
        }
      }
    }
    return new LockspaceDump(name, nodeId, Instant.now(), nodes, locks);
  }

  @Override
  public void addListener(LockspaceListener listener) {
    parts.values().forEach(part -> part.addListener(listener));
  }

  @Override
  public LockStats stats() {
    LockStats sum = LockStats.NONE;
    for (NodeLockspace part : parts.values()) {
      sum = sum.plus(part.stats());
    }
    return sum;
  }

  /** All at once: an ensemble that does not answer must not keep the others' grants. */
  @Override
  public void close() {
    CompletableFuture.allOf(
            parts.values().stream()
                .map(part -> CompletableFuture.runAsync(part::close, closing))
                .toArray(CompletableFuture<?>[]::new))
        .join();
    afterClose.run();
  }

  @Override
  public String toString() {
    return "lockspace " + name + " over " + parts.keySet() + " on node " + nodeId;
  }
}
