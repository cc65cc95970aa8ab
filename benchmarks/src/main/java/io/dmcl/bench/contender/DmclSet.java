package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.HoldSet;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.Lockspace;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** {@link Lockspace#acquireAll} of so many locks, not cached. */
final class DmclSet implements Contender {
  private final int size;

  DmclSet(int size) {
    this.size = size;
  }

  @Override
  public String name() {
    return "dmcl set of " + size;
  }

  @Override
  public Node open(Addresses servers) {
    return new SetNode(Dmcl.lockspace(servers), size, new ConcurrentHashMap<>());
  }

  private record SetNode(Lockspace lockspace, int size, Map<String, ClusterLock> handles)
      implements Node {
    @Override
    public Section lock(String name, LockMode mode) {
      Map<ClusterLock, LockMode> set = new LinkedHashMap<>();
      for (int i = 0; i < size; i++) {
        set.put(handles.computeIfAbsent(name + "-" + i, lockspace::allocate), mode);
      }
      return new AllAtOnce(lockspace, set);
    }

    @Override
    public void close() {
      lockspace.close();
    }
  }

  private static final class AllAtOnce implements Section {
    private final Lockspace lockspace;
    private final Map<ClusterLock, LockMode> set;
    private @Nullable HoldSet holds;

    AllAtOnce(Lockspace lockspace, Map<ClusterLock, LockMode> set) {
      this.lockspace = lockspace;
      this.set = set;
    }

    @Override
    public void enter() throws InterruptedException {
      holds = lockspace.acquireAll(set);
    }

    @Override
    public void leave() {
      HoldSet current = holds;
      if (current != null) {
        current.close();
      }
    }
  }
}
