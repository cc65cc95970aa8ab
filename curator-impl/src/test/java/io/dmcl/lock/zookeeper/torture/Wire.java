package io.dmcl.lock.zookeeper.torture;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A node's connection to the process that keeps the resources and the history. Thread-safe. */
final class Wire {
  private final String who;
  private final BufferedReader in;
  private final BufferedWriter out;

  Wire(int port, String who) throws IOException {
    this.who = who;
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    out =
        new BufferedWriter(
            new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8));
    out.write(who + "\n");
  }

  /** Sends an event, formatted, and returns the answer. Without the other side there is no life. */
  synchronized Event ask(String format, Object... args) {
    try {
      out.write(String.format(format, args));
      out.write('\n');
      out.flush();
      String answer = in.readLine();
      if (answer != null) {
        return Event.of(0, who, answer);
      }
    } catch (IOException e) {
      // as if it had said nothing
    }
    Runtime.getRuntime().halt(1);
    throw new AssertionError("halted");
  }
}
