package io.dmcl.dm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.disk.DiskFaults;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.dm.disk.WriteCache;
import io.dmcl.lock.LockException;
import io.dmcl.lock.LockStats;
import io.dmcl.lock.Lockspace;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/**
 * Nodes over the same disks, which can be made to die at any write to any disk: by itself, or all
 * at once in a power cut that loses what was not flushed.
 */
public final class TestCluster implements AutoCloseable {
  /** The node is dead; what it was doing goes no further. Not to be caught by what is tested. */
  @SuppressWarnings("serial")
  public static final class NodeDied extends Error {}

  /** A write to a disk, as {@code file:leg0.img}. */
  public record Write(String disk, long sector, int sectors) {}

  /** How much of the write that a node dies in reaches the disk. */
  public enum Arrives {
    NOTHING,
    FIRST_HALF,
    LAST_HALF,
    ALL
  }

  private static final Map<Integer, byte[]> OLD_CONTENTS = new ConcurrentHashMap<>();

  private record Death(Predicate<Write> when, Arrives arrives) {}

  private final InMemoryCluster locks = new InMemoryCluster();
  private final Path directory;
  private final Settings settings;
  private final Random random;
  private final boolean powerCut;
  private final AtomicInteger writes = new AtomicInteger();
  private final Queue<Write> written = new ConcurrentLinkedQueue<>();
  private final List<Node> nodes = new ArrayList<>();
  private final AtomicReference<@Nullable Death> death = new AtomicReference<>();
  private volatile int crashAt;
  private volatile boolean crashed;
  private volatile boolean closing;

  /** A node. */
  public final class Node {
    final Lockspace lockspace = locks.open("test");
    final Faults faults = new Faults(this);
    public final DeviceMapper dm =
        new DeviceMapper(lockspace, directory, settings.withDisks(DiskSettings.crashMode(faults)));
    volatile boolean dead;
    private final Map<String, Work> meanwhile = new ConcurrentHashMap<>();

    /** What happens, once, just before this node does something else with a disk than to write. */
    public void meanwhile(String disk, Work work) {
      meanwhile.put(disk, work);
    }

    public boolean dead() {
      return dead;
    }

    public DiskFaults faults() {
      return faults;
    }

    public LockStats stats() {
      return lockspace.stats();
    }

    /** All that the node holds is lost; it goes on with a new session. */
    public void loseSession() {
      locks.loseSession(lockspace);
    }

    void kill() {
      dead = true;
      locks.kill(lockspace);
    }
  }

  private final class Faults extends DiskFaults {
    private final Node node;

    Faults(Node node) {
      this.node = node;
    }

    @Override
    protected @Nullable BitSet cutShort(String disk, long sector, int sectors) throws IOException {
      checkAlive(disk);
      Write write = new Write(disk, sector, sectors);
      BitSet part = new BitSet();
      Death planned = death.get();
      if (planned != null && planned.when.test(write) && death.compareAndSet(planned, null)) {
        int half = sectors / 2;
        switch (planned.arrives) {
          case NOTHING -> {}
          case FIRST_HALF -> part.set(0, half);
          case LAST_HALF -> part.set(half, sectors);
          case ALL -> part.set(0, sectors);
        }
        return part;
      }
      if (writes.incrementAndGet() != crashAt) {
        written.add(write);
        return null;
      }
      int kind = random.nextInt(3);
      for (int i = 0; i < sectors; i++) {
        part.set(i, kind == 0 || (kind == 1 && random.nextBoolean()));
      }
      return part;
    }

    @Override
    protected void die(String disk) {
      crashed = true;
      if (powerCut) {
        nodes.forEach(Node::kill);
      } else {
        node.kill();
      }
      throw new NodeDied();
    }

    @Override
    protected void checkAlive(String disk) throws IOException {
      if (node.dead && closing) {
        throw BioException.ioError("the node is dead");
      }
      if (node.dead) {
        throw new NodeDied();
      }
      Work work = node.meanwhile.remove(disk);
      if (work != null) {
        work.run();
      }
    }
  }

  /**
   * A cluster without nodes.
   *
   * @param crashAt the number of the write that is cut short, counted over all nodes; 0 for none
   * @param powerCut whether it is a power cut
   */
  public TestCluster(Path parent, Settings settings, long seed, int crashAt, boolean powerCut)
      throws IOException {
    this.directory = Files.createTempDirectory(parent, "run");
    this.settings = settings;
    this.random = new Random(seed ^ 0x5DEECE66DL);
    this.crashAt = crashAt;
    this.powerCut = powerCut;
  }

  /** Where the images are. */
  public Path directory() {
    return directory;
  }

  public Path image(String name, long sectors) throws IOException {
    Path path = directory.resolve(name);
    Files.write(path, new byte[Math.toIntExact(sectors * Bio.SECTOR)]);
    return path;
  }

  /** An image with old contents, but for the first sector: what a new store is made of. */
  public Path usedImage(String name, int sectors) throws IOException {
    byte[] contents = OLD_CONTENTS.computeIfAbsent(sectors, TestCluster::oldContents);
    return Files.write(directory.resolve(name), contents);
  }

  private static byte[] oldContents(int sectors) {
    byte[] contents = new byte[sectors * Bio.SECTOR];
    new Random(sectors).nextBytes(contents);
    Arrays.fill(contents, 0, Bio.SECTOR, (byte) 0);
    return contents;
  }

  public Node start() {
    Node node = new Node();
    nodes.add(node);
    return node;
  }

  /** Whether the crash has happened. */
  public boolean crashed() {
    return crashed;
  }

  public void crashAfter(int further) {
    crashAt = writes.get() + further;
  }

  /** The node that is first to write so dies in it. */
  public void dieAt(Predicate<Write> when, Arrives arrives) {
    death.set(new Death(when, arrives));
  }

  /** The writes that came through whole, up to now. */
  public List<Write> written() {
    return List.copyOf(written);
  }

  public int writes() {
    return writes.get();
  }

  /** Something that may end because a node died in it, or beside it. */
  public interface Work {
    void run() throws IOException;
  }

  /**
   * Does it.
   *
   * @return whether it was done; not if a node died meanwhile
   */
  public boolean survives(Work work) throws IOException {
    int alive = alive().size();
    try {
      work.run();
      return true;
    } catch (NodeDied e) {
      return false;
    } catch (IOException | LockException e) {
      if (alive().size() < alive) {
        return false;
      }
      throw e;
    }
  }

  /** Begins something on a thread of its own, and returns when it waits for something. */
  public static FutureTask<Boolean> waiting(Work work) {
    FutureTask<Boolean> task =
        new FutureTask<>(
            () -> {
              work.run();
              return true;
            });
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    thread.start();
    Set<Thread.State> waits = EnumSet.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);
    Awaitility.await().until(() -> task.isDone() || waits.contains(thread.getState()));
    assertThat(task.isDone()).as("waits").isFalse();
    return task;
  }

  /** After a power cut: settles what was not flushed. */
  public void restorePower(long seed) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.img")) {
      List<Path> sorted = new ArrayList<>();
      files.forEach(sorted::add);
      sorted.sort(null);
      for (Path file : sorted) {
        WriteCache.powerCut(file, seed + file.getFileName().hashCode());
      }
    }
  }

  public boolean powerCut() {
    return powerCut;
  }

  /** The nodes that are alive. */
  public List<Node> alive() {
    return nodes.stream().filter(node -> !node.dead).toList();
  }

  @Override
  public void close() throws IOException {
    crashAt = 0;
    closing = true;
    for (Node node : nodes) {
      try {
        node.dm.close();
      } catch (IOException | RuntimeException e) {
        // A dead node only gives its files back.
        if (!node.dead) {
          throw e;
        }
      }
      node.lockspace.close();
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
