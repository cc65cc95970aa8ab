package io.dmcl.lock.zookeeper.torture;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** Where nodes reach the resources and the history, over {@link Wire}s. */
final class ResourceServer implements AutoCloseable {
  private final ServerSocket entrance;
  private final History history;

  ResourceServer(History history) throws IOException {
    this.history = history;
    entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("resources", this::accept);
  }

  int port() {
    return entrance.getLocalPort();
  }

  private void accept() throws IOException {
    while (true) {
      Socket socket = entrance.accept();
      socket.setTcpNoDelay(true);
      start("resources-of-a-thread", () -> serve(socket));
    }
  }

  private void serve(Socket socket) throws IOException {
    try (socket;
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        BufferedWriter out =
            new BufferedWriter(
                new OutputStreamWriter(socket.getOutputStream(), StandardCharsets.UTF_8))) {
      String who = in.readLine();
      for (String line = in.readLine(); who != null && line != null; line = in.readLine()) {
        out.write(history.ask(who, line));
        out.newLine();
        out.flush();
      }
    }
  }

  @Override
  public void close() throws IOException {
    entrance.close();
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void start(String name, Task task) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // The node has gone, or the run is over.
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }
}
