package io.dmcl.bench.server;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The servers that locks are measured on: an ensemble of ZooKeeper from the start, the others when
 * they are first asked for, so that they cost nothing while nobody uses them. All keep their files
 * in one directory, which is deleted at the end.
 */
public final class Servers implements Addresses, AutoCloseable {
  private final boolean fsync;
  private final Path directory;
  private final ZooKeeperEnsemble ensemble;
  private final List<ZooKeeperEnsemble> moreEnsembles = new ArrayList<>();
  private @Nullable EtcdCluster etcd;
  private @Nullable RedisServer redis;

  private Servers(boolean fsync, Path directory, ZooKeeperEnsemble ensemble) {
    this.fsync = fsync;
    this.directory = directory;
    this.ensemble = ensemble;
  }

  /**
   * Starts an ensemble.
   *
   * @param parent where the servers' directory is made
   * @param fsync whether what is written has to be on the disk before it is answered
   */
  public static Servers start(Path parent, boolean fsync) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(parent, "dmcl-bench-");
    try {
      return new Servers(fsync, directory, new ZooKeeperEnsemble(directory, fsync));
    } catch (IOException | InterruptedException | RuntimeException e) {
      delete(directory);
      throw e;
    }
  }

  /** Whether there is a program of this name to start. */
  public static boolean isInstalled(String program) {
    String path = System.getenv("PATH");
    return path != null
        && List.of(path.split(File.pathSeparator)).stream()
            .anyMatch(entry -> Files.isExecutable(Path.of(entry, program)));
  }

  /** What ZooKeeper's servers have done so far. */
  public synchronized EnsembleLoad zooKeeperLoad() throws IOException {
    EnsembleLoad load = ensemble.load();
    for (ZooKeeperEnsemble other : moreEnsembles) {
      load = load.plus(other.load());
    }
    return load;
  }

  /** The processes of the first ensemble. */
  public List<Long> zooKeeperPids() {
    return ensemble.pids();
  }

  /** Whether what is written is on the disk before it is answered. */
  public boolean fsync() {
    return fsync;
  }

  @Override
  public String zooKeeper() {
    return ensemble.connectString();
  }

  @Override
  public Addresses seenBy(int node) {
    List<String> each = List.of(zooKeeper().split(","));
    return new OneServer(this, each.get(node % each.size()));
  }

  @Override
  public synchronized List<String> zooKeepers(int count) throws IOException, InterruptedException {
    while (1 + moreEnsembles.size() < count) {
      Path files = Files.createTempDirectory(directory, "ensemble-");
      moreEnsembles.add(new ZooKeeperEnsemble(files, fsync));
    }
    return Stream.concat(Stream.of(ensemble), moreEnsembles.stream())
        .limit(count)
        .map(ZooKeeperEnsemble::connectString)
        .toList();
  }

  @Override
  public long zooKeeperLiveHeap() throws IOException, InterruptedException {
    return ensemble.liveHeap();
  }

  @Override
  public synchronized String etcd() throws IOException, InterruptedException {
    if (etcd == null) {
      etcd = new EtcdCluster(Files.createTempDirectory(directory, "etcd-"));
    }
    return etcd.endpoints();
  }

  @Override
  public synchronized String redis() throws IOException, InterruptedException {
    if (redis == null) {
      redis = new RedisServer(Files.createTempDirectory(directory, "redis-"), fsync);
    }
    return redis.address();
  }

  /** Stops all but the first ensemble; they are started again when they are needed. */
  public synchronized void stopOthers() {
    moreEnsembles.forEach(ZooKeeperEnsemble::close);
    moreEnsembles.clear();
    if (etcd != null) {
      etcd.close();
      etcd = null;
    }
    if (redis != null) {
      redis.close();
      redis = null;
    }
  }

  @Override
  public void close() {
    stopOthers();
    ensemble.close();
    delete(directory);
  }

  private static void delete(Path directory) {
    try {
      MoreFiles.deleteRecursively(directory, RecursiveDeleteOption.ALLOW_INSECURE);
    } catch (IOException e) {
      System.err.println("not all of " + directory + " could be deleted: " + e);
    }
  }
}
