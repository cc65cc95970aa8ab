package io.dmcl.dm.disk;

import io.dmcl.dm.Bio;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A disk's volatile write cache, for power cuts. The image has the newest contents, so that all
 * processes see them; beside it, {@code <image>.cache} has what each unflushed sector held before,
 * so that {@link #powerCut} can take it back, also in another process.
 *
 * <p>The side file is a sequence of records: the sector number, its top bit set if the sector
 * became durable here; otherwise followed by the 512 bytes that were overwritten.
 */
public final class WriteCache implements Closeable {
  /**
   * The smallest unit in which a sector is torn. Any format without checksums trusts something; the
   * kernel's trust a sector. Theirs survive this one too.
   */
  static final int TEAR_UNIT = 16;

  private static final long DURABLE = Long.MIN_VALUE;
  private static final Map<Path, Object> MUTEXES = new ConcurrentHashMap<>();

  /**
   * What a power cut did.
   *
   * @param kept unflushed sectors whose newest contents survived
   * @param dropped those that went back to what they held before
   * @param torn those that are part one and part the other
   */
  public record Outcome(int kept, int dropped, int torn) {}

  private final ImageFile image;
  private final ImageFile journal;
  private final Object mutex;

  WriteCache(ImageFile image) throws IOException {
    this.image = image;
    Path path = pathOf(image.path());
    this.journal =
        new ImageFile(
            path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    this.mutex = MUTEXES.computeIfAbsent(path.toAbsolutePath(), p -> new Object());
  }

  private static Path pathOf(Path image) {
    return image.resolveSibling(image.getFileName() + ".cache");
  }

  void write(long sector, ByteBuffer data, boolean fua) throws IOException {
    int count = data.remaining() / Bio.SECTOR;
    locked(
        () -> {
          ByteBuffer old = ByteBuffer.allocate(count * Bio.SECTOR);
          image.readFully(old, sector * Bio.SECTOR);
          ByteBuffer records = ByteBuffer.allocate(count * (8 + Bio.SECTOR));
          for (int i = 0; i < count; i++) {
            records.putLong(sector + i).put(old.slice(i * Bio.SECTOR, Bio.SECTOR));
          }
          journal.writeFully(records.flip(), journal.size());
          image.writeFully(data, sector * Bio.SECTOR);
          if (fua) {
            ByteBuffer marks = ByteBuffer.allocate(count * 8);
            for (int i = 0; i < count; i++) {
              marks.putLong(DURABLE | (sector + i));
            }
            journal.writeFully(marks.flip(), journal.size());
          }
        });
  }

  void flush() throws IOException {
    locked(
        () -> {
          if (journal.size() > 0) {
            journal.truncate(0);
          }
        });
  }

  private interface Step {
    void run() throws IOException;
  }

  private void locked(Step step) throws IOException {
    synchronized (mutex) {
      try (FileLock lock = journal.io(file -> file.lock(Long.MAX_VALUE - 1, 1, false))) {
        step.run();
      }
    }
  }

  /**
   * Cuts the power of a disk that no process has open: of each unflushed sector by itself, the
   * newest contents survive, or older ones, or parts of two.
   *
   * @param seed decides which; the same seed, the same outcome
   */
  public static Outcome powerCut(Path image, long seed) throws IOException {
    Path path = pathOf(image);
    if (!Files.exists(path)) {
      return new Outcome(0, 0, 0);
    }
    Map<Long, List<byte[]>> versions = unflushed(ByteBuffer.wrap(Files.readAllBytes(path)));
    Random random = new Random(seed);
    int[] outcome = new int[3];
    try (ImageFile file = new ImageFile(image, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      for (Map.Entry<Long, List<byte[]>> entry : versions.entrySet()) {
        long position = entry.getKey() * Bio.SECTOR;
        byte[] newest = new byte[Bio.SECTOR];
        file.readFully(ByteBuffer.wrap(newest), position);
        List<byte[]> all = new ArrayList<>(entry.getValue());
        all.add(newest);
        int kind = random.nextInt(3);
        outcome[kind]++;
        file.writeFully(ByteBuffer.wrap(settle(all, kind, random)), position);
      }
    }
    Files.delete(path);
    return new Outcome(outcome[0], outcome[1], outcome[2]);
  }

  private static byte[] settle(List<byte[]> versions, int kind, Random random) {
    int last = versions.size() - 1;
    if (kind == 0) {
      return versions.get(last);
    }
    int before = random.nextInt(last);
    if (kind == 1) {
      return versions.get(before);
    }
    byte[] torn = versions.get(before).clone();
    int cut = TEAR_UNIT * (1 + random.nextInt(Bio.SECTOR / TEAR_UNIT - 1));
    System.arraycopy(versions.get(before + 1), 0, torn, 0, cut);
    return torn;
  }

  private static Map<Long, List<byte[]>> unflushed(ByteBuffer records) {
    Map<Long, List<byte[]>> versions = new TreeMap<>();
    while (records.remaining() >= 8) {
      long head = records.getLong();
      if (head < 0) {
        versions.remove(head & ~DURABLE);
      } else if (records.remaining() >= Bio.SECTOR) {
        byte[] old = new byte[Bio.SECTOR];
        records.get(old);
        List<byte[]> known = versions.computeIfAbsent(head, sector -> new ArrayList<>());
        if (known.isEmpty() || !Arrays.equals(known.get(known.size() - 1), old)) {
          known.add(old);
        }
      } else {
        // The process died while it wrote this record: it had not yet written the sector.
        break;
      }
    }
    return versions;
  }

  @Override
  public void close() throws IOException {
    journal.close();
  }
}
