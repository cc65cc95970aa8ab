package io.dmcl.dm.cli.device;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The directory through which a node is reached: it has the node's socket. */
record RunDirectory(Path path) {
  /** Linux allows 107 bytes and an end. */
  private static final int MAX_SOCKET_PATH = 107;

  /** A node cannot be reached, or went away; the message is for people. */
  static final class UnreachableException extends IOException {
    private static final long serialVersionUID = 1L;

    UnreachableException(String message, IOException cause) {
      super(message, cause);
    }
  }

  Path socket() {
    return path.resolve("node.sock");
  }

  Path lockFile() {
    return path.resolve("node.lock");
  }

  UnixDomainSocketAddress address() throws IOException {
    Path socket = socket();
    int length = socket.toString().getBytes(StandardCharsets.UTF_8).length;
    if (length > MAX_SOCKET_PATH) {
      throw new IOException(
          "the path of a socket has at most " + MAX_SOCKET_PATH + " bytes, this one: " + socket);
    }
    return UnixDomainSocketAddress.of(socket);
  }

  /** Asks the node. */
  Reply call(Request request) throws IOException {
    UnixDomainSocketAddress address = address();
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      try {
        channel.connect(address);
      } catch (IOException e) {
        throw new UnreachableException("no node is running in " + path, e);
      }
      try {
        OutputStream out = Channels.newOutputStream(channel);
        request.write(new DataOutputStream(new BufferedOutputStream(out)));
        return Reply.read(
            new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel))));
      } catch (IOException e) {
        throw new UnreachableException(
            "the node in " + path + " went away without an answer: " + e.getMessage(), e);
      }
    }
  }
}
