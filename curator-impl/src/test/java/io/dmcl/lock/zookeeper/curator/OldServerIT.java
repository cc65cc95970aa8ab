package io.dmcl.lock.zookeeper.curator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that does not know multi-reads, played by a few lines of its wire protocol. */
@Timeout(60)
class OldServerIT {
  private static final int TIMEOUT_MS = 4000;

  private final AtomicInteger multiReads = new AtomicInteger();
  private final AtomicInteger pings = new AtomicInteger();

  @Test
  void serverWithoutMultiRead_isReported_andNotAskedAgain() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      Thread server = new Thread(() -> accept(listening), "old-server");
      server.setDaemon(true);
      server.start();
      CuratorCoordinator coordinator =
          CuratorCoordinator.connectingTo(
              "127.0.0.1:" + listening.getLocalPort(),
              Duration.ofMillis(TIMEOUT_MS),
              System::nanoTime);
      Recorder recorder = new Recorder();
      coordinator.start(recorder);
      recorder.await("unavailable");
      // The server has closed the connection. The handle is looked at between pings of the next.
      Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> pings.get() > 3);

      assertThat(recorder.reasons()).singleElement().asString().contains("too old", "3.6");
      assertThat(recorder.events()).doesNotContain("opened");
      assertThat(multiReads).hasValue(1);
      coordinator.close();
    }
  }

  private void accept(ServerSocket listening) {
    try {
      while (true) {
        try (Socket socket = listening.accept()) {
          serve(
              new DataInputStream(socket.getInputStream()),
              new DataOutputStream(socket.getOutputStream()));
        } catch (EOFException e) {
          // The next connection.
        }
      }
    } catch (SocketException e) {
      // Closed by the test.
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void serve(DataInputStream in, DataOutputStream out) throws IOException {
    packet(in);
    ByteArrayOutputStream connected = new ByteArrayOutputStream();
    DataOutputStream reply = new DataOutputStream(connected);
    reply.writeInt(0);
    reply.writeInt(TIMEOUT_MS);
    reply.writeLong(0x1234);
    reply.writeInt(16);
    reply.write(new byte[16]);
    reply.writeBoolean(false);
    send(out, connected);
    while (true) {
      DataInputStream request = packet(in);
      int xid = request.readInt();
      int type = request.readInt();
      boolean known = type == OpCode.ping || type == OpCode.closeSession;
      if (type == OpCode.multiRead) {
        multiReads.incrementAndGet();
      } else if (type == OpCode.ping) {
        pings.incrementAndGet();
      }
      ByteArrayOutputStream header = new ByteArrayOutputStream();
      DataOutputStream answer = new DataOutputStream(header);
      answer.writeInt(xid);
      answer.writeLong(1);
      answer.writeInt(known ? 0 : KeeperException.Code.UNIMPLEMENTED.intValue());
      send(out, header);
      if (!known || type == OpCode.closeSession) {
        return;
      }
    }
  }

  private static DataInputStream packet(DataInputStream in) throws IOException {
    return new DataInputStream(new ByteArrayInputStream(in.readNBytes(in.readInt())));
  }

  private static void send(DataOutputStream out, ByteArrayOutputStream packet) throws IOException {
    out.writeInt(packet.size());
    packet.writeTo(out);
    out.flush();
  }
}
