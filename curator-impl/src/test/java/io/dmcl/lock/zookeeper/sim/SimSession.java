package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/** A session, as its client knows it. */
public final class SimSession implements Session {
  private final SimClient client;
  private final long id;
  private final long timeoutNanos;
  private final long askedForNanos;

  /** The watches that are set, by kind. */
  final Set<String> dataWatches = new TreeSet<>();

  final Set<String> childWatches = new TreeSet<>();

  /** It is over for the client. */
  boolean ended;

  SimSession(SimClient client, long id, long timeoutNanos, long askedForNanos) {
    this.client = client;
    this.id = id;
    this.timeoutNanos = timeoutNanos;
    this.askedForNanos = askedForNanos;
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public long timeoutNanos() {
    return timeoutNanos;
  }

  @Override
  public long askedForNanos() {
    return askedForNanos;
  }

  @Override
  public void transact(List<WriteOp> writes, Consumer<Reply.Transaction> callback) {
    client.send(this, new Request.Write(List.copyOf(writes), callback));
  }

  @Override
  public void read(List<ReadOp> reads, Consumer<List<Reply.Read>> callback) {
    client.send(this, new Request.Read(List.copyOf(reads), callback));
  }

  @Override
  public void watch(ReadOp read, Consumer<Reply.Read> callback) {
    client.send(this, new Request.Watch(read, callback));
  }

  @Override
  public void unwatch(ReadOp read) {
    client.send(this, new Request.Unwatch(read));
  }

  Set<String> watchesOf(ReadOp read) {
    return read instanceof ReadOp.Data ? dataWatches : childWatches;
  }

  @Override
  public String toString() {
    return "session " + Long.toHexString(id);
  }
}
