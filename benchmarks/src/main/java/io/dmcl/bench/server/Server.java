package io.dmcl.bench.server;

import java.io.IOException;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;

/** A ZooKeeper server in a process of its own, which ends when its standard input does. */
final class Server {
  private Server() {}

  /** Takes the path of the configuration file, as ZooKeeper's own main class does. */
  public static void main(String[] args) {
    Thread watch = new Thread(Server::endWithParent, "parent-watch");
    watch.setDaemon(true);
    watch.start();
    QuorumPeerMain.main(args);
  }

  private static void endWithParent() {
    try {
      while (System.in.read() >= 0) {
        // nothing is said here
      }
    } catch (IOException e) {
      // as if it had ended
    }
    Runtime.getRuntime().halt(0);
  }
}
