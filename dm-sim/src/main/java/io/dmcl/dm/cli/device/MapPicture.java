package io.dmcl.dm.cli.device;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * A map in colours: a square per cell for its state, and under it a bar in the colour of the node
 * that has its lock, thick if exclusively.
 */
final class MapPicture {
  private static final int COLUMNS = 64;
  private static final int CELL = 12;
  private static final int PITCH_X = CELL + 2;
  private static final int PITCH_Y = CELL + 8;
  private static final int MARGIN = 20;
  private static final int LABEL = 90;
  private static final int LINE = 18;
  private static final int WIDTH = 2 * MARGIN + LABEL + COLUMNS * PITCH_X;
  private static final int TEXT = 0x222222;
  private static final int FAINT = 0x777777;

  private static final Map<Character, Integer> STATES =
      Map.of(
          '.', 0xE3E8EC, ':', 0xB9D3EA, '+', 0x6FA8DC, '#', 0x1F5FA8, '*', 0xE69138, 'x', 0xCC3333);

  private static final int[] NODES = {
    0x2E7D32, 0xAD1457, 0x6A1B9A, 0x00838F, 0x9E9D24, 0x4E342E, 0x283593, 0xEF6C00
  };

  private final DeviceMap map;
  private int y;

  private MapPicture(DeviceMap map) {
    this.map = map;
  }

  static void save(DeviceMap map, Path file) throws IOException {
    MapPicture measured = new MapPicture(map);
    measured.draw(new Nowhere());
    Canvas canvas = Canvas.forFile(file, WIDTH, measured.y + MARGIN);
    new MapPicture(map).draw(canvas);
    canvas.save(file);
  }

  private void draw(Canvas canvas) {
    y = MARGIN + LINE;
    canvas.text(MARGIN, y, 18, TEXT, map.device());
    for (DeviceMap.Part part : map.parts()) {
      line(canvas, 13, TEXT, part.line());
      if (part.hasCells()) {
        y += 6;
        cells(canvas, part);
        legend(canvas, part);
      }
      part.locks().forEach(lock -> line(canvas, 12, FAINT, lock));
      y += LINE;
    }
    for (String node : map.nodes()) {
      y += LINE;
      canvas.box(MARGIN, y - 9, CELL, 9, nodeColour(node.charAt(0)));
      canvas.text(MARGIN + 20, y, 12, TEXT, node.substring(2));
    }
    line(
        canvas,
        12,
        FAINT,
        "under a cell: who has its lock; thick: exclusively, thin: shared, grey: several");
  }

  private void line(Canvas canvas, int size, int colour, String text) {
    y += LINE;
    canvas.text(MARGIN, y, size, colour, text);
  }

  private void cells(Canvas canvas, DeviceMap.Part part) {
    for (int cell = 0; cell < part.states().length(); cell++) {
      int column = cell % COLUMNS;
      if (column == 0) {
        y += cell == 0 ? 0 : PITCH_Y;
        canvas.text(
            MARGIN,
            y + CELL - 2,
            11,
            FAINT,
            String.format(Locale.ROOT, "%10d", cell * part.cellSectors()));
      }
      int x = MARGIN + LABEL + column * PITCH_X;
      canvas.box(x, y, CELL, CELL, stateColour(part.states().charAt(cell)));
      char holder = part.holders().charAt(cell);
      if (holder != DeviceMap.NOBODY) {
        int height = Character.isLowerCase(holder) || holder == DeviceMap.SEVERAL ? 2 : 5;
        canvas.box(x, y + CELL + 1, CELL, height, nodeColour(holder));
      }
    }
    y += PITCH_Y;
  }

  private void legend(Canvas canvas, DeviceMap.Part part) {
    y += LINE;
    String cell = "a cell: " + part.cell() + ", " + MapText.size(part.cellSectors());
    canvas.text(MARGIN, y, 12, FAINT, cell);
    int x = MARGIN + 8 * (cell.length() + 2);
    for (String entry : part.legend()) {
      canvas.box(x, y - 10, CELL, CELL, stateColour(entry.charAt(0)));
      canvas.text(x + CELL + 4, y, 12, FAINT, entry.substring(2));
      x += 8 * entry.length() + CELL + 12;
    }
  }

  private static int stateColour(char state) {
    return STATES.getOrDefault(state, 0x999999);
  }

  private static int nodeColour(char letter) {
    if (!Character.isLetter(letter)) {
      return 0x999999;
    }
    return NODES[(Character.toUpperCase(letter) - 'A') % NODES.length];
  }

  /** Only to see how high the picture gets. */
  private static final class Nowhere implements Canvas {
    @Override
    public void box(int x, int y, int width, int height, int colour) {}

    @Override
    public void text(int x, int y, int size, int colour, String text) {}

    @Override
    public void save(Path file) {}
  }
}
