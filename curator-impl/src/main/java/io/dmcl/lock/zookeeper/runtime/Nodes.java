package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LockspaceListener;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens lockspaces on real threads and clocks. */
public final class Nodes {
  private static final Logger log = LoggerFactory.getLogger(Nodes.class);

  private Nodes() {}

  /**
   * Opens a lockspace.
   *
   * @param coordinators a client for each session that the node may use
   * @param closeTimeoutNanos how long closing waits for what has to be released
   * @param told listeners from the start
   */
  public static NodeLockspace open(
      NodeConfig config,
      List<Coordinator> coordinators,
      long closeTimeoutNanos,
      List<LockspaceListener> told) {
    Setup setup = new Setup(config.lockspace());
    NodeLockspace lockspace =
        setup.lockspace(config, config.lockspace(), closeTimeoutNanos, told, setup::end);
    try {
      lockspace.start(lockspace, coordinators);
    } catch (RuntimeException e) {
      lockspace.close();
      throw e;
    }
    return lockspace;
  }

  /**
   * Opens a lockspace over several ensembles.
   *
   * @param ensembles for each ensemble, by its name, a client for each session that the node may
   *     use
   */
  public static SpreadLockspace openSpread(
      NodeConfig config,
      Map<String, List<Coordinator>> ensembles,
      long closeTimeoutNanos,
      List<LockspaceListener> told) {
    Setup setup = new Setup(config.lockspace());
    List<String> names = ensembles.keySet().stream().sorted().toList();
    Map<String, NodeLockspace> parts = new LinkedHashMap<>();
    for (String ensemble : names) {
      parts.put(
          ensemble,
          setup.lockspace(
              config.spread(ensemble + " of " + names),
              config.lockspace() + '@' + ensemble,
              closeTimeoutNanos,
              told,
              () -> {}));
    }
    SpreadLockspace lockspace =
        new SpreadLockspace(
            config.lockspace(), setup.nodeId, parts, setup.callbacks.hooks(), setup::end);
    try {
      parts.forEach(
          (ensemble, part) -> part.start(lockspace, ensembles.getOrDefault(ensemble, List.of())));
    } catch (RuntimeException e) {
      lockspace.close();
      throw e;
    }
    return lockspace;
  }

  /** What the lockspaces of one node have in common: who it is, and its threads. */
  private static final class Setup {
    private final SecureRandom random = new SecureRandom();
    private final String host = hostName();
    private final long pid = ProcessHandle.current().pid();
    private final ExecutorService hooks;
    private final ExecutorService listeners;
    final String nodeId =
        host + '-' + pid + '-' + Long.toUnsignedString(random.nextLong() >>> 32, 36);
    final Callbacks callbacks;

    Setup(String lockspace) {
      String prefix = "dmcl-" + lockspace;
      hooks = Executors.newCachedThreadPool(daemons(prefix + "-callback-"));
      listeners = Executors.newSingleThreadExecutor(daemons(prefix + "-listener-"));
      callbacks =
          new Callbacks(
              task -> executeOrRun(hooks, task),
              task ->
                  executeOrRun(
                      listeners,
                      () -> {
                        try {
                          task.run();
                        } catch (RuntimeException e) {
                          log.warn("a listener of lockspace {} threw", lockspace, e);
                        }
                      }));
    }

    /**
     * A lockspace that has not started.
     *
     * @param label what it is called in the log and in the names of threads
     */
    NodeLockspace lockspace(
        NodeConfig config,
        String label,
        long closeTimeoutNanos,
        List<LockspaceListener> told,
        Runnable afterClose) {
      Node node =
          new Node(
              config,
              callbacks,
              random::nextLong,
              nodeId,
              Survey.nodeData(nodeId, host, pid, Instant.now()),
              (afterTasks, onFailure) ->
                  new ThreadLoop(
                      "dmcl-" + label + "-loop",
                      afterTasks,
                      error -> {
                        log.error("lockspace {} has failed", label, error);
                        onFailure.accept(error);
                      }));
      told.forEach(node::addListener);
      return new NodeLockspace(config.lockspace(), node, closeTimeoutNanos, afterClose);
    }

    void end() {
      hooks.shutdown();
      listeners.shutdown();
    }
  }

  /** After the lockspace was closed its threads are gone, but nobody must wait for ever. */
  private static void executeOrRun(ExecutorService executor, Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      task.run();
    }
  }

  private static ThreadFactory daemons(String prefix) {
    AtomicLong count = new AtomicLong();
    return task -> {
      Thread thread = new Thread(task, prefix + count.incrementAndGet());
      thread.setDaemon(true);
      thread.setContextClassLoader(Nodes.class.getClassLoader());
      return thread;
    };
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "unknown";
    }
  }
}
