package io.dmcl.lock.zookeeper.sim;

import static java.util.Objects.requireNonNull;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A listener for tests: it writes down, in order, all that its client says. */
final class Recorder implements Coordinator.Listener {
  final SimClient client;
  private final List<String> log = new ArrayList<>();
  private @Nullable Session session;

  Recorder(SimClient client) {
    this.client = client;
    client.start(this);
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static WriteOp create(String path) {
    return new WriteOp.Create(path, bytes(""), WriteOp.Kind.PERSISTENT);
  }

  static WriteOp ephemeral(String path) {
    return new WriteOp.Create(path, bytes(""), WriteOp.Kind.EPHEMERAL);
  }

  static WriteOp sequential(String path) {
    return new WriteOp.Create(path, bytes(""), WriteOp.Kind.EPHEMERAL_SEQUENTIAL);
  }

  static WriteOp set(String path, String data) {
    return new WriteOp.SetData(path, bytes(data));
  }

  static WriteOp delete(String path) {
    return new WriteOp.Delete(path);
  }

  static ReadOp data(String path) {
    return new ReadOp.Data(path);
  }

  static ReadOp children(String path) {
    return new ReadOp.Children(path);
  }

  /** The last session that was opened. */
  Session session() {
    return requireNonNull(session);
  }

  void write(WriteOp... writes) {
    session()
        .transact(
            Arrays.asList(writes),
            reply -> {
              StringBuilder line = new StringBuilder(reply.code().name());
              for (Reply.Written written : reply.results()) {
                line.append(' ').append(written.code());
                if (written.createdPath() != null) {
                  line.append('=').append(written.createdPath());
                }
              }
              log.add(line.toString());
            });
  }

  void read(ReadOp... reads) {
    session().read(Arrays.asList(reads), replies -> replies.forEach(reply -> log.add(text(reply))));
  }

  void watch(ReadOp read) {
    session().watch(read, reply -> log.add(text(reply)));
  }

  static String text(Reply.Read reply) {
    return reply.code() != Code.OK
        ? reply.code().name()
        : "'"
            + new String(reply.data(), StandardCharsets.ISO_8859_1)
            + "'"
            + new TreeSet<>(reply.children());
  }

  /** What was said since the last call. */
  List<String> said() {
    List<String> said = List.copyOf(log);
    log.clear();
    return said;
  }

  @Override
  public void opened(Session session) {
    this.session = session;
    log.add("opened");
  }

  @Override
  public void disconnected(Session session) {
    log.add("disconnected");
  }

  @Override
  public void reconnected(Session session) {
    log.add("reconnected");
  }

  @Override
  public void ended(Session session) {
    log.add("ended");
  }

  @Override
  public void closing(Session session) {
    log.add("closing");
  }

  @Override
  public void watchFired(Session session, String path, Coordinator.WatchKind kind) {
    log.add(kind + " " + path);
  }

  @Override
  public void unavailable(String reason) {
    log.add("unavailable");
  }
}
