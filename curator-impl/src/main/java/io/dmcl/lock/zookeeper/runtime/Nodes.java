package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.LockspaceListener;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
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
    SecureRandom random = new SecureRandom();
    String host = hostName();
    long pid = ProcessHandle.current().pid();
    String nodeId = host + '-' + pid + '-' + Long.toUnsignedString(random.nextLong() >>> 32, 36);
    String prefix = "dmcl-" + config.lockspace();
    ExecutorService hooks = Executors.newCachedThreadPool(daemons(prefix + "-callback-"));
    ExecutorService listeners = Executors.newSingleThreadExecutor(daemons(prefix + "-listener-"));
    Callbacks callbacks =
        new Callbacks(
            task -> executeOrRun(hooks, task),
            task ->
                executeOrRun(
                    listeners,
                    () -> {
                      try {
                        task.run();
                      } catch (RuntimeException e) {
                        log.warn("a listener of lockspace {} threw", config.lockspace(), e);
                      }
                    }));
    Node node =
        new Node(
            config,
            callbacks,
            random::nextLong,
            nodeId,
            Survey.nodeData(nodeId, host, pid, Instant.now()),
            (afterTasks, onFailure) ->
                new ThreadLoop(
                    prefix + "-loop",
                    afterTasks,
                    error -> {
                      log.error("lockspace {} has failed", config.lockspace(), error);
                      onFailure.accept(error);
                    }));
    NodeLockspace lockspace =
        new NodeLockspace(
            config.lockspace(),
            node,
            closeTimeoutNanos,
            () -> {
              hooks.shutdown();
              listeners.shutdown();
            });
    told.forEach(node::addListener);
    ((ThreadLoop) node.loop()).start();
    try {
      node.start(lockspace, coordinators);
    } catch (RuntimeException e) {
      lockspace.close();
      throw e;
    }
    return lockspace;
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
