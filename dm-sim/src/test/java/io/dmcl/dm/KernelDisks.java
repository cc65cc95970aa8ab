package io.dmcl.dm;

import io.dmcl.dm.disk.DiskFaults;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.dm.mirror.MirrorTarget;
import io.dmcl.dm.snapshot.MergeTarget;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The disks that {@code .ci/kernel-check} gives to a real kernel. {@code write DIR} makes
 * directories in DIR: those called {@code read-…} hold what we wrote, with what must be read from
 * it; those called {@code written-…} tell the kernel to write. {@code check OUT} looks at what it
 * wrote.
 */
public final class KernelDisks {
  private static final int STEP = 128;

  private KernelDisks() {}

  /** See the class comment. */
  public static void main(String[] args) throws IOException {
    Path directory = Files.createDirectories(Path.of(args[1]));
    switch (args[0]) {
      case "write" -> {
        KernelReads.writeAll(directory);
        KernelReadsLogs.writeAll(directory);
        KernelWrites.writeAll(directory);
      }
      case "check" -> KernelWrites.checkAll(directory);
      default -> throw new IllegalArgumentException("write DIR, or check OUT");
    }
  }

  /** A node of ours on disks that nobody else has, which does nothing by itself. */
  static DeviceMapper open(Path directory) {
    return new DeviceMapper(
        new InMemoryCluster().open("kernel"),
        directory,
        Settings.DEFAULT
            .withBackground(false)
            .withDisks(new DiskSettings(false, false, new DiskFaults())));
  }

  /** The disks of a directory. */
  static List<Path> images(Path directory) throws IOException {
    List<Path> images = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.img")) {
      files.forEach(images::add);
    }
    images.sort(null);
    return images;
  }

  /** Finishes what the kernel would do in the background. */
  static void settle(MappedDevice device) throws IOException {
    for (Target target : device.targets()) {
      if (target instanceof MirrorTarget mirror) {
        while (mirror.recoverNext()) {}
      } else if (target instanceof MergeTarget merge) {
        while (merge.step()) {}
      }
    }
  }

  /** The SHA-256 of a whole device. */
  static String sha256(BlockDevice device) throws IOException {
    MessageDigest digest = digest();
    for (long at = 0; at < device.sectors(); at += STEP) {
      digest.update(device.read(at, (int) Math.min(STEP, device.sectors() - at)));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }
}
