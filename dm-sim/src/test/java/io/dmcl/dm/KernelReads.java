package io.dmcl.dm;

import io.dmcl.dm.disk.WriteCache;
import io.dmcl.dm.mirror.MirrorTarget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Disks as we leave them, in order or at a crash. What the kernel must make of them is what our own
 * recovery makes of a copy, which in turn is held against the reference.
 */
final class KernelReads {
  private static final int ORIGIN = 2051;
  private static final int MIRROR = 2245;
  private static final int REGION = 32;

  private enum End {
    CLEAN,
    NODE_KILLED,
    POWER_CUT
  }

  private interface Setup {
    void on(DeviceMapper node) throws IOException;
  }

  private final Path parent;
  private final Path scratch;

  private KernelReads(Path parent, Path scratch) {
    this.parent = parent;
    this.scratch = scratch;
  }

  static void writeAll(Path parent) throws IOException {
    Path scratch = Files.createTempDirectory("kernel-disks");
    KernelReads all = new KernelReads(parent, scratch);
    all.snapshots("read-snapshots", End.CLEAN, 0);
    for (int seed = 1; seed <= 3; seed++) {
      all.snapshots("read-snapshots-cut-" + seed, End.POWER_CUT, seed);
    }
    all.snapshots("read-snapshots-killed", End.NODE_KILLED, 4);
    all.fullStores("read-full-stores");
    for (int seed = 1; seed <= 2; seed++) {
      all.merge("read-merge-cut-" + seed, seed);
    }
    all.mirror("read-mirror", End.CLEAN, 0);
    for (int seed = 1; seed <= 3; seed++) {
      all.mirror("read-mirror-cut-" + seed, End.POWER_CUT, seed);
    }
    all.mirror("read-mirror-killed", End.NODE_KILLED, 4);
    all.stack("read-stack-cut", End.POWER_CUT, 1);
    all.stack("read-stack-killed", End.NODE_KILLED, 2);
    Files.delete(scratch);
  }

  /** Devices under random I/O from two nodes. */
  private final class Run implements AutoCloseable {
    final String name;
    final End end;
    final long seed;
    final Random random;
    final TestCluster cluster;
    final Map<String, Reference> references = new LinkedHashMap<>();
    final List<String> order = new ArrayList<>();
    final Map<String, String> tables = new LinkedHashMap<>();
    int nodes = 2;
    long stamp = 1;
    int kept;
    int dropped;
    int torn;

    Run(String name, End end, long seed) throws IOException {
      this.name = name;
      this.end = end;
      this.seed = seed;
      this.random = new Random(seed);
      Settings settings = Settings.DEFAULT.withBackground(false).withRangeSectors(2048);
      this.cluster = new TestCluster(scratch, settings, seed, 0, end == End.POWER_CUT);
    }

    void start() {
      for (int i = 0; i < nodes; i++) {
        cluster.start();
      }
    }

    void create(String device, String table, Reference reference) throws IOException {
      for (TestCluster.Node node : cluster.alive()) {
        node.dm.create(device, table);
      }
      references.put(device, reference);
      tables.put(device, table);
    }

    Reference reference(String device) {
      Reference reference = references.get(device);
      if (reference == null) {
        throw new IllegalArgumentException(device);
      }
      return reference;
    }

    void flush(String device) throws IOException {
      any().dm.device(device).flush();
      reference(device).flushed();
    }

    TestCluster.Node any() {
      List<TestCluster.Node> alive = cluster.alive();
      return alive.get(random.nextInt(alive.size()));
    }

    void write(String device, int from, int sectors, boolean fua) throws IOException {
      long first = stamp;
      stamp += sectors;
      Bio bio = Bio.write(from, ByteBuffer.wrap(Reference.stamped(first, sectors)));
      MappedDevice to = any().dm.device(device);
      boolean done = false;
      try {
        to.submit(fua ? bio.withFua() : bio);
        done = true;
      } finally {
        reference(device).written(from, sectors, first, done, fua);
      }
    }

    void randomly(List<String> devices, int length, int steps) throws IOException {
      for (int i = 0; i < steps && !cluster.crashed(); i++) {
        cluster.survives(
            () -> {
              String device = devices.get(random.nextInt(devices.size()));
              if (random.nextInt(8) == 0) {
                flush(device);
                return;
              }
              int sectors = 1 + random.nextInt(random.nextInt(4) == 0 ? 60 : 12);
              int from = random.nextInt(length - sectors + 1);
              write(device, from, sectors, random.nextInt(4) == 0);
            });
      }
    }

    /** Sets when the crash is to come, if there is to be one. */
    void crashWithin(int writes) {
      if (end != End.CLEAN) {
        cluster.crashAfter(writes / 2 + random.nextInt(writes / 2));
      }
    }

    /** Ends the run as it was to end and takes the disks; whether they are worth a look. */
    Path finish() throws IOException {
      KernelDisks.require(cluster.crashed() == (end != End.CLEAN), name + ": no crash");
      if (end == End.CLEAN) {
        for (TestCluster.Node node : cluster.alive()) {
          node.dm.close();
        }
      }
      Path directory = Files.createDirectories(parent.resolve(name));
      for (Path image : KernelDisks.images(cluster.directory())) {
        Path copy = directory.resolve(image.getFileName().toString());
        Files.copy(image, copy);
        Path cache = Path.of(image + ".cache");
        if (end == End.POWER_CUT && Files.exists(cache)) {
          Files.copy(cache, Path.of(copy + ".cache"));
          WriteCache.Outcome outcome =
              WriteCache.powerCut(copy, seed + image.getFileName().hashCode());
          kept += outcome.kept();
          dropped += outcome.dropped();
          torn += outcome.torn();
        }
      }
      if (end == End.POWER_CUT) {
        references.values().forEach(Reference::powerCut);
      }
      return directory;
    }

    /** Writes the manifest, for these devices. */
    void expect(Path directory, Map<String, String> views) throws IOException {
      String said = KernelExpectations.write(name, directory, views, references);
      System.out.printf(
          "%-24s %4d writes, unflushed sectors %d kept %d dropped %d torn%s%n",
          name, cluster.writes(), kept, dropped, torn, said);
    }

    @Override
    public void close() throws IOException {
      cluster.close();
    }
  }

  private static String snapshot(String origin, int sectors, String store, int chunk) {
    return "0 " + sectors + " snapshot " + origin + " file:" + store + " P " + chunk;
  }

  /** Snapshots with all kinds of chunks of one origin, taken at different moments. */
  private void snapshots(String name, End end, long seed) throws IOException {
    int[] chunks = {8, 1, 64, 512, 32, 2048};
    try (Run run = new Run(name, end, seed)) {
      run.cluster.image("origin.img", ORIGIN);
      run.start();
      run.create(
          "origin", "0 " + ORIGIN + " snapshot-origin file:origin.img", new Reference(ORIGIN));
      List<String> devices = new ArrayList<>(List.of("origin"));
      for (int from = 0; from < ORIGIN; from += 100) {
        run.write("origin", from, Math.min(100, ORIGIN - from), false);
      }
      run.flush("origin");
      for (int i = 0; i < (end == End.CLEAN ? chunks.length : 3); i++) {
        int size = chunks[i];
        String store = "cow" + size + ".img";
        run.cluster.usedImage(store, ORIGIN + ORIGIN / 8 + 5 * size);
        Reference then = new Reference(run.reference("origin"));
        run.create("snap" + size, snapshot("file:origin.img", ORIGIN, store, size), then);
        devices.add("snap" + size);
        if (i == 0 && end == End.CLEAN) {
          // Exactly the 256 entries of one area, so that a second one begins.
          for (int from = 0; from < 2048; from += 8) {
            run.write("origin", from, 1, false);
          }
        }
        run.randomly(devices, ORIGIN, 20);
      }
      run.crashWithin(300);
      run.randomly(devices, ORIGIN, end == End.CLEAN ? 60 : 10000);
      run.expect(run.finish(), run.tables);
    }
  }

  /**
   * Stores that are full: by writes to the origin, by writes to the snapshot, to the last entry.
   */
  private void fullStores(String name) throws IOException {
    try (Run run = new Run(name, End.CLEAN, 7)) {
      run.cluster.image("origin.img", ORIGIN);
      run.cluster.usedImage("last.img", 259 * 8);
      run.cluster.usedImage("invalid.img", 258 * 8);
      run.cluster.usedImage("overflow.img", 100 * 8);
      run.start();
      run.create(
          "origin", "0 " + ORIGIN + " snapshot-origin file:origin.img", new Reference(ORIGIN));
      run.write("origin", 0, 2000, true);
      for (String store : List.of("last", "invalid")) {
        Reference then = new Reference(run.reference("origin"));
        run.create(store, snapshot("file:origin.img", ORIGIN, store + ".img", 8), then);
      }
      for (int from = 0; from < 2048; from += 8) {
        run.write("origin", from, 3, false);
      }
      run.create(
          "overflow",
          snapshot("file:origin.img", ORIGIN, "overflow.img", 8).replace(" P ", " PO "),
          new Reference(run.reference("origin")));
      try {
        for (int from = 0; from < 2048; from += 8) {
          run.write("overflow", from, 8, false);
        }
        throw new AssertionError(name + ": no overflow");
      } catch (BioException e) {
        // As it was to be.
      }
      run.references.remove("invalid");
      run.references.remove("overflow");
      run.expect(run.finish(), run.tables);
    }
  }

  /** A snapshot that was being merged when the power was cut. */
  private void merge(String name, long seed) throws IOException {
    try (Run run = new Run(name, End.POWER_CUT, seed)) {
      run.nodes = 1;
      run.cluster.image("origin.img", ORIGIN);
      run.cluster.usedImage("cow.img", ORIGIN * 2);
      run.start();
      run.create(
          "origin", "0 " + ORIGIN + " snapshot-origin file:origin.img", new Reference(ORIGIN));
      run.write("origin", 0, 1000, true);
      String line = snapshot("file:origin.img", ORIGIN, "cow.img", 8);
      run.create("snap", line, new Reference(run.reference("origin")));
      run.write("snap", 64, 200, false);
      run.randomly(List.of("origin", "snap"), ORIGIN, 60);
      run.flush("snap");
      run.flush("origin");
      DeviceMapper dm = run.any().dm;
      dm.remove("snap");
      run.crashWithin(20);
      String merging = line.replace("snapshot", "snapshot-merge");
      run.cluster.survives(
          () -> {
            dm.reload("origin", merging);
            dm.resume("origin");
            KernelDisks.settle(dm.device("origin"));
          });
      Path directory = run.finish();
      Reference merged = run.reference("snap");
      run.references.clear();
      run.references.put("snap", merged);
      run.references.put("merged", merged);
      run.references.put("alone", merged);
      if (seed == 1) {
        run.expect(directory, Map.of("snap", line));
      } else {
        Map<String, String> views = new LinkedHashMap<>();
        views.put("merged", merging);
        views.put("alone", "0 " + ORIGIN + " linear file:origin.img 0");
        run.expect(directory, views);
      }
    }
  }

  private static String mirror(int length, int region, int... offsets) {
    StringBuilder line =
        new StringBuilder("0 " + length + " mirror disk 2 file:log.img " + region + " ");
    line.append(offsets.length);
    for (int i = 0; i < offsets.length; i++) {
      line.append(" file:leg").append(i).append(".img ").append(offsets[i]);
    }
    return line.append(" 1 handle_errors").toString();
  }

  /** Three legs at three offsets, and a short last region. */
  private void mirror(String name, End end, long seed) throws IOException {
    int[] offsets = {0, 7, 64};
    try (Run run = new Run(name, end, seed)) {
      run.cluster.image("log.img", 8);
      for (int i = 0; i < offsets.length; i++) {
        run.cluster.image("leg" + i + ".img", MIRROR + offsets[i]);
      }
      run.start();
      run.create("vol", mirror(MIRROR, REGION, offsets), new Reference(MIRROR));
      MappedDevice device = run.any().dm.device("vol");
      if (end == End.CLEAN) {
        // Half of it is in sync; the kernel has to do the rest.
        for (int i = 0; i < 40; i++) {
          ((MirrorTarget) device.targets().get(0)).recoverNext();
        }
      } else {
        KernelDisks.settle(device);
      }
      run.crashWithin(120);
      run.randomly(List.of("vol"), MIRROR, end == End.CLEAN ? 80 : 10000);
      Path directory = run.finish();
      Map<String, String> views = new LinkedHashMap<>(run.tables);
      for (int i = 0; i < offsets.length; i++) {
        views.put("leg" + i, "0 " + MIRROR + " linear file:leg" + i + ".img " + offsets[i]);
        run.references.put("leg" + i, run.reference("vol"));
      }
      views.put("log", "0 8 linear file:log.img 0");
      run.expect(directory, views);
    }
  }

  /** Two snapshots of an origin on a mirror. */
  private void stack(String name, End end, long seed) throws IOException {
    try (Run run = new Run(name, end, seed)) {
      run.cluster.image("log.img", 8);
      for (String image : List.of("leg0.img", "leg1.img", "cow1.img", "cow2.img")) {
        run.cluster.image(image, image.startsWith("cow") ? ORIGIN * 2 : ORIGIN);
      }
      run.start();
      Setup vol = node -> node.create("vol", mirror(ORIGIN, 128, 0, 0));
      for (TestCluster.Node node : run.cluster.alive()) {
        vol.on(node.dm);
      }
      KernelDisks.settle(run.any().dm.device("vol"));
      run.create("origin", "0 " + ORIGIN + " snapshot-origin dev:vol", new Reference(ORIGIN));
      run.randomly(List.of("origin"), ORIGIN, 30);
      run.create(
          "snap1",
          snapshot("dev:vol", ORIGIN, "cow1.img", 8),
          new Reference(run.reference("origin")));
      run.randomly(List.of("origin", "snap1"), ORIGIN, 30);
      run.create(
          "snap2",
          snapshot("dev:vol", ORIGIN, "cow2.img", 16),
          new Reference(run.reference("origin")));
      run.crashWithin(200);
      run.randomly(List.of("origin", "snap1", "snap2"), ORIGIN, 10000);
      Path directory = run.finish();
      Map<String, String> views = new LinkedHashMap<>();
      views.put("vol", mirror(ORIGIN, 128, 0, 0));
      views.putAll(run.tables);
      views.put("leg1", "0 " + ORIGIN + " linear file:leg1.img 0");
      views.put("log", "0 8 linear file:log.img 0");
      run.references.put("leg1", run.reference("origin"));
      run.expect(directory, views);
    }
  }
}
