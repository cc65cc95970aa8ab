package io.dmcl.dm;

import static io.dmcl.dm.KernelDisks.require;

import io.dmcl.dm.mirror.LogReader;
import io.dmcl.dm.mirror.MirrorTarget;
import io.dmcl.dm.snapshot.SnapshotTarget;
import io.dmcl.dm.snapshot.StoreReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;

/**
 * Disks that the kernel writes, in order or up to a crash, and what we must find on them: what it
 * was told to write.
 */
final class KernelWrites {
  private static final int SECTORS = 1027;
  private static final int REGION = 32;
  private static final int REGIONS = (SECTORS + REGION - 1) / REGION;

  /** One case: the commands for the kernel, and beside them what they do. */
  private static final class Case {
    final String name;
    final Random random;
    final byte[] pattern = new byte[SECTORS * Bio.SECTOR];
    final Map<String, byte[]> files = new LinkedHashMap<>();
    final List<String> script = new ArrayList<>();
    final Map<String, byte[]> views = new LinkedHashMap<>();
    final Map<String, String> tables = new LinkedHashMap<>();
    boolean crash;
    boolean afterSync;

    Case(String name, long seed) {
      this.name = name;
      this.random = new Random(seed);
      random.nextBytes(pattern);
      files.put("pattern.img", pattern);
    }

    void blank(String file, int sectors) {
      files.put(file, new byte[sectors * Bio.SECTOR]);
    }

    void filled(String file, int sectors) {
      byte[] bytes = new byte[sectors * Bio.SECTOR];
      random.nextBytes(bytes);
      files.put(file, bytes);
    }

    byte[] view(String device) {
      return Objects.requireNonNull(views.get(device), device);
    }

    void create(String device, String table) {
      script.add("dmsetup create " + device + " --table \"" + table + "\"");
    }

    /** A device that is looked at again later, and what it shows. */
    void create(String device, String table, byte[] view) {
      create(device, table);
      tables.put(device, table);
      views.put(device, view.clone());
    }

    /** Writes somewhere; the command returns when the kernel has acknowledged it. */
    void write(String device, int from, int sectors, boolean direct) {
      int source = random.nextInt(SECTORS - sectors + 1);
      script.add(copy(device, source, from, sectors, direct));
      System.arraycopy(
          pattern, source * Bio.SECTOR, view(device), from * Bio.SECTOR, sectors * Bio.SECTOR);
    }

    static String copy(String device, int source, int to, int sectors, boolean direct) {
      return "dd if=file:pattern.img of=dev:"
          + device
          + " bs=64k iflag=skip_bytes,count_bytes skip="
          + source * Bio.SECTOR
          + " count="
          + sectors * Bio.SECTOR
          + " seek="
          + to * Bio.SECTOR
          + (direct ? " oflag=seek_bytes,direct" : " oflag=seek_bytes conv=fsync")
          + " 2>&1 >/dev/null";
    }

    void randomly(int writes, List<String> devices) {
      for (int i = 0; i < writes; i++) {
        int sectors = 1 + random.nextInt(random.nextInt(3) == 0 ? 100 : 10);
        int from = random.nextInt(SECTORS - sectors + 1);
        write(devices.get(random.nextInt(devices.size())), from, sectors, random.nextBoolean());
      }
    }

    /** A snapshot of the device "origin", made as one makes them while it is in use. */
    void snapshot(String device, String table) {
      script.add("dmsetup suspend origin");
      create(device, table, view("origin"));
      script.add("dmsetup resume origin");
    }

    void write(Path parent) throws IOException {
      Path directory = Files.createDirectories(parent.resolve(name));
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        Files.write(directory.resolve(file.getKey()), file.getValue());
      }
      KernelManifest manifest = new KernelManifest().files(List.copyOf(files.keySet()));
      manifest.script(script);
      if (crash) {
        manifest.crash();
      } else {
        tables.forEach(
            (device, table) -> {
              byte[] view = views.get(device);
              String sum =
                  view == null
                      ? KernelManifest.field("expectError", true)
                      : KernelManifest.field("sha256", KernelDisks.sha256(view));
              manifest.device(device, table, sum, KernelManifest.field("afterSync", afterSync));
            });
      }
      manifest.write(directory);
    }
  }

  private KernelWrites() {}

  private static List<Case> cases() {
    return List.of(
        snapshots(), mirror(), merge(), crashedMirror(), crashedSnapshot(), crashedMerge());
  }

  static void writeAll(Path parent) throws IOException {
    for (Case each : cases()) {
      each.write(parent);
    }
  }

  static void checkAll(Path out) throws IOException {
    for (Case each : cases()) {
      Path directory = out.resolve(each.name);
      if (each.tables.containsKey("vol")) {
        checkMirror(each, directory);
      } else if (each.tables.containsKey("merged")) {
        checkMerge(each, directory);
      } else {
        checkSnapshots(each, directory);
      }
    }
  }

  // ---- the cases ----

  private static Case snapshots() {
    Case it = new Case("written-snapshots", 11);
    it.filled("origin.img", SECTORS);
    it.blank("cow8.img", SECTORS * 2);
    it.blank("cow1.img", SECTORS * 2);
    it.blank("cow32.img", SECTORS * 2);
    it.blank("full.img", 40);
    byte[] origin = it.files.getOrDefault("origin.img", new byte[0]);
    it.create("origin", "0 " + SECTORS + " snapshot-origin file:origin.img", origin);
    it.randomly(4, List.of("origin"));
    it.snapshot("snap8", "0 " + SECTORS + " snapshot file:origin.img file:cow8.img P 8");
    it.snapshot("full", "0 " + SECTORS + " snapshot file:origin.img file:full.img P 8");
    it.randomly(6, List.of("origin", "snap8"));
    it.snapshot("snap1", "0 " + SECTORS + " snapshot file:origin.img file:cow1.img P 1");
    it.randomly(6, List.of("origin", "snap1"));
    it.snapshot("snap32", "0 " + SECTORS + " snapshot file:origin.img file:cow32.img PO 32");
    it.randomly(12, List.of("origin", "snap8", "snap1", "snap32"));
    // Its store has no room for so much.
    it.write("origin", 100, 80, true);
    it.views.remove("full");
    it.script.add("dmsetup remove snap32 snap1 full snap8 origin");
    return it;
  }

  private static String mirrorLine(String second) {
    return "0 "
        + SECTORS
        + " mirror disk 2 file:log.img "
        + REGION
        + " 2 file:leg0.img 0 "
        + second
        + " 0";
  }

  private static Case mirror() {
    Case it = new Case("written-mirror", 12);
    it.filled("leg0.img", SECTORS);
    it.filled("leg1.img", SECTORS);
    it.blank("log.img", 8);
    byte[] before = it.files.getOrDefault("leg0.img", new byte[0]);
    it.create("vol", mirrorLine("file:leg1.img"), before);
    it.script.add("settle vol");
    it.randomly(10, List.of("vol"));
    it.script.add("dmsetup remove vol");
    return it;
  }

  /** The second leg lets nothing through any more when the power goes. */
  private static Case crashedMirror() {
    Case it = new Case("written-mirror-crashed", 13);
    it.filled("leg0.img", SECTORS);
    it.filled("leg1.img", SECTORS);
    it.blank("log.img", 8);
    byte[] before = it.files.getOrDefault("leg0.img", new byte[0]);
    it.create("second", "0 " + SECTORS + " linear file:leg1.img 0");
    it.create("vol", mirrorLine("dev:second"), before);
    it.tables.put("vol", mirrorLine("file:leg1.img"));
    it.script.add("settle vol");
    it.randomly(6, List.of("vol"));
    // The log says clean for all again.
    it.script.add("sleep 3; dmsetup suspend --nolockfs second");
    for (int region : dirtyRegions()) {
      int source = it.random.nextInt(SECTORS - 3);
      int to = region * REGION + (region == REGIONS - 1 ? 0 : 5);
      it.script.add(Case.copy("vol", source, to, 3, true) + " &");
      System.arraycopy(
          it.pattern, source * Bio.SECTOR, it.view("vol"), to * Bio.SECTOR, 3 * Bio.SECTOR);
    }
    it.script.add("sleep 3");
    it.crash = true;
    return it;
  }

  private static int[] dirtyRegions() {
    return new int[] {2, 3, 17, REGIONS - 1};
  }

  /** All that was acknowledged is there; nothing was closed. */
  private static Case crashedSnapshot() {
    Case it = new Case("written-snapshots-crashed", 14);
    it.filled("origin.img", SECTORS);
    it.blank("cow.img", SECTORS * 2);
    byte[] origin = it.files.getOrDefault("origin.img", new byte[0]);
    it.create("origin", "0 " + SECTORS + " snapshot-origin file:origin.img", origin);
    it.snapshot("snap", "0 " + SECTORS + " snapshot file:origin.img file:cow.img P 4");
    it.randomly(12, List.of("origin", "snap"));
    it.crash = true;
    return it;
  }

  /** A snapshot that the kernel made, and then nothing that stands in the way of merging it. */
  private static Case mergeable(String name, long seed, boolean crash) {
    Case it = new Case(name, seed);
    it.crash = crash;
    it.filled("origin.img", SECTORS);
    it.blank("cow.img", SECTORS * 2);
    byte[] origin = it.files.getOrDefault("origin.img", new byte[0]);
    it.create("origin", "0 " + SECTORS + " snapshot-origin file:origin.img", origin);
    it.snapshot("snap", "0 " + SECTORS + " snapshot file:origin.img file:cow.img P 8");
    it.randomly(24, List.of("origin", "snap"));
    it.script.add("dmsetup remove snap origin");
    it.tables.clear();
    it.tables.put("merged", "0 " + SECTORS + " snapshot-merge file:origin.img file:cow.img P 8");
    it.views.put("merged", it.view("snap"));
    return it;
  }

  private static Case merge() {
    Case it = mergeable("written-merge", 15, false);
    it.afterSync = true;
    return it;
  }

  /** The origin takes its time, so that the power goes in the middle of the merge. */
  private static Case crashedMerge() {
    Case it = mergeable("written-merge-crashed", 16, true);
    it.create("slow", "0 " + SECTORS + " delay file:origin.img 0 0 file:origin.img 0 300");
    it.create("slowly", "0 " + SECTORS + " snapshot-merge dev:slow file:cow.img P 8");
    it.script.add("sleep 2; dmsetup suspend --noflush --nolockfs slow");
    return it;
  }

  // ---- what we find ----

  private static String said(Path directory, String kind, String device) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(directory.resolve("results.txt"))) {
      String[] fields = line.split("\t", -1);
      if (fields[0].equals(kind) && fields[1].equals(device)) {
        lines.add(fields[2].strip());
      }
    }
    return String.join("\n", lines);
  }

  private static void compareStatus(Case it, Path directory, MappedDevice device)
      throws IOException {
    if (!it.crash) {
      String name = device.deviceName();
      String ours = String.join("\n", device.status()).strip();
      String kernels = said(directory, "status", name);
      require(
          ours.equals(kernels), it.name + ", " + name + ": " + ours + ", the kernel: " + kernels);
    }
  }

  private static void compareContents(Case it, MappedDevice device) throws IOException {
    byte[] must = it.view(device.deviceName());
    byte[] is = device.read(0, SECTORS);
    int at = Arrays.mismatch(must, is);
    require(at < 0, it.name + ", " + device + ": differs from sector " + at / Bio.SECTOR);
  }

  private static void checkSnapshots(Case it, Path directory) throws IOException {
    try (DeviceMapper dm = KernelDisks.open(directory)) {
      for (Map.Entry<String, String> each : it.tables.entrySet()) {
        MappedDevice device = dm.create(each.getKey(), each.getValue());
        compareStatus(it, directory, device);
        if (!it.views.containsKey(each.getKey())) {
          require(device.status().get(0).endsWith(" Invalid"), device + ": " + device.status());
          System.out.println(it.name + ": " + device.status() + ", as the kernel says");
          continue;
        }
        compareContents(it, device);
        if (device.targets().get(0) instanceof SnapshotTarget snapshot) {
          String store = each.getValue().split(" ", -1)[4].substring("file:".length());
          StoreReader reader = new StoreReader(directory.resolve(store));
          require(reader.exceptions.equals(snapshot.exceptions()), device + ": exceptions");
          System.out.printf(
              "%s: %s, %d exceptions, contents as written%n",
              it.name, device.status(), reader.exceptions.size());
        }
      }
    }
  }

  private static void checkMerge(Case it, Path directory) throws IOException {
    Path store = directory.resolve("cow.img");
    int left = new StoreReader(store).exceptions.size();
    require(it.crash == left > 0, it.name + ": " + left + " exceptions are left");
    try (DeviceMapper dm = KernelDisks.open(directory)) {
      MappedDevice device = dm.create("merged", it.tables.getOrDefault("merged", ""));
      compareContents(it, device);
      KernelDisks.settle(device);
      compareStatus(it, directory, device);
      compareContents(it, device);
      require(new StoreReader(store).exceptions.isEmpty(), it.name + ": merged, but not empty");
      System.out.printf(
          "%s: %s, %d exceptions were left to merge, contents as written%n",
          it.name, device.status(), left);
    }
    require(
        Arrays.equals(Files.readAllBytes(directory.resolve("origin.img")), it.view("merged")),
        it.name + ": the origin by itself");
  }

  private static void checkMirror(Case it, Path directory) throws IOException {
    LogReader log = new LogReader(directory.resolve("log.img"), REGIONS);
    TreeSet<Integer> dirty = new TreeSet<>();
    for (int region = 0; region < REGIONS; region++) {
      if (!log.clean[region]) {
        dirty.add(region);
      }
    }
    TreeSet<Integer> must = new TreeSet<>();
    if (it.crash) {
      Arrays.stream(dirtyRegions()).forEach(must::add);
    }
    require(log.regions == REGIONS && dirty.equals(must), it.name + ": dirty are " + dirty);
    Path first = directory.resolve("leg0.img");
    Path second = directory.resolve("leg1.img");
    require(it.crash == (Files.mismatch(first, second) >= 0), it.name + ": the legs");
    try (DeviceMapper dm = KernelDisks.open(directory)) {
      MappedDevice device = dm.create("vol", it.tables.getOrDefault("vol", ""));
      int inSync = REGIONS - dirty.size();
      require(
          device.status().get(0).contains(" " + inSync + "/" + REGIONS + " "),
          it.name + ": " + device.status());
      compareContents(it, device);
      KernelDisks.settle(device);
      long recovered = ((MirrorTarget) device.targets().get(0)).recoveredRegions();
      require(recovered == dirty.size(), it.name + ": recovered " + recovered);
      compareStatus(it, directory, device);
      compareContents(it, device);
      System.out.printf(
          "%s: %s, %d regions were dirty, contents as written%n",
          it.name, device.status(), dirty.size());
    }
    require(Files.mismatch(first, second) < 0, it.name + ": the legs after recovery");
  }
}
