package io.dmcl.dm.cli.device;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Answers requests on the socket of a run directory, each on a thread of its own: a bio to a
 * suspended device waits, and the others must not wait with it. At most one server has a directory.
 */
final class DeviceServer implements AutoCloseable {
  private final RunDirectory directory;
  private final Function<Request, Reply> answers;
  private final FileChannel lockFile;
  private final ServerSocketChannel socket;
  private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

  private DeviceServer(
      RunDirectory directory,
      Function<Request, Reply> answers,
      FileChannel lockFile,
      ServerSocketChannel socket) {
    this.directory = directory;
    this.answers = answers;
    this.lockFile = lockFile;
    this.socket = socket;
  }

  /** Begins to answer. A directory that is made here is for its owner only. */
  static DeviceServer start(RunDirectory directory, Function<Request, Reply> answers)
      throws IOException {
    Path path = directory.path();
    if (!Files.isDirectory(path)) {
      Files.createDirectories(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    FileChannel lockFile =
        FileChannel.open(directory.lockFile(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!lock(lockFile)) {
        throw new IOException("a node is running in " + path + " already");
      }
      Files.deleteIfExists(directory.socket());
      ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        socket.bind(directory.address());
      } catch (IOException | RuntimeException e) {
        socket.close();
        throw e;
      }
      DeviceServer server = new DeviceServer(directory, answers, lockFile, socket);
      daemon(server::accept, "dm-accept");
      return server;
    } catch (IOException | RuntimeException e) {
      lockFile.close();
      throw e;
    }
  }

  private static boolean lock(FileChannel file) throws IOException {
    try {
      FileLock lock = file.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static void daemon(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (socket.isOpen()) {
      try {
        SocketChannel connection = socket.accept();
        connections.add(connection);
        daemon(() -> serve(connection), "dm-request");
      } catch (IOException e) {
        // closed, or somebody who gave up before he was heard
      }
    }
  }

  private void serve(SocketChannel connection) {
    try (connection) {
      DataInputStream in =
          new DataInputStream(new BufferedInputStream(Channels.newInputStream(connection)));
      DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(connection)));
      answers.apply(Request.read(in)).write(out);
    } catch (IOException e) {
      // the other end is gone, and what it asked for is done
    } finally {
      connections.remove(connection);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      socket.close();
      Files.deleteIfExists(directory.socket());
      for (SocketChannel connection : connections) {
        connection.close();
      }
    } finally {
      lockFile.close();
    }
  }
}
