package io.dmcl.dm.mirror;

import io.dmcl.dm.Bio;
import io.dmcl.dm.BlockDevice;
import io.dmcl.dm.Fence;
import io.dmcl.dm.TableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * The kernel's disk dirty log: a header of 1,024 bytes and a bit per region, 1 for clean. It is
 * read and written as a whole.
 *
 * <pre>
 * u32 magic "mirR" (0x4D695272)  u32 version 2 (1 is taken for 2)  u64 number of regions
 * from 1024: bit (r mod 8) of byte r / 8; padding up to a multiple of 64 bits is 0; little-endian
 * </pre>
 */
final class LogFormat {
  static final int MAGIC = 0x4D695272;
  static final int VERSION = 2;
  static final int BITSET = 1024;

  /**
   * A log as it was read.
   *
   * @param magic whether it is a log at all
   * @param version the version it says
   * @param regions how many regions it says it has
   * @param clean its bits
   */
  record Contents(boolean magic, int version, long regions, BitSet clean) {
    /** Whether it is of a version that can be used; others are left alone, older ones too. */
    boolean supported() {
      return version == 1 || version == VERSION;
    }
  }

  private final BlockDevice device;
  private final int regions;
  private final int bytes;

  /** All bytes of the log, so that those that mean nothing to us are kept. */
  private byte @Nullable [] image;

  LogFormat(BlockDevice device, int regions) throws TableException {
    this.device = device;
    this.regions = regions;
    int block = device.logicalBlockSectors() * Bio.SECTOR;
    long needed = BITSET + 8L * ((regions + 63L) / 64);
    this.bytes = Math.toIntExact((needed + block - 1) / block * block);
    if (device.sectors() * Bio.SECTOR < bytes) {
      throw new TableException(
          "log device " + device.name() + " too small: need " + bytes + " bytes");
    }
  }

  BlockDevice device() {
    return device;
  }

  Contents read() throws IOException {
    byte[] read = device.read(0, bytes / Bio.SECTOR);
    image = read;
    ByteBuffer in = ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
    boolean magic = in.getInt() == MAGIC;
    int version = in.getInt();
    long count = in.getLong();
    BitSet clean = BitSet.valueOf(in.slice(BITSET, (regions + 7) / 8));
    clean.clear(regions, Math.max(regions, clean.size()));
    return new Contents(magic, version, count, clean);
  }

  void write(BitSet clean, Fence fence) throws IOException {
    byte[] written = image;
    if (written == null) {
      throw new IllegalStateException("the log has not been read");
    }
    ByteBuffer out = ByteBuffer.wrap(written).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putInt(VERSION).putLong(regions);
    byte[] bits = new byte[8 * ((regions + 63) / 64)];
    byte[] set = clean.toByteArray();
    System.arraycopy(set, 0, bits, 0, set.length);
    out.position(BITSET).put(bits);
    device.submit(Bio.write(0, ByteBuffer.wrap(written)).withFence(fence));
  }

  void flush(Fence fence) throws IOException {
    device.submit(Bio.flush().withFence(fence));
  }
}
