package io.dmcl.dm;

import io.dmcl.dm.mirror.LogReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Mirrors whose logs are not what this mirror wrote last. */
final class KernelReadsLogs {
  private static final int SECTORS = 70 * 8 - 3;

  private KernelReadsLogs() {}

  static void writeAll(Path parent) throws IOException {
    String name = "read-odd-logs";
    Path directory = Files.createDirectories(parent.resolve(name));
    Random random = new Random(21);
    Map<String, String> views = new LinkedHashMap<>();
    for (String log : new String[] {"old", "zero", "newer", "foreign", "grown", "shrunk"}) {
      Path file = directory.resolve(log + "-log.img");
      switch (log) {
        case "old" -> LogReader.build(file, 8, 1, 70, 3, 69);
        case "zero" -> LogReader.build(file, 8, 0, 70, 3);
        case "newer" -> LogReader.build(file, 8, 3, 70, 3);
        case "foreign" -> {
          byte[] bytes = new byte[8 * Bio.SECTOR];
          random.nextBytes(bytes);
          Files.write(file, bytes);
        }
        case "grown" -> LogReader.build(file, 8, 2, 65, 9);
        default -> LogReader.build(file, 8, 2, 130, 64);
      }
      for (int leg = 0; leg < 2; leg++) {
        byte[] bytes = new byte[SECTORS * Bio.SECTOR];
        random.nextBytes(bytes);
        Files.write(directory.resolve(log + "-leg" + leg + ".img"), bytes);
      }
      views.put(
          log,
          String.format(
              "0 %d mirror disk 2 file:%s-log.img 8 2 file:%2$s-leg0.img 0 file:%2$s-leg1.img 0",
              SECTORS, log));
      views.put(log + "-leg1", "0 " + SECTORS + " linear file:" + log + "-leg1.img 0");
      // The kernel goes on writing bits into a log that it cannot use; we leave such a log alone.
      if (!log.equals("zero") && !log.equals("newer")) {
        views.put(log + "-log", "0 8 linear file:" + log + "-log.img 0");
      }
    }
    System.out.println(name + KernelExpectations.write(name, directory, views, Map.of()));
  }
}
