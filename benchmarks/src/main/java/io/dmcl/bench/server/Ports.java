package io.dmcl.bench.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** TCP ports of the loopback interface. */
public final class Ports {
  private static final long POLL_MS = 50;

  /** Below what systems give to outgoing connections, which would take the port of a server. */
  private static final int FIRST = 12_000;

  private static final int LAST = 30_000;

  /** By this process. */
  private static final Set<Integer> given = ConcurrentHashMap.newKeySet();

  private Ports() {}

  /** So many ports that nobody listens on, and that were not given before. */
  public static List<Integer> free(int count) {
    List<Integer> free = new ArrayList<>();
    while (free.size() < count) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      if (!given.add(port)) {
        continue;
      }
      try (ServerSocket socket = new ServerSocket(port)) {
        free.add(socket.getLocalPort());
      } catch (IOException e) {
        // somebody else has it
      }
    }
    return free;
  }

  /** Waits until somebody listens there. */
  static void awaitListener(int port, ServerProcess process, Duration patience)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      process.ensureAlive();
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        if (System.nanoTime() - deadline > 0) {
          throw new IOException("nobody listens on port " + port, e);
        }
      }
      Thread.sleep(POLL_MS);
    }
  }
}
