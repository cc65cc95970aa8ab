package io.dmcl.dm.disk;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.Fence;
import io.dmcl.lock.FencingGate;
import io.dmcl.lock.StaleTokenException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * A disk's fencing gate, as shared storage has it in its persistent reservations: per lock, the
 * newest tokens that came by, in {@code <image>.gate}. It outlives every process.
 *
 * <p>An admission lasts until the write has been done. A newer token is admitted only when no
 * admission with an older one is under way, so that a write never arrives behind its refusal:
 * writes with the token that is known share the lock of its slot, a new token takes it exclusively.
 * Each such lock is a lock between the threads of this process and, for all of them, one between
 * processes (of which a process that dies lets go; one that is stopped in the middle of a write
 * keeps newer tokens of the same lock out until it goes on or is killed).
 *
 * <pre>
 *   0  magic "dmclgat2"      8  refusals      then, from 64 on, slots of 32 bytes:
 *   0  lock key, 0 if free   8  newest token  16  newest writer's token
 * </pre>
 */
public final class Gate implements Closeable {
  private static final long MAGIC = 0x3274_6167_6c63_6d64L;
  private static final int SLOTS = 1 << 16;
  private static final int SLOT = 32;
  private static final int FIRST = 64;
  private static final int FIRST_PAGE = 4096;
  private static final int REFUSED = 8;
  private static final long LOCK_BASE = 1L << 40;
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** One per file and process: closing any descriptor of a file ends all its locks. */
  private static final Map<Path, Gate> OPEN = new HashMap<>();

  /** The right to write until closed. */
  interface Admission extends Closeable {
    Admission FREE = () -> {};

    @Override
    void close() throws IOException;
  }

  private final Path path;
  private final ImageFile file;
  private final MappedByteBuffer table;

  /** By the key of the lock. */
  private final Map<Long, SlotLock> locks = new ConcurrentHashMap<>();

  private int users = 1;

  private Gate(Path path) throws IOException {
    this.path = path;
    this.file =
        new ImageFile(
            path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    this.table = file.io(Gate::map);
    table.order(ByteOrder.LITTLE_ENDIAN);
    LONG.compareAndSet(table, 0, 0L, MAGIC);
    if (get(0) != MAGIC) {
      file.close();
      throw new IOException(path + " is not a fencing gate");
    }
  }

  private static MappedByteBuffer map(FileChannel channel) throws IOException {
    try (FileLock creating = channel.lock(LOCK_BASE - 1, 1, false)) {
      if (channel.size() == 0) {
        // Touched first through the map, it would take the kernel milliseconds.
        channel.write(ByteBuffer.allocate(FIRST_PAGE), 0);
      }
    }
    return channel.map(FileChannel.MapMode.READ_WRITE, 0, FIRST + SLOTS * (long) SLOT);
  }

  static Path pathOf(Path image) {
    return image.resolveSibling(image.getFileName() + ".gate");
  }

  static Gate open(Path file) throws IOException {
    Path path = file.toAbsolutePath();
    synchronized (OPEN) {
      Gate gate = OPEN.get(path);
      if (gate == null) {
        gate = new Gate(path);
        OPEN.put(path, gate);
      } else {
        gate.users++;
      }
      return gate;
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (OPEN) {
      if (--users == 0) {
        OPEN.remove(path);
        file.close();
      }
    }
  }

  long refused() {
    return get(REFUSED);
  }

  /** Admits a chain of fences; all or none. */
  Admission admit(Fence fence) throws IOException {
    if (fence.next() == null) {
      return admitAt(slotOf(fence.lock()), fence);
    }
    // In the order of the slots, or two chains could wait for each other.
    NavigableMap<Integer, Fence> chain = new TreeMap<>();
    for (Fence each = fence; each != null; each = each.next()) {
      chain.putIfAbsent(slotOf(each.lock()).slot, each);
    }
    List<Admission> admissions = new ArrayList<>(chain.size());
    Admission all =
        () -> {
          for (Admission each : admissions) {
            each.close();
          }
        };
    try {
      for (Fence each : chain.values()) {
        admissions.add(admitAt(slotOf(each.lock()), each));
      }
      return all;
    } catch (IOException | RuntimeException e) {
      all.close();
      throw e;
    }
  }

  private Admission admitAt(SlotLock lock, Fence fence) throws IOException {
    while (true) {
      lock.lockShared();
      boolean known = false;
      try {
        known = check(lock.slot, fence, false);
      } finally {
        if (!known) {
          lock.unlockShared();
        }
      }
      if (known) {
        return lock::unlockShared;
      }
      FileLock exclusive = lock.lockExclusive();
      try {
        check(lock.slot, fence, true);
      } finally {
        lock.unlockExclusive(exclusive);
      }
    }
  }

  /** Whether the table says already what it must say after this admission. */
  private boolean check(int slot, Fence fence, boolean update) {
    int at = offset(slot);
    long seen = get(at + 8);
    long writer = get(at + 16);
    FencingGate gate = new FencingGate(seen, writer);
    try {
      gate.admit(fence.mode(), fence.token());
    } catch (StaleTokenException e) {
      LONG.getAndAdd(table, REFUSED, 1L);
      throw e;
    }
    if (gate.newestSeen() == seen && gate.newestWriter() == writer) {
      return true;
    }
    if (update) {
      LONG.setVolatile(table, at + 8, gate.newestSeen());
      LONG.setVolatile(table, at + 16, gate.newestWriter());
    }
    return false;
  }

  private SlotLock slotOf(long key) {
    return locks.computeIfAbsent(key, k -> new SlotLock(find(k)));
  }

  /** The lock's slot: the first free one if it has none. Side by side they touch few pages. */
  private int find(long key) {
    for (int slot = 0; slot < SLOTS; slot++) {
      long found = get(offset(slot));
      if (found == 0) {
        LONG.compareAndSet(table, offset(slot), 0L, key);
        found = get(offset(slot));
      }
      if (found == key) {
        return slot;
      }
    }
    throw new IllegalStateException(path + " is full: " + SLOTS + " locks");
  }

  private static int offset(int slot) {
    return FIRST + slot * SLOT;
  }

  private long get(int at) {
    return (long) LONG.getVolatile(table, at);
  }

  private final class SlotLock {
    private final int slot;
    private final ReentrantReadWriteLock threads = new ReentrantReadWriteLock();

    @GuardedBy("this")
    private int sharing;

    @GuardedBy("this")
    private @Nullable FileLock shared;

    SlotLock(int slot) {
      this.slot = slot;
    }

    void lockShared() throws IOException {
      threads.readLock().lock();
      try {
        synchronized (this) {
          if (sharing == 0) {
            shared = lockBetweenProcesses(true);
          }
          sharing++;
        }
      } catch (IOException | RuntimeException e) {
        threads.readLock().unlock();
        throw e;
      }
    }

    void unlockShared() throws IOException {
      try {
        synchronized (this) {
          FileLock last = shared;
          if (--sharing == 0 && last != null) {
            shared = null;
            release(last);
          }
        }
      } finally {
        threads.readLock().unlock();
      }
    }

    FileLock lockExclusive() throws IOException {
      threads.writeLock().lock();
      try {
        return lockBetweenProcesses(false);
      } catch (IOException | RuntimeException e) {
        threads.writeLock().unlock();
        throw e;
      }
    }

    void unlockExclusive(FileLock exclusive) throws IOException {
      try {
        release(exclusive);
      } finally {
        threads.writeLock().unlock();
      }
    }

    private FileLock lockBetweenProcesses(boolean sharedLock) throws IOException {
      return file.io(channel -> channel.lock(LOCK_BASE + slot, 1, sharedLock));
    }

    private void release(FileLock lock) throws IOException {
      // An interrupt may have closed the channel, and with it the lock.
      if (lock.isValid()) {
        lock.release();
      }
    }
  }
}
