package io.dmcl.dm.cli.demo;

import io.dmcl.dm.cli.demo.PhaseResult.Counter;
import io.dmcl.lock.ClusterLock;
import io.dmcl.lock.Freshness;
import io.dmcl.lock.Hold;
import io.dmcl.lock.LockLostException;
import io.dmcl.lock.LockMode;
import io.dmcl.lock.LockProperty;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.StaleTokenException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a node does: it reads and writes records, mostly of the segments where it is at home, now
 * and then of another's. It keeps a copy of every segment and reads the file again only when the
 * lock's freshness says so.
 *
 * <p>It trusts nothing: whenever it goes on with its copy, it holds it against the file while it
 * has the lock. Its operations are counted with this check in them.
 *
 * <p>One thread works; {@link #stop} and {@link #dieInNextWrite} are for another.
 */
final class Worker implements AutoCloseable {
  private static final int VISITS_PER_HUNDRED = 2;
  private static final int WRITES_PER_HUNDRED = 20;
  private static final long PROGRESS_NANOS = 250_000_000;

  private final Lockspace lockspace;
  private final TableFile table;
  private final TableShape shape;
  private final Journal journal;
  private final int node;
  private final boolean ignoresFreshness;
  private final Consumer<String> told;
  private final SplittableRandom random;
  private final Segment[] segments;

  private PhaseResult result = new PhaseResult();
  private volatile boolean stopping;
  private volatile boolean dying;

  /** A segment as this node knows it. */
  private static final class Segment {
    final int number;
    final long[] newest;
    @Nullable ClusterLock lock;
    byte @Nullable [] copy;

    Segment(int number, int records) {
      this.number = number;
      newest = new long[records];
    }

    ClusterLock lock() {
      if (lock == null) {
        throw new IllegalStateException("not prepared");
      }
      return lock;
    }
  }

  /**
   * A worker with nothing to do yet.
   *
   * @param ignoresFreshness a fault for tests: goes on with its copy whatever it is told
   * @param told takes the lines for the parent
   */
  Worker(
      Lockspace lockspace,
      TableFile table,
      TableShape shape,
      Journal journal,
      int node,
      long seed,
      boolean ignoresFreshness,
      Consumer<String> told) {
    this.lockspace = lockspace;
    this.table = table;
    this.shape = shape;
    this.journal = journal;
    this.node = node;
    this.ignoresFreshness = ignoresFreshness;
    this.told = told;
    random = new SplittableRandom(seed * 31 + node);
    segments = new Segment[shape.segments()];
    Arrays.setAll(segments, number -> new Segment(number, shape.records()));
  }

  /** Allocates the locks anew, with these properties. */
  void prepare(LockProperty... properties) {
    free();
    for (Segment segment : segments) {
      segment.lock = lockspace.allocate(shape.lockName(segment.number), properties);
    }
    result = new PhaseResult();
    stopping = false;
  }

  /** Works until it is stopped. */
  PhaseResult work() throws IOException, InterruptedException {
    long begun = System.nanoTime();
    long nextProgress = begun;
    while (!stopping) {
      boolean visit = shape.nodes() > 1 && random.nextInt(100) < VISITS_PER_HUNDRED;
      boolean write = random.nextInt(100) < WRITES_PER_HUNDRED;
      Segment segment = segments[pick(visit)];
      if (use(segment, random.nextInt(shape.records()), write, !visit)) {
        result.count(Counter.OPERATIONS);
      }
      if (System.nanoTime() - nextProgress >= 0) {
        told.accept("progress " + result.get(Counter.OPERATIONS));
        nextProgress = System.nanoTime() + PROGRESS_NANOS;
      }
    }
    result.took(System.nanoTime() - begun);
    for (Segment segment : segments) {
      result.add(segment.lock().stats());
    }
    return result;
  }

  /** Reads every segment once, so that every node has seen every record at the end. */
  PhaseResult tour() throws IOException, InterruptedException {
    result = new PhaseResult();
    for (Segment segment : segments) {
      boolean done = false;
      while (!done) {
        done = use(segment, 0, false, false);
      }
    }
    return result;
  }

  void stop() {
    stopping = true;
  }

  /** Announces the middle of the next write at home, and stays there for ever. */
  void dieInNextWrite() {
    dying = true;
  }

  @Override
  public void close() {
    free();
  }

  private void free() {
    for (Segment segment : segments) {
      if (segment.lock != null) {
        segment.lock.free();
        segment.lock = null;
      }
    }
  }

  private int pick(boolean visit) {
    if (!visit) {
      return shape.firstSegmentOf(node) + random.nextInt(shape.segmentsPerNode());
    }
    int elsewhere = random.nextInt(shape.segments() - shape.segmentsPerNode());
    return elsewhere < shape.firstSegmentOf(node) ? elsewhere : elsewhere + shape.segmentsPerNode();
  }

  /** One operation; false if the lock was lost meanwhile, so that it does not count. */
  private boolean use(Segment segment, int record, boolean write, boolean home)
      throws IOException, InterruptedException {
    boolean repair = false;
    long asked = System.nanoTime();
    try (Hold hold = acquire(segment, write ? LockMode.EXCLUSIVE : LockMode.SHARED)) {
      long waited = System.nanoTime() - asked;
      result.acquires().add(waited);
      if (hold.freshness() == Freshness.MODIFIED) {
        result.handOvers().add(waited);
      }
      if (hold.freshness() == Freshness.OWNER_DIED) {
        repair = true; // needs EXCLUSIVE, which this hold may not have
      } else {
        byte[] image = look(segment, hold);
        if (write) {
          write(segment, record, image, hold, home);
        } else {
          result.count(Counter.READS);
        }
      }
    } catch (LockLostException | StaleTokenException e) {
      segment.copy = null;
      result.count(Counter.LOST_HOLDS);
      told.accept("lost " + e.getMessage());
      return false;
    }
    if (repair) {
      repair(segment);
    }
    return !repair;
  }

  /**
   * Acquires, and drops the copy if the lock says that it may have changed: at once, because the
   * news is told until a hold that was told is unlocked, whatever that hold did with it.
   */
  private Hold acquire(Segment segment, LockMode mode) throws InterruptedException {
    Hold hold = segment.lock().acquire(mode);
    if (hold.freshness().mustReload() && !ignoresFreshness) {
      segment.copy = null;
    }
    return hold;
  }

  /** The segment as it is now: the copy if there is one, or a new one. */
  private byte[] look(Segment segment, Hold hold) throws IOException {
    byte[] copy = segment.copy;
    if (copy != null) {
      result.count(Counter.RELOADS_AVOIDED);
      byte[] now = table.read(segment.number);
      if (!Arrays.equals(copy, now)) {
        hold.ensureHeld();
        result.count(Counter.STALE);
      }
      return copy;
    }
    byte[] image = table.read(segment.number, hold.mode(), hold.token());
    hold.ensureHeld();
    result.count(Counter.RELOADS);
    check(segment, image);
    segment.copy = image;
    return image;
  }

  private void check(Segment segment, byte[] image) {
    for (int record = 0; record < shape.records(); record++) {
      long counter = Content.counter(image, record);
      if (!Content.isWhole(image, segment.number, record)) {
        result.count(Counter.TORN);
      } else if (counter < segment.newest[record]) {
        result.count(Counter.WENT_BACK);
      } else {
        segment.newest[record] = counter;
      }
    }
  }

  private void write(Segment segment, int record, byte[] image, Hold hold, boolean home)
      throws IOException {
    long counter = Content.counter(image, record) + 1;
    byte[] content = Content.of(segment.number, record, counter, node);
    segment.copy = null; // unless all goes well
    table.write(
        segment.number,
        record,
        content,
        hold.token(),
        () -> {
          if (dying && home) {
            awaitDeath(segment, record, hold);
          }
        });
    journal.acknowledge(segment.number, record, counter);
    System.arraycopy(content, 0, image, record * Content.BYTES, Content.BYTES);
    segment.copy = image;
    segment.newest[record] = counter;
    result.count(Counter.WRITES);
  }

  private void awaitDeath(Segment segment, int record, Hold hold) {
    told.accept("midwrite " + segment.number + " " + record + " " + hold.token());
    while (true) {
      LockSupport.park(this);
    }
  }

  private void repair(Segment segment) throws IOException, InterruptedException {
    List<String> done = new ArrayList<>();
    try (Hold hold = acquire(segment, LockMode.EXCLUSIVE)) {
      if (hold.freshness() == Freshness.OWNER_DIED) { // else another node was first
        OptionalInt record = table.repair(segment.number, hold.token());
        look(segment, hold);
        hold.markRecovered();
        result.count(Counter.REPAIRS);
        done.add("repaired " + segment.number + " " + record.orElse(-1));
      }
    } catch (LockLostException | StaleTokenException e) {
      segment.copy = null;
      result.count(Counter.LOST_HOLDS);
      return;
    }
    done.forEach(told);
  }
}
