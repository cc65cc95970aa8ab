package io.dmcl.lock.zookeeper.torture;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;
import org.slf4j.LoggerFactory;

/** A server's process. It ends when its standard input does: then there is nobody to end it. */
public final class ServerProgram {
  private ServerProgram() {}

  /** The process. */
  public static void main(String[] args) {
    ((Logger) LoggerFactory.getLogger("org.apache.zookeeper.server")).setLevel(Level.INFO);
    Thread watch = new Thread(ServerProgram::awaitEnd, "parent-watch");
    watch.setDaemon(true);
    watch.start();
    QuorumPeerMain.main(args);
  }

  private static void awaitEnd() {
    try {
      while (System.in.read() >= 0) {
        // nothing is said
      }
    } catch (IOException e) {
      // as if it had ended
    }
    Runtime.getRuntime().halt(1);
  }
}
