package io.dmcl.dm.cli.device;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A map in characters. Under each row of cells stands who has their locks. */
final class MapText {
  private static final int COLUMNS = 64;

  private MapText() {}

  static List<String> lines(DeviceMap map) {
    List<String> lines = new ArrayList<>();
    lines.add(map.device());
    for (DeviceMap.Part part : map.parts()) {
      lines.add("");
      lines.add(part.line());
      if (part.hasCells()) {
        lines.add(
            String.format(
                Locale.ROOT,
                "a cell: %s, %s; %s",
                part.cell(),
                size(part.cellSectors()),
                String.join("  ", part.legend())));
        cells(lines, part);
      }
      part.locks().forEach(lock -> lines.add("  " + lock));
    }
    lines.add("");
    if (!map.nodes().isEmpty()) {
      lines.add("nodes (under a cell: who has its lock; in lower case: shared; &: several)");
      map.nodes().forEach(node -> lines.add("  " + node));
    }
    return lines;
  }

  private static void cells(List<String> lines, DeviceMap.Part part) {
    int count = part.states().length();
    String nobody = String.valueOf(DeviceMap.NOBODY);
    for (int from = 0; from < count; from += COLUMNS) {
      int to = Math.min(count, from + COLUMNS);
      lines.add(
          String.format(
              Locale.ROOT,
              "%12d  %s",
              from * part.cellSectors(),
              part.states().substring(from, to)));
      String holders = part.holders().substring(from, to).replace(nobody, " ");
      if (!holders.isBlank()) {
        lines.add(" ".repeat(14) + holders.stripTrailing());
      }
    }
  }

  static String size(long sectors) {
    long bytes = sectors * 512;
    if (bytes % (1 << 20) == 0) {
      return (bytes >> 20) + " MiB";
    }
    return bytes % 1024 == 0 ? (bytes >> 10) + " KiB" : bytes + " bytes";
  }
}
