package io.dmcl.dm.cli.devicedemo;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads the whole of something, block by block, checks it and computes its SHA-256. */
final class View {
  private static final int STEP_BLOCKS = 128;
  private static final int PROBLEMS = 5;

  /** What is read. */
  @FunctionalInterface
  interface Source {
    byte[] read(long sector, int sectors) throws IOException;
  }

  private View() {}

  /**
   * Reads it all.
   *
   * @param expected what must be there, if that is to be checked
   * @param problems told what is wrong, but not more than a few
   * @return the SHA-256 in hexadecimal
   */
  static String digest(
      Volume volume, Source source, @Nullable Expectation expected, Consumer<String> problems)
      throws IOException {
    MessageDigest digest = sha256();
    int found = 0;
    for (int block = 0; block < volume.blocks(); block += STEP_BLOCKS) {
      int count = Math.min(STEP_BLOCKS, volume.blocks() - block);
      long[] oldest = new long[count];
      for (int i = 0; i < count && expected != null; i++) {
        oldest[i] = expected.oldest(block + i);
      }
      byte[] bytes = source.read((long) block * Volume.BLOCK_SECTORS, count * Volume.BLOCK_SECTORS);
      digest.update(bytes);
      for (int i = 0; i < count && expected != null; i++) {
        String problem = expected.check(block + i, bytes, i * Volume.BLOCK_BYTES, oldest[i]);
        if (problem != null && ++found <= PROBLEMS) {
          problems.accept(problem);
        }
      }
    }
    if (found > PROBLEMS) {
      problems.accept("and " + (found - PROBLEMS) + " more blocks like these");
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
