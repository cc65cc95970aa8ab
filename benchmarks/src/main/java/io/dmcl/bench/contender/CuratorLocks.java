package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.locks.InterProcessLock;
import org.apache.curator.framework.recipes.locks.InterProcessMultiLock;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessReadWriteLock;
import org.apache.zookeeper.data.Stat;

/** Curator's lock recipes, bare and with a version kept by hand. */
final class CuratorLocks implements Contender {
  private static final String ROOT = "/curator/";
  private static final byte[] NOTHING = {};

  /** Which recipe. */
  enum Recipe {
    /** {@code InterProcessReadWriteLock}. */
    READ_WRITE,
    /**
     * The same, and a node whose version tells whether the resource was modified: read after the
     * acquire, set before an exclusive release.
     */
    VERSIONED,
    /** {@code InterProcessMutex}. */
    MUTEX,
    /** {@code InterProcessMultiLock} of several mutexes. */
    MULTI
  }

  private final String name;
  private final Recipe recipe;
  private final int setSize;

  CuratorLocks(String name, Recipe recipe) {
    this(name, recipe, 1);
  }

  CuratorLocks(String name, Recipe recipe, int setSize) {
    this.name = name;
    this.recipe = recipe;
    this.setSize = setSize;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Node open(Addresses servers) throws InterruptedException {
    return new CuratorNode(CuratorClient.connect(servers));
  }

  private final class CuratorNode implements Node {
    private final CuratorFramework client;
    private final Map<String, InterProcessReadWriteLock> readWriteLocks = new ConcurrentHashMap<>();
    private final Map<String, InterProcessLock> locks = new ConcurrentHashMap<>();

    CuratorNode(CuratorFramework client) {
      this.client = client;
    }

    @Override
    public Section lock(String lockName, LockMode mode) throws Exception {
      String path = ROOT + lockName;
      return switch (recipe) {
        case READ_WRITE -> new Bare(readWrite(path, mode));
        case VERSIONED -> {
          String version = path + "-version";
          client.create().orSetData().creatingParentsIfNeeded().forPath(version, NOTHING);
          yield new Versioned(client, readWrite(path, mode), version, mode);
        }
        case MUTEX ->
            new Bare(locks.computeIfAbsent(path, key -> new InterProcessMutex(client, key)));
        case MULTI ->
            new Bare(
                locks.computeIfAbsent(
                    path, key -> new InterProcessMultiLock(client, memberPaths(key))));
      };
    }

    private InterProcessLock readWrite(String path, LockMode mode) {
      InterProcessReadWriteLock lock =
          readWriteLocks.computeIfAbsent(path, key -> new InterProcessReadWriteLock(client, key));
      return mode == LockMode.EXCLUSIVE ? lock.writeLock() : lock.readLock();
    }

    private List<String> memberPaths(String path) {
      List<String> paths = new ArrayList<>();
      for (int i = 0; i < setSize; i++) {
        paths.add(path + "-" + i);
      }
      return paths;
    }

    @Override
    public void close() {
      client.close();
    }
  }

  private record Bare(InterProcessLock lock) implements Section {
    @Override
    public void enter() throws Exception {
      lock.acquire();
    }

    @Override
    public void leave() throws Exception {
      lock.release();
    }
  }

  private static final class Versioned implements Section {
    private final CuratorFramework client;
    private final InterProcessLock lock;
    private final String path;
    private final LockMode mode;
    private final Stat stat = new Stat();

    Versioned(CuratorFramework client, InterProcessLock lock, String path, LockMode mode) {
      this.client = client;
      this.lock = lock;
      this.path = path;
      this.mode = mode;
    }

    @Override
    public void enter() throws Exception {
      lock.acquire();
      client.getData().storingStatIn(stat).forPath(path);
    }

    @Override
    public void leave() throws Exception {
      if (mode == LockMode.EXCLUSIVE) {
        client.setData().withVersion(stat.getVersion()).forPath(path, NOTHING);
      }
      lock.release();
    }
  }
}
