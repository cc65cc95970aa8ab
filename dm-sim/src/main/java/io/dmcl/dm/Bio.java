package io.dmcl.dm;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One I/O request: what to do with a run of sectors of 512 bytes. Immutable, but for the bytes that
 * a read fills in.
 *
 * <p>A write is done when its bytes are in the device, which may still lose them at a power cut. A
 * flush makes durable all that was done before it was submitted; FUA makes this write durable;
 * PREFLUSH flushes before this write.
 */
public final class Bio {
  /** The bytes of a sector. */
  public static final int SECTOR = 512;

  /** What to do. */
  public enum Op {
    READ,
    WRITE,
    FLUSH,
    DISCARD,
    WRITE_ZEROES;

    /** Whether the contents of the device may change. */
    public boolean modifies() {
      return this == WRITE || this == DISCARD || this == WRITE_ZEROES;
    }
  }

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private final Op op;
  private final long sector;
  private final long sectors;
  private final ByteBuffer data;
  private final boolean preflush;
  private final boolean fua;
  private final @Nullable Fence fence;

  private Bio(
      Op op,
      long sector,
      long sectors,
      ByteBuffer data,
      boolean preflush,
      boolean fua,
      @Nullable Fence fence) {
    this.op = op;
    this.sector = sector;
    this.sectors = sectors;
    this.data = data;
    this.preflush = preflush;
    this.fua = fua;
    this.fence = fence;
  }

  /** Reads into the whole remaining space of {@code into}, whose position does not move. */
  public static Bio read(long sector, ByteBuffer into) {
    return ofData(Op.READ, sector, into);
  }

  /** Writes the remaining bytes of {@code from}, whose position does not move. */
  public static Bio write(long sector, ByteBuffer from) {
    return ofData(Op.WRITE, sector, from);
  }

  /** Makes everything durable that was done before. */
  public static Bio flush() {
    return new Bio(Op.FLUSH, 0, 0, NOTHING, false, false, null);
  }

  /** The contents are not needed any more; what is read afterwards is the target's affair. */
  public static Bio discard(long sector, long sectors) {
    return ofRange(Op.DISCARD, sector, sectors);
  }

  /** Zeroes the sectors. */
  public static Bio writeZeroes(long sector, long sectors) {
    return ofRange(Op.WRITE_ZEROES, sector, sectors);
  }

  private static Bio ofData(Op op, long sector, ByteBuffer data) {
    if (data.remaining() % SECTOR != 0) {
      throw new IllegalArgumentException(data.remaining() + " bytes are not whole sectors");
    }
    checkRange(sector, data.remaining() / SECTOR);
    return new Bio(op, sector, data.remaining() / SECTOR, data.slice(), false, false, null);
  }

  private static Bio ofRange(Op op, long sector, long sectors) {
    checkRange(sector, sectors);
    return new Bio(op, sector, sectors, NOTHING, false, false, null);
  }

  private static void checkRange(long sector, long sectors) {
    if (sector < 0 || sectors < 0 || sector + sectors < 0) {
      throw new IllegalArgumentException("no such sectors: " + sector + " + " + sectors);
    }
  }

  /** What to do. */
  public Op op() {
    return op;
  }

  /** The first sector, counted from the start of the device it is submitted to. */
  public long sector() {
    return sector;
  }

  /** How many sectors; 0 for a flush. */
  public long sectors() {
    return sectors;
  }

  /** The sector behind the last. */
  public long end() {
    return sector + sectors;
  }

  /** A view of the bytes with a position of its own; empty unless a read or a write. */
  public ByteBuffer data() {
    return data.duplicate();
  }

  /** Whether to flush before. */
  public boolean preflush() {
    return preflush;
  }

  /** Whether to be durable when done. */
  public boolean fua() {
    return fua;
  }

  /** By what right; null for I/O that needs no lock. */
  public @Nullable Fence fence() {
    return fence;
  }

  /** The same with a flush before. */
  public Bio withPreflush() {
    return new Bio(op, sector, sectors, data, true, fua, fence);
  }

  /** The same without a flush before. */
  public Bio withoutPreflush() {
    return preflush ? new Bio(op, sector, sectors, data, false, fua, fence) : this;
  }

  /** The same, durable when done. */
  public Bio withFua() {
    return new Bio(op, sector, sectors, data, preflush, true, fence);
  }

  /** The same with these fences instead of its own; give {@link #fence()} as their last. */
  public Bio withFence(@Nullable Fence fences) {
    return new Bio(op, sector, sectors, data, preflush, fua, fences);
  }

  /** The same at another place. */
  public Bio at(long newSector) {
    return new Bio(op, newSector, sectors, data, preflush, fua, fence);
  }

  /** A part, beginning {@code offset} sectors behind the start. A read's part fills its bytes. */
  public Bio part(long offset, long count) {
    if (offset == 0 && count == sectors) {
      return this;
    }
    if (offset < 0 || count < 0 || offset + count > sectors) {
      throw new IllegalArgumentException(offset + " + " + count + " is not in " + this);
    }
    ByteBuffer bytes =
        data.capacity() == 0
            ? NOTHING
            : data.slice(Math.toIntExact(offset * SECTOR), Math.toIntExact(count * SECTOR));
    return new Bio(op, sector + offset, count, bytes, preflush, fua, fence);
  }

  /** For a write of zeros as data where a device knows no other: {@code WRITE}, else the same. */
  public Bio asPlainWrite() {
    if (op != Op.WRITE_ZEROES) {
      return this;
    }
    ByteBuffer zeros = ByteBuffer.allocate(Math.toIntExact(sectors * SECTOR));
    return new Bio(Op.WRITE, sector, sectors, zeros, preflush, fua, fence);
  }

  @Override
  public String toString() {
    return (preflush ? "PREFLUSH " : "") + op + (fua ? " FUA " : " ") + sector + " + " + sectors;
  }
}
