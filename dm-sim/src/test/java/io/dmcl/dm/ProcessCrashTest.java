package io.dmcl.dm;

import static org.assertj.core.api.Assertions.assertThat;

import io.dmcl.dm.disk.DiskFaults;
import io.dmcl.dm.disk.DiskSettings;
import io.dmcl.dm.disk.WriteCache;
import io.dmcl.dm.mirror.MirrorTarget;
import io.dmcl.lock.contract.InMemoryCluster;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A process is ended in the middle of a write, the power is cut, another process goes on. */
class ProcessCrashTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"1,45", "2,71", "3,103", "4,152"})
  void processEndsInAWrite_filesReopened_everySectorIsWhatItMayBe(long seed, int crashAt)
      throws IOException, InterruptedException {
    for (String name : new String[] {"leg0.img", "leg1.img", "cow.img", "log.img"}) {
      Files.write(directory.resolve(name), new byte[(name.equals("cow.img") ? 2 : 1) * 512 * 512]);
    }
    Reference origin = new Reference(ProcessCrash.SECTORS);
    Reference snap = new Reference(ProcessCrash.SECTORS);
    int lines = run(seed, crashAt, origin, snap);
    int lost = 0;
    for (String name : new String[] {"leg0.img", "leg1.img", "cow.img", "log.img"}) {
      WriteCache.Outcome outcome = WriteCache.powerCut(directory.resolve(name), seed);
      lost += outcome.dropped() + outcome.torn();
      // The coordinator that gave out the tokens is gone with the process.
      Files.delete(directory.resolve(name + ".gate"));
    }
    origin.powerCut();
    snap.powerCut();
    Settings settings =
        Settings.DEFAULT
            .withBackground(false)
            .withRangeSectors(128)
            .withDisks(new DiskSettings(false, false, new DiskFaults()));
    try (DeviceMapper dm =
        new DeviceMapper(new InMemoryCluster().open("after"), directory, settings)) {
      MappedDevice vol = dm.create("vol", ProcessCrash.MIRROR);
      dm.create("origin", ProcessCrash.ORIGIN);
      dm.create("snap", ProcessCrash.SNAPSHOT);
      origin.checkAll("origin", dm.device("origin"));
      snap.checkAll("snapshot", dm.device("snap"));
      long start = System.nanoTime();
      while (((MirrorTarget) vol.targets().get(0)).recoverNext()) {}
      System.out.printf(
          "seed %d, crash at write %d after %d lines, %d sectors lost or torn, %d regions in %.1f"
              + " ms%n",
          seed,
          crashAt,
          lines,
          lost,
          ((MirrorTarget) vol.targets().get(0)).recoveredRegions(),
          (System.nanoTime() - start) / 1e6);
      origin.checkAll("origin", dm.device("origin"));
      snap.checkAll("snapshot", dm.device("snap"));
    }
    assertThat(Files.mismatch(directory.resolve("leg0.img"), directory.resolve("leg1.img")))
        .isEqualTo(-1);
  }

  private int run(long seed, int crashAt, Reference origin, Reference snap)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ProcessCrash.class.getName(),
                directory.toString(),
                Long.toString(seed),
                Integer.toString(crashAt))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    int lines = 0;
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines++;
        String[] words = line.split(" ", -1);
        if (words.length > 1) {
          note(words, words[1].equals("origin") ? origin : snap);
        }
      }
    }
    assertThat(process.waitFor()).isEqualTo(137);
    assertThat(lines).isPositive();
    return lines;
  }

  private static void note(String[] words, Reference reference) {
    if (words[0].equals("flushed")) {
      reference.flushed();
    } else {
      reference.written(
          Integer.parseInt(words[2]),
          Integer.parseInt(words[3]),
          Long.parseLong(words[4]),
          words[0].equals("done"),
          false);
    }
  }
}
