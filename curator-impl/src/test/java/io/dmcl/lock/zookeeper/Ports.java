package io.dmcl.lock.zookeeper;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** TCP ports for servers. */
public final class Ports {
  /** Below what systems give to outgoing connections, which would take the port of a server. */
  private static final int FIRST = 12_000;

  private static final int LAST = 30_000;

  /** By this process, which may have several ensembles on their way at a time. */
  private static final Set<Integer> given = ConcurrentHashMap.newKeySet();

  private Ports() {}

  /**
   * So many ports that nobody listens on, and that were not given before. An embedded ZooKeeper
   * server that finds its port taken ends the whole process.
   */
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
}
