package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.zookeeper.Link;
import io.dmcl.lock.zookeeper.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * An ensemble of three servers, each a process; to each other they go over links. So each has a
 * view of its own of where the others are.
 */
final class Servers implements AutoCloseable {
  static final int COUNT = 3;
  private static final int PORTS_EACH = 3;

  /** A server that hears nothing from its leader for so many ticks gives it up. */
  private static final int SYNC_LIMIT_TICKS = 5;

  private static final int INIT_LIMIT_TICKS = 25;

  private static final int COMMAND_TIMEOUT_MS = 2_000;

  private final Path out;
  private final List<ServerPorts> ports = new ArrayList<>();
  private final Link[][] quorumLinks = new Link[COUNT][COUNT];
  private final ElectionLink[][] electionLinks = new ElectionLink[COUNT][COUNT];
  private final ChildProcess[] processes = new ChildProcess[COUNT];

  private record ServerPorts(int client, int quorum, int election) {}

  Servers(Path out) throws IOException {
    this.out = out;
    List<Integer> free = Ports.free(COUNT * PORTS_EACH);
    for (int i = 0; i < free.size(); i += PORTS_EACH) {
      ports.add(new ServerPorts(free.get(i), free.get(i + 1), free.get(i + 2)));
    }
    for (int from = 0; from < COUNT; from++) {
      for (int to = 0; to < COUNT; to++) {
        if (from != to) {
          quorumLinks[from][to] = new QuorumLink(ports.get(to).quorum);
          electionLinks[from][to] = new ElectionLink(ports.get(to).election);
        }
      }
    }
    for (int server = 0; server < COUNT; server++) {
      configure(server);
    }
  }

  private void configure(int server) throws IOException {
    Path home = Files.createDirectories(home(server));
    Files.createDirectories(home.resolve("data"));
    List<String> lines = new ArrayList<>();
    lines.add("tickTime=" + Options.TICK.toMillis());
    lines.add("initLimit=" + INIT_LIMIT_TICKS);
    lines.add("syncLimit=" + SYNC_LIMIT_TICKS);
    lines.add("dataDir=" + home.resolve("data"));
    lines.add("clientPort=" + ports.get(server).client);
    lines.add("clientPortAddress=127.0.0.1");
    lines.add("maxClientCnxns=0");
    lines.add("admin.enableServer=false");
    for (int other = 0; other < COUNT; other++) {
      ServerPorts its = ports.get(other);
      if (other == server) {
        lines.add(line(other, its.quorum, its.election));
      } else {
        electionLinks[server][other].replace(
            ports.get(server).election, electionLinks[other][server].port());
        lines.add(
            line(other, quorumLinks[server][other].port(), electionLinks[server][other].port()));
      }
    }
    Files.write(home.resolve("zoo.cfg"), lines);
    Files.writeString(home.resolve("data").resolve("myid"), Integer.toString(server + 1));
  }

  private static String line(int server, int quorumPort, int electionPort) {
    return "server." + (server + 1) + "=127.0.0.1:" + quorumPort + ":" + electionPort;
  }

  private Path home(int server) {
    return out.resolve("server-" + (server + 1));
  }

  /**
   * A follower that is refused because its leader does not listen yet tries again; but one whose
   * connection breaks gives that leader up. So the link tries in its place.
   */
  private static final class QuorumLink extends Link {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    QuorumLink(int toPort) throws IOException {
      super(toPort);
    }

    @Override
    protected Socket connect() throws IOException {
      long untilNanos = System.nanoTime() + PATIENCE_NANOS;
      while (true) {
        try {
          return super.connect();
        } catch (IOException e) {
          if (System.nanoTime() > untilNanos) {
            throw e;
          }
          LockSupport.parkNanos(RETRY_NANOS);
        }
      }
    }
  }

  /**
   * A server tells those that it connects to where it can be reached, and they connect to it there
   * if it has the smaller number. That would pass the links by, so they are told of the link back.
   */
  private static final class ElectionLink extends Link {
    private volatile byte[] real = {};
    private volatile byte[] instead = {};

    ElectionLink(int toPort) throws IOException {
      super(toPort);
    }

    void replace(int realPort, int insteadPort) {
      instead = (":" + insteadPort).getBytes(StandardCharsets.US_ASCII);
      real = (":" + realPort).getBytes(StandardCharsets.US_ASCII);
      if (instead.length != real.length) {
        throw new IllegalStateException(
            realPort + " cannot be replaced by " + insteadPort + " without another length");
      }
    }

    @Override
    protected void passing(byte[] bytes, int length) {
      for (int at = 0; at + real.length <= length; at++) {
        int i = 0;
        while (i < real.length && bytes[at + i] == real[i]) {
          i++;
        }
        if (i == real.length) {
          System.arraycopy(instead, 0, bytes, at, instead.length);
        }
      }
    }
  }

  void start(int server) throws IOException {
    processes[server] =
        ChildProcess.start(
            ServerProgram.class,
            out.resolve("server-" + (server + 1) + ".log"),
            List.of(home(server).resolve("zoo.cfg").toString()));
  }

  ChildProcess process(int server) {
    return processes[server];
  }

  /** What leads from this server to the others, and from them to it. */
  List<Link> linksOf(int server) {
    List<Link> all = new ArrayList<>();
    for (int other = 0; other < COUNT; other++) {
      if (other != server) {
        all.add(quorumLinks[server][other]);
        all.add(quorumLinks[other][server]);
        all.add(electionLinks[server][other]);
        all.add(electionLinks[other][server]);
      }
    }
    return all;
  }

  int clientPort(int server) {
    return ports.get(server).client;
  }

  String connectString() {
    return ports.stream().map(its -> "127.0.0.1:" + its.client).collect(Collectors.joining(","));
  }

  List<Path> dataDirectories() {
    return IntStream.range(0, COUNT).mapToObj(i -> home(i).resolve("data")).toList();
  }

  /** The index of the server that leads; -1 if none does. */
  int leader() {
    for (int server = 0; server < COUNT; server++) {
      if (processes[server].isAlive() && command(server, "srvr").contains("Mode: leader")) {
        return server;
      }
    }
    return -1;
  }

  /** Whether all of them serve. */
  boolean isWhole() {
    return IntStream.range(0, COUNT).allMatch(i -> command(i, "srvr").contains("Mode: "));
  }

  /** The watched paths of all servers, and which sessions watch them. */
  String watches() {
    return IntStream.range(0, COUNT)
        .mapToObj(i -> command(i, "wchp"))
        .collect(Collectors.joining("\n"));
  }

  private String command(int server, String word) {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(COMMAND_TIMEOUT_MS);
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), clientPort(server)),
          COMMAND_TIMEOUT_MS);
      socket.getOutputStream().write(word.getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  /** Stops all; what they have logged is complete then. */
  void stop() throws InterruptedException {
    for (ChildProcess process : processes) {
      if (process != null) {
        process.kill();
      }
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    stop();
    for (int server = 0; server < COUNT; server++) {
      for (Link link : linksOf(server)) {
        link.close();
      }
    }
  }
}
