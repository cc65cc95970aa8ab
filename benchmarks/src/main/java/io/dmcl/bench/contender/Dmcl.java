package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockName;
import io.dmcl.lock.LockOptions;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.zookeeper.ZooKeeperLockspace;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** This project's lock, through the bare calls on the handle or through a {@link Hold}. */
final class Dmcl implements Contender {
  private static final int VALUE_BYTES = 16;

  /** How the lock is taken. */
  enum Call {
    /** {@code readLock}, {@code writeLock} and {@code unlock}. */
    BARE,
    /** {@code acquire} and {@code close}. */
    HOLD,
    /** The same, reading the value, and setting it if exclusive. */
    VALUE
  }

  private final String name;
  private final Call call;
  private final LockOptions options;
  private final int ensembles;

  Dmcl(String name, Call call, LockProperty... properties) {
    this(name, call, 1, properties);
  }

  /** With its locks spread over so many ensembles. */
  Dmcl(String name, Call call, int ensembles, LockProperty... properties) {
    this.name = name;
    this.ensembles = ensembles;
    this.call = call;
    options = LockOptions.of(properties);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Node open(Addresses servers) throws IOException, InterruptedException {
    return new DmclNode(ensembles == 1 ? lockspace(servers) : spread(servers));
  }

  private Lockspace spread(Addresses servers) throws IOException, InterruptedException {
    Map<String, String> connectStrings = new HashMap<>();
    for (String connectString : servers.zooKeepers(ensembles)) {
      connectStrings.put("ensemble-" + connectStrings.size(), connectString);
    }
    return ZooKeeperLockspace.connect(connectStrings).name("bench-" + ensembles).open();
  }

  /** A lockspace on a session of its own. */
  static Lockspace lockspace(Addresses servers) {
    return ZooKeeperLockspace.connect(servers.zooKeeper()).name("bench").open();
  }

  private final class DmclNode implements Node {
    private final Lockspace lockspace;
    private final Map<String, ClusterLock> handles = new ConcurrentHashMap<>();

    DmclNode(Lockspace lockspace) {
      this.lockspace = lockspace;
    }

    @Override
    public Section lock(String lockName, LockMode mode) {
      ClusterLock handle =
          handles.computeIfAbsent(lockName, key -> lockspace.allocate(LockName.of(key), options));
      return switch (call) {
        case BARE -> mode == LockMode.EXCLUSIVE ? new BareWrite(handle) : new BareRead(handle);
        case HOLD -> new WithHold(handle, mode);
        case VALUE -> new WithValue(handle, mode);
      };
    }

    @Override
    public void close() {
      lockspace.close();
    }
  }

  private record BareWrite(ClusterLock handle) implements Section {
    @Override
    public void enter() throws InterruptedException {
      handle.writeLock();
    }

    @Override
    public void leave() {
      handle.unlock();
    }
  }

  private record BareRead(ClusterLock handle) implements Section {
    @Override
    public void enter() throws InterruptedException {
      handle.readLock();
    }

    @Override
    public void leave() {
      handle.unlock();
    }
  }

  private static class WithHold implements Section {
    private final ClusterLock handle;
    private final LockMode mode;
    private @Nullable Hold hold;

    WithHold(ClusterLock handle, LockMode mode) {
      this.handle = handle;
      this.mode = mode;
    }

    @Override
    public void enter() throws InterruptedException {
      hold = handle.acquire(mode);
    }

    @Override
    public void leave() {
      hold().close();
    }

    final Hold hold() {
      Hold current = hold;
      if (current == null) {
        throw new IllegalStateException("left before it was entered");
      }
      return current;
    }
  }

  private static final class WithValue extends WithHold {
    private final LockMode mode;

    WithValue(ClusterLock handle, LockMode mode) {
      super(handle, mode);
      this.mode = mode;
    }

    @Override
    public void leave() {
      byte[] value = hold().value();
      if (mode == LockMode.EXCLUSIVE) {
        hold().setValue(value.length == VALUE_BYTES ? value : new byte[VALUE_BYTES]);
      }
      super.leave();
    }
  }
}
