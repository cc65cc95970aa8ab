package io.dmcl.dm.snapshot;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.DeviceLock;
import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.Fence;
import io.dmcl.dm.TableException;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockMode;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A store as all nodes use it: this node's copy of the exceptions, kept right by the store's lock.
 * One object per node and store.
 *
 * <p>{@link #lookup} asks the copy, and is to be believed for a chunk only while its range lock is
 * held and {@link #refresh} was called since that lock was granted with news.
 */
final class ClusterStore implements AutoCloseable {
  /** What came of adding exceptions. */
  enum Outcome {
    ADDED,
    /** There is no room for some of them. */
    FULL,
    /** The store cannot be relied on any more. */
    INVALID
  }

  /** Puts the data of a chunk into the store. */
  @FunctionalInterface
  interface Filler {
    void fill(long oldChunk, long newChunk, Fence fence) throws IOException;
  }

  private final DeviceMapper node;
  private final BlockDevice device;
  private final BlockDevice origin;
  private final DeviceLock lock;

  /** Replaced as a whole: who holds a range, and asks for a chunk of it, must find it all along. */
  private volatile ExceptionTable table = new ExceptionTable();

  private final LongAdder fullLoads = new LongAdder();

  /** Whether the copy was brought up to date since the store's lock last had news. */
  @GuardedBy("this")
  private boolean current;

  @GuardedBy("this")
  private @Nullable StoreValue value;

  private volatile @Nullable ExceptionStore store;
  private volatile boolean valid;
  private boolean inUseBySnapshot;

  private ClusterStore(DeviceMapper node, BlockDevice device, BlockDevice origin) {
    this.node = node;
    this.device = device;
    this.origin = origin;
    this.lock = node.lock("store", device.name(), "", UnaryOperator.identity());
  }

  private static String key(BlockDevice device) {
    return "store:" + device.name();
  }

  /** This node's object for the store; give it back with {@link #release}. */
  static ClusterStore share(DeviceMapper node, String deviceName, BlockDevice origin)
      throws IOException {
    BlockDevice device = node.open(deviceName);
    try {
      ClusterStore shared =
          node.share(key(device), ClusterStore.class, () -> new ClusterStore(node, device, origin));
      if (!shared.origin.name().equals(origin.name())) {
        node.unshare(key(device));
        throw new TableException(
            device.name() + " is the store of a snapshot of " + shared.origin.name());
      }
      return shared;
    } catch (IOException | RuntimeException e) {
      node.release(device);
      throw e;
    }
  }

  void release() throws IOException {
    node.unshare(key(device));
    node.release(device);
  }

  @Override
  public void close() {
    lock.close();
  }

  String name() {
    return device.name();
  }

  BlockDevice device() {
    return device;
  }

  /** Whether the header said so when it was read last. */
  boolean valid() {
    return valid;
  }

  StoreLayout layout() {
    return store().layout();
  }

  int chunkSectors() {
    return layout().chunkSectors();
  }

  private ExceptionStore store() {
    ExceptionStore opened = store;
    if (opened == null) {
      throw new IllegalStateException(name() + " has not been opened");
    }
    return opened;
  }

  /** Marks it used by a snapshot device of this node; there is at most one. */
  synchronized boolean claim() {
    boolean free = !inUseBySnapshot;
    inUseBySnapshot = true;
    return free;
  }

  synchronized void unclaim() {
    inUseBySnapshot = false;
  }

  @Nullable Long lookup(long chunk) {
    return table.lookup(chunk);
  }

  /** Whether all chunks that have one of these sectors have an exception. */
  boolean covers(long sector, long sectors) {
    int size = chunkSectors();
    for (long chunk = sector / size; chunk * size < sector + sectors; chunk++) {
      if (!table.has(chunk)) {
        return false;
      }
    }
    return true;
  }

  Map<Long, Long> exceptions() {
    return table.toMap();
  }

  /** How often this node has read the whole list, for the statistics. */
  long fullLoads() {
    return fullLoads.sum();
  }

  /**
   * Reads the header, and makes a store of a device that begins with zeros.
   *
   * @param chunkSectors for a new store; 0 for the default
   * @return whether it was new
   */
  synchronized boolean prepare(int chunkSectors, boolean mayCreate) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      ExceptionStore.Header header = ExceptionStore.readHeader(device);
      if (header != null) {
        open(header);
        sync(hold);
        return false;
      }
      if (!mayCreate) {
        throw new TableException(name() + " is not a snapshot store");
      }
      StoreLayout layout =
          new StoreLayout(chunkSectors == 0 ? ExceptionStore.DEFAULT_CHUNK_SECTORS : chunkSectors);
      checkLayout(layout);
      if (device.sectors() < 2L * layout.chunkSectors()) {
        throw new TableException(name() + " is smaller than two chunks");
      }
      ExceptionStore created = new ExceptionStore(device, layout);
      Fence fence = lock.fence(hold, null);
      raiseGate(fence);
      created.initialise(fence);
      store = created;
      valid = true;
      table.truncate(0);
      publish(hold, new StoreValue(newGeneration(), 0, 2, false));
      lock.markRecovered(hold);
      current = true;
      return true;
    }
  }

  private void open(ExceptionStore.Header header) throws TableException {
    ExceptionStore opened = store;
    if (opened == null || opened.layout().chunkSectors() != header.chunkSectors()) {
      StoreLayout layout = new StoreLayout(header.chunkSectors());
      checkLayout(layout);
      table.truncate(0);
      store = new ExceptionStore(device, layout);
    }
    valid = header.valid();
  }

  private void checkLayout(StoreLayout layout) throws TableException {
    int size = layout.chunkSectors();
    if (size % device.logicalBlockSectors() != 0 || size % origin.logicalBlockSectors() != 0) {
      throw new TableException("Chunk size is not a multiple of device blocksize");
    }
    if (size > node.settings().rangeSectors()) {
      throw new TableException(
          "Chunk size is too high: a lock covers " + node.settings().rangeSectors() + " sectors");
    }
  }

  /** Brings the copy up to date. */
  synchronized void refresh() throws IOException {
    try (Hold hold = lock.acquire(LockMode.SHARED)) {
      if (lock.freshness(hold) != Freshness.OWNER_DIED) {
        sync(hold);
        return;
      }
    }
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
    }
  }

  @GuardedBy("this")
  private void sync(Hold hold) throws IOException {
    if (lock.freshness(hold) == Freshness.OWNER_DIED) {
      repair(hold);
      return;
    }
    if (lock.freshness(hold).mustReload()) {
      current = false;
    }
    if (current) {
      return;
    }
    StoreValue theirs = StoreValue.decode(hold.value());
    StoreValue ours = value;
    if (store != null
        && theirs != null
        && ours != null
        && theirs.generation() == ours.generation()
        && (theirs.count() >= table.count() || theirs.shrunk())) {
      table.truncate((int) Math.min(table.count(), theirs.count()));
      store().load(table, theirs.count(), origin.sectors());
      value = theirs;
    } else {
      loadAll();
      if (theirs != null
          && theirs.count() == table.count()
          && theirs.nextFree() > table.largestNewChunk()) {
        value = theirs;
      } else {
        value = fromTable();
        if (hold.mode() == LockMode.EXCLUSIVE) {
          publish(hold, fromTable());
        }
      }
    }
    current = true;
  }

  private void readHeader() throws IOException {
    ExceptionStore.Header header = ExceptionStore.readHeader(device);
    if (header == null) {
      throw new TableException(name() + " is not a snapshot store any more");
    }
    open(header);
  }

  @GuardedBy("this")
  private void loadAll() throws IOException {
    readHeader();
    fullLoads.increment();
    ExceptionTable loaded = new ExceptionTable();
    store().load(loaded, -1, origin.sectors());
    table = loaded;
  }

  private StoreValue fromTable() {
    long nextFree = layout().dataChunkFrom(table.largestNewChunk() + 1);
    return new StoreValue(newGeneration(), table.count(), nextFree, false);
  }

  private static long newGeneration() {
    return ThreadLocalRandom.current().nextLong();
  }

  @GuardedBy("this")
  private void publish(Hold hold, StoreValue changed) {
    hold.setValue(changed.encode());
    value = changed;
  }

  /**
   * Somebody died while he could write metadata. First nothing of his may arrive any more, then the
   * disk says how far he came; what he may have left behind the end of the list is zeroed, for it
   * would come alive when the list grows up to it.
   */
  @GuardedBy("this")
  private void repair(Hold hold) throws IOException {
    Fence fence = lock.fence(hold, null);
    raiseGate(fence);
    loadAll();
    if (valid) {
      long area = table.count() / layout().entriesPerArea();
      store().writeArea(table, table.count(), area, fence);
    }
    publish(hold, fromTable());
    lock.markRecovered(hold);
    current = true;
  }

  /** After this no write with an older token of this lock reaches the device. */
  private void raiseGate(Fence fence) throws IOException {
    device.submit(Bio.flush().withFence(fence));
  }

  /**
   * Adds exceptions for chunks that have none: for each, the data first, then the entry. The caller
   * holds the range lock of all of them exclusively.
   */
  synchronized Outcome add(List<Long> chunks, Filler filler, @Nullable Fence above)
      throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      if (!valid) {
        return Outcome.INVALID;
      }
      StoreValue before = value;
      if (before == null) {
        throw new IllegalStateException(name() + " was not loaded");
      }
      Fence fence = lock.fence(hold, above);
      long nextFree = append(chunks, filler, before.nextFree(), fence);
      if (table.count() > before.count()) {
        long generation = before.shrunk() ? newGeneration() : before.generation();
        publish(hold, new StoreValue(generation, table.count(), Math.abs(nextFree), false));
      }
      return nextFree < 0 ? Outcome.FULL : Outcome.ADDED;
    } catch (IOException e) {
      if (isOurs(e)) {
        throw e;
      }
      return Outcome.INVALID;
    }
  }

  /** Returns the next free chunk; negated if that is beyond the end and some chunks are left. */
  @GuardedBy("this")
  private long append(List<Long> chunks, Filler filler, long firstFree, Fence fence)
      throws IOException {
    long nextFree = firstFree;
    int committed = table.count();
    try {
      for (long chunk : chunks) {
        if (table.has(chunk)) {
          continue;
        }
        if (!layout().hasRoom(nextFree, device.sectors())) {
          commit(committed, fence);
          return -nextFree;
        }
        filler.fill(chunk, nextFree, fence);
        table.add(chunk, nextFree);
        nextFree = layout().dataChunkFrom(nextFree + 1);
        if (table.count() % layout().entriesPerArea() == 0) {
          commit(committed, fence);
          committed = table.count();
        }
      }
      commit(committed, fence);
      return nextFree;
    } catch (IOException | RuntimeException e) {
      // What is not committed is no exception: nobody must be sent to its chunk.
      table.truncate(committed);
      current = false;
      throw e;
    }
  }

  /** Whether the failure is this node's, and says nothing about the store. */
  static boolean isOurs(IOException e) {
    return e instanceof InterruptedIOException
        || (e instanceof BioException bio && bio.status() == BioException.Status.FENCED);
  }

  /** Writes the area that has the entries from this slot on; all are of one area. */
  private void commit(int from, Fence fence) throws IOException {
    if (from == table.count()) {
      return;
    }
    int perArea = layout().entriesPerArea();
    if (table.count() % perArea == 0) {
      // Or a reader that comes to the end of the full area would go on into old contents.
      store().zeroArea(table.count() / perArea, fence);
    }
    store().writeArea(table, table.count(), from / perArea, fence);
  }

  /** Removes the last exceptions, which are all of one area: they have been merged. */
  synchronized void removeLast(int count, @Nullable Fence above) throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      sync(hold);
      StoreValue before = value;
      if (before == null || count > table.count()) {
        throw new IllegalStateException(name() + " has no such exceptions");
      }
      int remaining = table.count() - count;
      long area = remaining / layout().entriesPerArea();
      store().writeArea(table, remaining, area, lock.fence(hold, above));
      table.truncate(remaining);
      long nextFree = layout().nextFreeInOrder(remaining);
      publish(hold, new StoreValue(before.generation(), remaining, nextFree, true));
    }
  }

  boolean empty() {
    return table.count() == 0;
  }

  /** A run of exceptions at the end of the list that can be copied in one go. */
  record Run(long oldChunk, long newChunk, int chunks) {}

  /**
   * The last exceptions, as far as they are of one area and both their chunks are consecutive.
   *
   * @param rangeChunks the run does not cross a multiple of this many old chunks
   */
  synchronized @Nullable Run lastRun(long rangeChunks) {
    int last = table.count() - 1;
    if (last < 0) {
      return null;
    }
    int perArea = layout().entriesPerArea();
    int first = last;
    while (first % perArea != 0
        && table.oldChunk(first - 1) == table.oldChunk(first) - 1
        && table.newChunk(first - 1) == table.newChunk(first) - 1
        && table.oldChunk(first) % rangeChunks != 0) {
      first--;
    }
    return new Run(table.oldChunk(first), table.newChunk(first), last - first + 1);
  }

  /** Writes to the header that the snapshot is invalid, if that can still be done. */
  synchronized void markInvalid() throws IOException {
    try (Hold hold = lock.acquire(LockMode.EXCLUSIVE)) {
      Fence fence = lock.fence(hold, null);
      raiseGate(fence);
      readHeader();
      if (valid) {
        store().writeHeader(false, fence);
        valid = false;
      }
      // The table of this node may have got ahead of the disk.
      current = false;
      table.truncate(0);
      value = null;
      hold.setValue(new byte[0]);
      lock.markRecovered(hold);
    }
  }

  /** {@code <allocated>/<total> <metadata>} in sectors, or null if it is invalid. */
  synchronized @Nullable String usage() throws IOException {
    refresh();
    StoreValue now = value;
    if (!valid || now == null) {
      return null;
    }
    long area = now.count() / layout().entriesPerArea();
    return now.nextFree() * chunkSectors()
        + "/"
        + device.sectors()
        + " "
        + (area + 2) * chunkSectors();
  }
}
