package io.dmcl.dm.cli.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;

/**
 * What a node process is told on its standard input, line by line; {@link NodeProcess} is the other
 * end. When the input ends without {@value #EXIT}, the parent is gone: the working directory is
 * deleted and the process ends at once.
 */
public final class Orders {
  /** The last order. */
  public static final String EXIT = "exit";

  private static final int ORPHANED = 3;

  private final BlockingQueue<String> orders = new LinkedBlockingQueue<>();

  private Orders() {}

  /**
   * Begins to read.
   *
   * @param directory the working directory
   * @param atOnce obeys what must not wait for the orders before it, and says whether it has
   */
  public static Orders read(Path directory, Predicate<String> atOnce) {
    Orders orders = new Orders();
    Thread reader = new Thread(() -> orders.readAll(directory, atOnce), "orders");
    reader.setDaemon(true);
    reader.start();
    return orders;
  }

  private void readAll(Path directory, Predicate<String> atOnce) {
    boolean exit = false;
    try {
      BufferedReader in =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        exit |= line.equals(EXIT);
        if (!atOnce.test(line)) {
          orders.add(line);
        }
      }
    } catch (IOException e) {
      // as if it had ended
    }
    if (!exit) {
      WorkDirectory.delete(directory);
      Runtime.getRuntime().halt(ORPHANED);
    }
  }

  /** Waits for the next order. */
  public String take() throws InterruptedException {
    return orders.take();
  }
}
