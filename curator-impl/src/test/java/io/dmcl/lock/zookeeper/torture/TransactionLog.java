package io.dmcl.lock.zookeeper.torture;

import io.dmcl.lock.zookeeper.sim.Change;
import io.dmcl.lock.zookeeper.sim.Txn;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.jute.BinaryInputArchive;
import org.apache.jute.Record;
import org.apache.zookeeper.ZooDefs.OpCode;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.apache.zookeeper.server.persistence.TxnLog.TxnIterator;
import org.apache.zookeeper.txn.CreateTxn;
import org.apache.zookeeper.txn.DeleteTxn;
import org.apache.zookeeper.txn.MultiTxn;
import org.apache.zookeeper.txn.SetDataTxn;
import org.apache.zookeeper.txn.TxnHeader;
import org.jspecify.annotations.Nullable;

/**
 * What an ensemble has committed, from the logs of its stopped servers. A leader that was killed
 * may have logged at the end of its epoch what nobody else has: that was not committed, and it is
 * still in the log if the server got a snapshot afterwards. So what counts is what two of them
 * have. A server that got a snapshot also has gaps; so what only one has counts if two have
 * something later of the same epoch.
 */
final class TransactionLog {
  private final String below;
  private final Map<Long, Set<String>> ephemerals = new HashMap<>();
  private long last;
  private int gaps;

  /** What happens below this path; the rest is passed over. */
  TransactionLog(String below) {
    this.below = below + '/';
  }

  /**
   * A committed transaction.
   *
   * @param timeMillis when the leader began with it, by the wall clock; it was committed later
   */
  record Logged(Txn txn, long timeMillis) {}

  private record Entry(TxnHeader header, @Nullable Record record) {}

  /** How many transactions are missing in between. */
  int gaps() {
    return gaps;
  }

  /** Reads all that the servers with these data directories have. */
  void read(List<Path> directories, Consumer<Logged> reader) throws IOException {
    List<TxnIterator> logs = new ArrayList<>();
    for (Path directory : directories) {
      logs.add(new FileTxnLog(directory.resolve("version-2").toFile()).read(1));
    }
    List<Entry> doubtful = new ArrayList<>();
    for (long zxid = next(logs); zxid != Long.MAX_VALUE; zxid = next(logs)) {
      int count = 0;
      for (TxnIterator log : logs) {
        TxnHeader header = log.getHeader();
        if (header != null && header.getZxid() == zxid) {
          if (count++ == 0) {
            doubtful.add(new Entry(header, log.getTxn()));
          }
          log.next();
        }
      }
      long epoch = zxid >>> 32;
      doubtful.removeIf(entry -> entry.header.getZxid() >>> 32 != epoch);
      if (count > 1) {
        for (Entry entry : doubtful) {
          committed(entry, reader);
        }
        doubtful.clear();
      }
    }
    for (TxnIterator log : logs) {
      log.close();
    }
  }

  private void committed(Entry entry, Consumer<Logged> reader) throws IOException {
    long zxid = entry.header.getZxid();
    boolean follows = zxid == last + 1 || zxid >>> 32 != last >>> 32;
    gaps += follows ? 0 : 1;
    last = zxid;
    Logged logged = take(entry.header, entry.record);
    if (!logged.txn.changes().isEmpty()) {
      reader.accept(logged);
    }
  }

  private static long next(List<TxnIterator> logs) {
    long zxid = Long.MAX_VALUE;
    for (TxnIterator log : logs) {
      if (log.getHeader() != null) {
        zxid = Math.min(zxid, log.getHeader().getZxid());
      }
    }
    return zxid;
  }

  private Logged take(TxnHeader header, @Nullable Record record) throws IOException {
    List<Change> changes = new ArrayList<>();
    long session = header.getClientId();
    Txn.Kind kind = Txn.Kind.WRITE;
    if (header.getType() == OpCode.closeSession) {
      kind = Txn.Kind.CLOSE_SESSION;
      Set<String> paths = ephemerals.remove(session);
      if (paths != null) {
        paths.forEach(path -> changes.add(new Change.Deleted(path)));
      }
    } else if (header.getType() == OpCode.createSession) {
      kind = Txn.Kind.OPEN_SESSION;
    } else if (record instanceof MultiTxn multi) {
      takeAll(session, multi, changes);
    } else if (record != null) {
      take(session, record, changes);
    }
    return new Logged(Txn.logged(header.getZxid(), kind, session, changes), header.getTime());
  }

  private void takeAll(long session, MultiTxn multi, List<Change> changes) throws IOException {
    for (org.apache.zookeeper.txn.Txn member : multi.getTxns()) {
      if (member.getType() == OpCode.error) {
        return; // all or nothing: nothing
      }
    }
    for (org.apache.zookeeper.txn.Txn member : multi.getTxns()) {
      Record record =
          switch (member.getType()) {
            case OpCode.create, OpCode.create2 -> new CreateTxn();
            case OpCode.delete -> new DeleteTxn();
            case OpCode.setData -> new SetDataTxn();
            default -> null;
          };
      if (record != null) {
        record.deserialize(
            BinaryInputArchive.getArchive(new ByteArrayInputStream(member.getData())), "txn");
        take(session, record, changes);
      }
    }
  }

  private void take(long session, Record record, List<Change> changes) {
    if (record instanceof CreateTxn create && create.getPath().startsWith(below)) {
      long owner = create.getEphemeral() ? session : 0;
      if (owner != 0) {
        ephemerals.computeIfAbsent(owner, id -> new LinkedHashSet<>()).add(create.getPath());
      }
      byte[] data = create.getData() == null ? new byte[0] : create.getData();
      changes.add(new Change.Created(create.getPath(), data, owner, create.getParentCVersion()));
    } else if (record instanceof DeleteTxn delete && delete.getPath().startsWith(below)) {
      ephemerals.values().forEach(paths -> paths.remove(delete.getPath()));
      changes.add(new Change.Deleted(delete.getPath()));
    } else if (record instanceof SetDataTxn set && set.getPath().startsWith(below)) {
      byte[] data = set.getData() == null ? new byte[0] : set.getData();
      changes.add(new Change.Set(set.getPath(), data));
    }
  }
}
