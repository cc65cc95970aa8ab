package io.dmcl.dm.cli.device;

import io.dmcl.dm.DeviceMapper;
import io.dmcl.dm.MappedDevice;
import io.dmcl.dm.Target;
import io.dmcl.dm.mirror.MirrorTarget;
import io.dmcl.dm.snapshot.OriginTarget;
import io.dmcl.dm.snapshot.SnapshotTarget;
import io.dmcl.lock.LockspaceDump;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A device as it is now, for a person: a row of cells for each target, each cell with its state and
 * with the nodes that have its lock, and the other locks.
 *
 * @param device its name
 * @param parts its targets
 * @param nodes the letters of the nodes that have a lock, and who they are
 */
record DeviceMap(String device, List<Part> parts, List<String> nodes) {
  /** More cells would be a carpet. */
  static final int MAX_CELLS = 1024;

  /** No node has the cell's lock. */
  static final char NOBODY = '.';

  /** Several nodes share the cell's lock. */
  static final char SEVERAL = '&';

  private static final String SEPARATOR = "\t";

  /**
   * A target.
   *
   * @param line what status says
   * @param cell what a cell is
   * @param cellSectors how much of the device a cell is
   * @param states a character per cell
   * @param holders a character per cell: {@link #NOBODY}, {@link #SEVERAL}, or a node's letter, in
   *     lower case if it has the lock shared
   * @param legend what the states mean, each beginning with its character
   * @param locks the locks that belong to no cell
   */
  record Part(
      String line,
      String cell,
      long cellSectors,
      String states,
      String holders,
      List<String> legend,
      List<String> locks) {
    boolean hasCells() {
      return !states.isEmpty();
    }
  }

  /** Looks at a device, and at its locks in the coordinator. */
  static DeviceMap of(DeviceMapper node, String name) throws IOException, InterruptedException {
    MappedDevice device = node.device(name);
    List<String> status = device.status();
    List<Target> targets = device.targets();
    LockView locks = new LockView(node.lockspace().dump());
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < targets.size(); i++) {
      parts.add(part(node, status.get(i), targets.get(i), locks));
    }
    return new DeviceMap(name, parts, locks.nodes());
  }

  private static Part part(DeviceMapper node, String line, Target target, LockView locks)
      throws IOException {
    String[] words = line.split(" ", 3);
    long begin = Long.parseLong(words[0]);
    long length = Long.parseLong(words[1]);
    if (target instanceof MirrorTarget mirror) {
      return mirror(line, mirror, locks);
    } else if (target instanceof SnapshotTarget snapshot) {
      return snapshot(node, line, begin, length, snapshot, locks);
    } else if (target instanceof OriginTarget) {
      return origin(node, line, begin, length, target, locks);
    }
    List<String> all = new ArrayList<>();
    target.devices().forEach(below -> all.addAll(locks.ofDevice(below.name())));
    return new Part(line, "", 0, "", "", List.of(), all);
  }

  private static Part mirror(String line, MirrorTarget mirror, LockView locks) throws IOException {
    String regions = mirror.regionMap();
    StringBuilder holders = new StringBuilder();
    for (int i = 0; i < regions.length(); i++) {
      holders.append(locks.holders("mirror-region", mirror.lockedAs(), Integer.toString(i)));
    }
    List<String> others = new ArrayList<>();
    others.addAll(locks.lines("mirror-active", mirror.lockedAs()));
    others.addAll(locks.lines("mirror-log", mirror.lockedAs()));
    return new Part(
        line,
        "region",
        mirror.regionSectors(),
        regions,
        holders.toString(),
        List.of(". in sync", "* written by this node", "+ marked by another node", "x out of sync"),
        others);
  }

  private static Part snapshot(
      DeviceMapper node,
      String line,
      long begin,
      long length,
      SnapshotTarget snapshot,
      LockView locks)
      throws IOException {
    int size = snapshot.chunkSectors();
    Map<Long, Long> exceptions = snapshot.exceptions();
    long chunks = (length + size - 1) / size;
    long perCell = 1;
    while (chunks > perCell * MAX_CELLS) {
      perCell *= 2;
    }
    StringBuilder states = new StringBuilder();
    for (long cell = 0; cell * perCell < chunks; cell++) {
      long first = begin / size + cell * perCell;
      long count = Math.min(perCell, chunks - cell * perCell);
      long present = 0;
      for (long chunk = first; chunk < first + count; chunk++) {
        present += exceptions.containsKey(chunk) ? 1 : 0;
      }
      states.append(present == 0 ? '.' : present == count ? '#' : present * 2 < count ? ':' : '+');
    }
    String origin = snapshot.devices().get(0).name();
    String store = snapshot.devices().get(1).name();
    String holders = ranges(node, begin, perCell * size, states.length(), origin, locks);
    List<String> others = new ArrayList<>();
    others.addAll(locks.lines("origin", origin));
    others.addAll(locks.lines("store", store));
    return new Part(
        line,
        perCell == 1 ? "chunk" : perCell + " chunks",
        perCell * size,
        states.toString(),
        holders,
        perCell == 1
            ? List.of(". as the origin", "# has an exception")
            : List.of(
                ". as the origin", ": some exceptions", "+ half or more", "# all have exceptions"),
        others);
  }

  private static Part origin(
      DeviceMapper node, String line, long begin, long length, Target target, LockView locks)
      throws IOException {
    String device = target.devices().get(0).name();
    int size = node.settings().rangeSectors();
    int ranges = (int) Math.min(MAX_CELLS, (begin % size + length + size - 1) / size);
    List<String> others = new ArrayList<>();
    for (String snapshot : target.message(List.of("snapshots")).split("\n", -1)) {
      if (!snapshot.isEmpty()) {
        others.add("snapshot " + snapshot);
        others.addAll(locks.lines("store", snapshot.substring(0, snapshot.lastIndexOf(' '))));
      }
    }
    others.addAll(locks.lines("origin", device));
    return new Part(
        line,
        "range",
        size,
        ".".repeat(ranges),
        ranges(node, begin, size, ranges, device, locks),
        List.of(". a range of the origin"),
        others);
  }

  private static String ranges(
      DeviceMapper node, long begin, long cellSectors, int cells, String origin, LockView locks) {
    StringBuilder holders = new StringBuilder();
    for (int cell = 0; cell < cells; cell++) {
      long range = (begin + cell * cellSectors) / node.settings().rangeSectors();
      holders.append(locks.holders("range", origin, Long.toString(range)));
    }
    return holders.toString();
  }

  // ---- over the socket ----

  String encode() {
    StringBuilder text = new StringBuilder();
    line(text, "device", device);
    nodes.forEach(node -> line(text, "node", node));
    for (Part part : parts) {
      String size = Long.toString(part.cellSectors);
      line(text, "part", part.line, part.cell, size, part.states, part.holders);
      part.legend.forEach(entry -> line(text, "legend", entry));
      part.locks.forEach(entry -> line(text, "lock", entry));
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String... fields) {
    List<String> clean = new ArrayList<>();
    for (String field : fields) {
      clean.add(field.replaceAll("[\t\n]", " "));
    }
    text.append(String.join(SEPARATOR, clean)).append('\n');
  }

  static DeviceMap parse(String text) {
    String device = "";
    List<String> nodes = new ArrayList<>();
    List<Part> parts = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      String[] fields = line.split(SEPARATOR, -1);
      switch (fields[0]) {
        case "device" -> device = fields[1];
        case "node" -> nodes.add(fields[1]);
        case "part" ->
            parts.add(
                new Part(
                    fields[1],
                    fields[2],
                    Long.parseLong(fields[3]),
                    fields[4],
                    fields[5],
                    new ArrayList<>(),
                    new ArrayList<>()));
        case "legend" -> parts.get(parts.size() - 1).legend.add(fields[1]);
        case "lock" -> parts.get(parts.size() - 1).locks.add(fields[1]);
        default -> {}
      }
    }
    return new DeviceMap(device, parts, nodes);
  }

  /** A node of the dump as people know it. */
  static String describe(LockspaceDump.NodeEntry node) {
    return node.host() + ", process " + node.pid() + " (" + node.nodeId() + ")";
  }
}
