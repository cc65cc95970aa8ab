package io.dmcl.dm.disk;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.Fence;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * A disk that several processes of this machine have open at once: a file. Nothing is cached here,
 * as with {@code O_DIRECT}: what is written is seen by all at once, and is durable after a flush.
 *
 * <p>A bio that modifies, and a flush, passes the {@link Gate} with its fences. A fence that is too
 * old ends in {@link io.dmcl.lock.StaleTokenException} and nothing is written. A flush with a fence
 * thus also raises the gate: no write with an older token can come after it.
 *
 * <p>Sectors that are written while a node dies arrive whole or not at all, each by itself.
 */
public final class Disk implements BlockDevice, Closeable {
  private static final int ZERO_STEP = 2048;

  private final String name;
  private final ImageFile file;
  private final long sectors;
  private final DiskSettings settings;
  private final @Nullable WriteCache cache;
  private final LongAdder reads = new LongAdder();
  private final LongAdder writes = new LongAdder();
  private final LongAdder flushes = new LongAdder();
  private volatile @Nullable Gate gate;

  private Disk(String name, ImageFile file, DiskSettings settings) throws IOException {
    this.name = name;
    this.file = file;
    this.settings = settings;
    long size = file.size();
    if (size % Bio.SECTOR != 0) {
      throw new IOException(file.path() + " has " + size + " bytes, which are not whole sectors");
    }
    this.sectors = size / Bio.SECTOR;
    this.cache = settings.writeCache() ? new WriteCache(file) : null;
  }

  /** Opens an existing image under the name that table lines give it. */
  public static Disk open(Path path, String name, DiskSettings settings) throws IOException {
    ImageFile file = new ImageFile(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      return new Disk(name, file, settings);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long sectors() {
    return sectors;
  }

  @Override
  public void submit(Bio bio) throws IOException {
    settings.faults().checkAlive(name);
    if (bio.end() > sectors) {
      throw new BioException(
          BioException.Status.OUT_OF_RANGE, bio + " is beyond the end of " + name + ", " + sectors);
    }
    settings.faults().check(name, bio);
    if (bio.preflush()) {
      flush(bio.fence());
    }
    switch (bio.op()) {
      case READ -> {
        reads.increment();
        file.readFully(bio.data(), bio.sector() * Bio.SECTOR);
      }
      case WRITE -> write(bio, bio.sector(), bio.data());
      case FLUSH -> flush(bio.fence());
      case DISCARD, WRITE_ZEROES -> {
        for (long done = 0; done < bio.sectors(); done += ZERO_STEP) {
          int count = (int) Math.min(ZERO_STEP, bio.sectors() - done);
          write(bio, bio.sector() + done, ByteBuffer.allocate(count * Bio.SECTOR));
        }
      }
    }
  }

  private void write(Bio bio, long sector, ByteBuffer data) throws IOException {
    writes.increment();
    try (Gate.Admission admitted = admit(bio.fence())) {
      BitSet part = settings.faults().cutShort(name, sector, data.remaining() / Bio.SECTOR);
      if (part != null) {
        for (int i = part.nextSetBit(0); i >= 0; i = part.nextSetBit(i + 1)) {
          store(sector + i, data.slice(i * Bio.SECTOR, Bio.SECTOR), false);
        }
        settings.faults().die(name);
      }
      store(sector, data, bio.fua());
    }
    // Outside of the gate: a node that is stopped in a long flush must not keep newer ones out.
    if (bio.fua()) {
      force();
    }
  }

  private void store(long sector, ByteBuffer data, boolean fua) throws IOException {
    if (cache != null) {
      cache.write(sector, data, fua);
    } else {
      file.writeFully(data, sector * Bio.SECTOR);
    }
  }

  private void flush(@Nullable Fence fence) throws IOException {
    flushes.increment();
    try (Gate.Admission admitted = admit(fence)) {
      if (cache != null) {
        cache.flush();
      }
    }
    force();
  }

  private void force() throws IOException {
    if (settings.durable()) {
      file.force();
    }
  }

  private Gate.Admission admit(@Nullable Fence fence) throws IOException {
    return fence == null ? Gate.Admission.FREE : gate().admit(fence);
  }

  private Gate gate() throws IOException {
    Gate opened = gate;
    if (opened == null) {
      synchronized (this) {
        opened = gate;
        if (opened == null) {
          opened = Gate.open(Gate.pathOf(file.path()));
          gate = opened;
        }
      }
    }
    return opened;
  }

  /** How many bios with too old a fence the gate has refused, by all nodes, ever. */
  public long refused() throws IOException {
    return gate().refused();
  }

  /** Reads that this node submitted. */
  public long reads() {
    return reads.sum();
  }

  /** Writes that this node submitted. */
  public long writes() {
    return writes.sum();
  }

  /** Flushes that this node submitted, FUA not counted. */
  public long flushes() {
    return flushes.sum();
  }

  @Override
  public synchronized void close() throws IOException {
    Gate opened = gate;
    gate = null;
    if (opened != null) {
      opened.close();
    }
    if (cache != null) {
      cache.close();
    }
    file.close();
  }

  @Override
  public String toString() {
    return name;
  }
}
