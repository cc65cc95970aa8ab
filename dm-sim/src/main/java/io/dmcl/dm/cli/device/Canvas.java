package io.dmcl.dm.cli.device;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;

/** What a picture is drawn on. Lengths are pixels, colours {@code 0xRRGGBB}. */
interface Canvas {
  /** A filled rectangle. */
  void box(int x, int y, int width, int height, int colour);

  /** Text that begins at x and stands on y. */
  void text(int x, int y, int size, int colour, String text);

  /** Writes the picture to a file. */
  void save(Path file) throws IOException;

  /** A canvas for a file, by the end of its name: {@code .svg} or {@code .png}. */
  static Canvas forFile(Path file, int width, int height) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    return name.endsWith(".png") ? new Png(width, height) : new Svg(width, height);
  }

  /** Scalable Vector Graphics. */
  final class Svg implements Canvas {
    private final StringBuilder out = new StringBuilder();

    Svg(int width, int height) {
      out.append(
          String.format(
              Locale.ROOT,
              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                  + " viewBox=\"0 0 %d %d\" font-family=\"monospace\">%n",
              width,
              height,
              width,
              height));
      box(0, 0, width, height, 0xFFFFFF);
    }

    @Override
    public void box(int x, int y, int width, int height, int colour) {
      out.append(
          String.format(
              Locale.ROOT,
              "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%06x\"/>%n",
              x,
              y,
              width,
              height,
              colour));
    }

    @Override
    public void text(int x, int y, int size, int colour, String text) {
      String escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
      out.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%d\" y=\"%d\" font-size=\"%d\" fill=\"#%06x\" xml:space=\"preserve\">%s"
                  + "</text>%n",
              x,
              y,
              size,
              colour,
              escaped));
    }

    @Override
    public void save(Path file) throws IOException {
      Files.writeString(file, out + "</svg>\n", StandardCharsets.UTF_8);
    }
  }

  /** Pixels. */
  final class Png implements Canvas {
    private final BufferedImage image;
    private final Graphics2D graphics;

    Png(int width, int height) {
      System.setProperty("java.awt.headless", "true");
      image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      graphics = image.createGraphics();
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      box(0, 0, width, height, 0xFFFFFF);
    }

    @Override
    public void box(int x, int y, int width, int height, int colour) {
      graphics.setColor(new Color(colour));
      graphics.fillRect(x, y, width, height);
    }

    @Override
    public void text(int x, int y, int size, int colour, String text) {
      graphics.setColor(new Color(colour));
      graphics.setFont(new Font(Font.MONOSPACED, Font.PLAIN, size));
      graphics.drawString(text, x, y);
    }

    @Override
    public void save(Path file) throws IOException {
      if (!ImageIO.write(image, "png", file.toFile())) {
        throw new IOException("this Java cannot write PNG");
      }
    }
  }
}
