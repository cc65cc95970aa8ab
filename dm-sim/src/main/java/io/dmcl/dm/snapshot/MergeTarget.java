package io.dmcl.dm.snapshot;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Fence;
import io.dmcl.dm.TableException;
import io.dmcl.dm.Target;
import io.dmcl.dm.TargetContext;
import io.dmcl.dm.TargetType;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@code snapshot-merge <origin> <store> <P|PO> <chunk>}: takes the place of the origin and copies
 * the snapshot back into it, from the last exception to the first.
 *
 * <p>While a merge is registered, the origin is seen merged on every node, also through {@code
 * snapshot-origin}. One node at a time copies: who has the merge lock. When that node dies, another
 * one that has this target active goes on.
 */
public final class MergeTarget implements Target {
  /** The type. */
  public static final class Type implements TargetType {
    @Override
    public String name() {
      return "snapshot-merge";
    }

    @Override
    public String version() {
      return "1.5.0";
    }

    @Override
    public Target create(TargetContext context, List<String> words) throws IOException {
      SnapshotLine line = SnapshotLine.parse(context, words, false);
      return new MergeTarget(context.node(), line, context.begin());
    }
  }

  private static final long RETRY_MILLIS = 200;

  private final DeviceMapper node;
  private final SnapshotLine line;
  private final Origin origin;
  private final ClusterStore store;
  private final long begin;
  private final DeviceLock lock;
  private volatile boolean failed;
  private volatile boolean stopping;
  private @Nullable Thread merger;

  private MergeTarget(DeviceMapper node, SnapshotLine line, long begin) throws IOException {
    this.node = node;
    this.line = line;
    this.origin = line.origin();
    this.store = line.store();
    this.begin = begin;
    this.lock = node.lock("merge", store.name(), "", UnaryOperator.identity());
  }

  @Override
  public void resume() throws IOException {
    Registry now = origin.change(this::begin);
    Registry.Entry merging = now.merging();
    if (merging != null && !merging.store().equals(store.name())) {
      throw new TableException("A snapshot is already merging.");
    }
    stopping = false;
    if (node.settings().background()) {
      Thread thread = new Thread(this::run, "merge " + store.name());
      thread.setDaemon(true);
      merger = thread;
      thread.start();
    }
  }

  /** Whether there is anything to merge is asked where no write can come between. */
  private Registry begin(Registry registry) throws IOException {
    if (!store.valid()) {
      return registry;
    }
    store.refresh();
    return register(registry, store.empty() ? null : Registry.State.MERGING);
  }

  private Registry register(Registry registry, Registry.@Nullable State state) {
    Registry.Entry entry = registry.find(store.name());
    Registry.Entry merging = registry.merging();
    boolean another = merging != null && !merging.store().equals(store.name());
    if (another || (entry != null && entry.state() == Registry.State.INVALID)) {
      return registry;
    }
    return state == null ? registry.without(store.name()) : registry.with(store.name(), state);
  }

  @Override
  public void suspend() {
    stopping = true;
    Thread thread = merger;
    merger = null;
    if (thread != null) {
      // Not interrupted: it ends after its step, and a step is short.
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() throws IOException {
    lock.close();
    line.close();
  }

  private void run() {
    while (!stopping) {
      try {
        if (!step()) {
          return;
        }
      } catch (IOException | LockException e) {
        failed =
            !(e instanceof IOException io && ClusterStore.isOurs(io))
                && !(e instanceof LockException);
        if (failed) {
          return;
        }
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Merges one run of exceptions, if no other node is at it.
   *
   * @return whether something is left
   */
  public boolean step() throws IOException {
    Hold mine = lock.tryAcquire(LockMode.EXCLUSIVE);
    if (mine == null) {
      if (node.settings().background()) {
        pause();
      }
      return merging();
    }
    try (mine) {
      boolean[] more = {false};
      origin.withRegistry(null, (now, fence) -> step(now, lock.fence(mine, fence), more));
      // Who died here has left nothing that the store's lock and the range's do not tell.
      mine.markRecovered();
      if (!more[0] && merging()) {
        origin.change(registry -> isMerging(registry) ? begin(registry) : registry);
      }
      return more[0];
    }
  }

  private boolean merging() throws IOException {
    return isMerging(origin.registry());
  }

  private boolean isMerging(Registry registry) {
    Registry.Entry entry = registry.find(store.name());
    return entry != null && entry.state() == Registry.State.MERGING;
  }

  private Origin.Verdict step(Registry now, Fence fence, boolean[] more) throws IOException {
    if (!isMerging(now)) {
      return Origin.Verdict.DONE;
    }
    store.refresh();
    int size = store.chunkSectors();
    ClusterStore.Run run = store.lastRun(origin.rangeSectors() / size);
    if (run == null) {
      return Origin.Verdict.DONE;
    }
    long sector = run.oldChunk() * size;
    long count = Math.min((long) run.chunks() * size, origin.device().sectors() - sector);
    Origin.Verdict verdict =
        origin.inRange(
            now,
            sector,
            true,
            fence,
            right -> {
              // The other snapshots show the origin here.
              Origin.Verdict copied = origin.io().copyOut(now, sector, count, right);
              if (copied.step() == Origin.Step.DONE) {
                merge(run, sector, count, right);
              }
              return copied;
            });
    more[0] = !store.empty();
    return verdict;
  }

  private void merge(ClusterStore.Run run, long sector, long count, Fence right)
      throws IOException {
    ByteBuffer data = ByteBuffer.allocate(Math.toIntExact(count * Bio.SECTOR));
    long from = run.newChunk() * store.chunkSectors();
    store.device().submit(Bio.read(from, data).withFence(right));
    origin.device().submit(Bio.write(sector, data).withFence(right));
    origin.device().submit(Bio.flush().withFence(right));
    store.removeLast(run.chunks(), right);
  }

  @Override
  public void map(Bio bio) throws IOException {
    OriginTarget.mapOrigin(origin, begin, bio);
  }

  @Override
  public String status() {
    try {
      Registry.Entry entry = origin.registry().find(store.name());
      if (entry != null && entry.state() == Registry.State.INVALID) {
        return "Invalid";
      }
      if (failed) {
        return "Merge failed";
      }
      String usage = store.usage();
      return usage == null ? "Invalid" : usage;
    } catch (IOException | RuntimeException e) {
      return "Unknown";
    }
  }

  @Override
  public String table() {
    return line.table();
  }

  @Override
  public List<BlockDevice> devices() {
    return line.devices();
  }
}
