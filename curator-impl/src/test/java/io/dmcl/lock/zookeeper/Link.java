package io.dmcl.lock.zookeeper;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A fixture: a TCP link to a port of this machine that can stall, break, be slow, and be whole. */
public class Link implements AutoCloseable {
  private enum State {
    WHOLE,
    STALLED,
    REPLIES_STALLED,
    CUT
  }

  private final ServerSocket entrance;
  private final int toPort;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Object monitor = new Object();
  private volatile State state = State.WHOLE;
  private volatile long delayMillis;

  /** A link, whole, to this port. */
  public Link(int toPort) throws IOException {
    this.toPort = toPort;
    entrance = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("link-accept", this::accept);
  }

  /** Where it begins. */
  public int port() {
    return entrance.getLocalPort();
  }

  /** Where it begins, as {@code host:port}. */
  public String address() {
    return "127.0.0.1:" + port();
  }

  /** Nothing comes through any more, but nobody is told. */
  public void stall() {
    become(State.STALLED);
  }

  /** What goes towards the port goes on; what comes back does not, and nobody is told. */
  public void stallReplies() {
    become(State.REPLIES_STALLED);
  }

  /** Connections break, and new ones too; what was stalled is lost. */
  public void cut() {
    closeSockets(); // first: what was stalled must not get through
    become(State.CUT);
    closeSockets();
  }

  /** Whatever comes through waits for so long; 0 to end this. Connections stay. */
  public void slow(long millis) {
    delayMillis = millis;
  }

  /** What was stalled is lost; new connections work. */
  public void heal() {
    closeSockets();
    become(State.WHOLE);
  }

  @Override
  public void close() throws IOException {
    become(State.CUT);
    entrance.close();
    closeSockets();
  }

  private void become(State next) {
    synchronized (monitor) {
      state = next;
      monitor.notifyAll();
    }
  }

  private void closeSockets() {
    for (Socket socket : sockets) {
      close(socket);
    }
  }

  private void accept() throws IOException {
    while (true) {
      Socket from = entrance.accept();
      if (state == State.CUT) {
        from.close();
        continue;
      }
      sockets.add(from);
      start("link-out", () -> serve(from));
    }
  }

  private void serve(Socket from) throws IOException {
    Socket to;
    try {
      to = connect();
    } catch (IOException e) {
      close(from);
      return;
    }
    sockets.add(to);
    if (state == State.CUT) {
      close(from);
      close(to);
      return;
    }
    from.setTcpNoDelay(true);
    to.setTcpNoDelay(true);
    start("link-in", () -> pump(to, from, false));
    pump(from, to, true);
  }

  /** Connects to the port; may be patient. */
  protected Socket connect() throws IOException {
    return new Socket(InetAddress.getLoopbackAddress(), toPort);
  }

  private void pump(Socket from, Socket to, boolean outward) throws IOException {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] buffer = new byte[8192];
      for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
        delay();
        awaitNotStalled(outward);
        if (!sockets.contains(to)) {
          return; // what was under way when the link broke is lost
        }
        if (outward) {
          passing(buffer, length);
        }
        out.write(buffer, 0, length);
      }
    } finally {
      close(from);
      close(to);
    }
  }

  /** May look at, and change, what goes towards the port. */
  protected void passing(byte[] bytes, int length) {}

  private void delay() {
    if (delayMillis > 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(delayMillis));
    }
  }

  private void awaitNotStalled(boolean outward) {
    synchronized (monitor) {
      while (state == State.STALLED || (state == State.REPLIES_STALLED && !outward)) {
        try {
          monitor.wait();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  private void close(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone, which is what was wanted.
    }
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
                // The connection, or the link, was closed.
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }
}
