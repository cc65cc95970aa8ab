package io.dmcl.dm.cli.devicedemo;

import io.dmcl.dm.Bio;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What must be read from a device. Ask for the {@link #oldest} versions before reading, and check
 * after it: what was done before must be seen, and nothing that was not begun.
 */
final class Expectation {
  private final String device;
  private final @Nullable Board board;
  private final @Nullable Bounds bounds;

  private Expectation(String device, @Nullable Board board, @Nullable Bounds bounds) {
    this.device = device;
    this.board = board;
    this.bounds = bounds;
  }

  /** The origin, and what it stands on. */
  static Expectation ofOrigin(String device, Board board) {
    return new Expectation(device, board, null);
  }

  /**
   * A snapshot.
   *
   * @param board of the writes to the snapshot, if it is written
   */
  static Expectation ofSnapshot(String device, @Nullable Board board, Bounds bounds) {
    return new Expectation(device, board, bounds);
  }

  /** The version that must be there by now. */
  long oldest(int block) {
    return board == null ? 0 : board.done(block);
  }

  /** What is wrong with a block that was read, or null. */
  @Nullable String check(int block, byte[] bytes, int at, long oldest) {
    long newest = board == null ? 0 : board.begun(block);
    for (int i = 0; i < Volume.BLOCK_SECTORS; i++) {
      int offset = at + i * Bio.SECTOR;
      long sector = (long) block * Volume.BLOCK_SECTORS + i;
      long version = Stamp.version(bytes, offset, sector);
      if (version == Stamp.BROKEN) {
        return problem(block, sector, "is not what anybody wrote there");
      }
      boolean throughOrigin = Stamp.device(bytes, offset) == Stamp.ORIGIN;
      if (bounds != null && throughOrigin) {
        if (oldest > 0) {
          return problem(block, sector, "lacks what was written to the snapshot");
        } else if (!bounds.allow(block, version)) {
          return problem(
              block,
              sector,
              "has the origin's version " + version + ", it must be " + bounds.describe(block));
        }
      } else if (throughOrigin != (bounds == null)) {
        return problem(block, sector, "was written through another device");
      } else if (version < oldest || version > newest) {
        return problem(
            block, sector, "has version " + version + ", it must be " + oldest + " to " + newest);
      }
    }
    return null;
  }

  private String problem(int block, long sector, String what) {
    return String.format(Locale.ROOT, "%s: block %d, sector %d: %s", device, block, sector, what);
  }
}
