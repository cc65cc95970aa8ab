package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import org.redisson.Redisson;
import org.redisson.api.RLock;
import org.redisson.api.RReadWriteLock;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/** Redisson's read-write lock, renewed by its watchdog. */
final class RedissonLock implements Contender {
  @Override
  public String name() {
    return "Redisson";
  }

  @Override
  public String needs() {
    return "redis-server";
  }

  @Override
  public Node open(Addresses servers) throws IOException, InterruptedException {
    Config config = new Config();
    config.useSingleServer().setAddress(servers.redis());
    return new RedissonNode(Redisson.create(config));
  }

  private record RedissonNode(RedissonClient client) implements Node {
    @Override
    public Section lock(String name, LockMode mode) {
      RReadWriteLock lock = client.getReadWriteLock(name);
      return new Locked(mode == LockMode.EXCLUSIVE ? lock.writeLock() : lock.readLock());
    }

    @Override
    public void close() {
      client.shutdown();
    }
  }

  private record Locked(RLock lock) implements Section {
    @Override
    public void enter() throws InterruptedException {
      lock.lockInterruptibly();
    }

    @Override
    public void leave() {
      lock.unlock();
    }
  }
}
