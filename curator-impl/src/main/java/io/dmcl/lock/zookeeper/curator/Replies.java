package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Translates ZooKeeper's results. */
final class Replies {
  private static final Logger log = LoggerFactory.getLogger(Replies.class);
  private static final long LOG_EVERY_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final Map<Integer, Long> LOGGED = new ConcurrentHashMap<>();
  private static final byte[] NO_DATA = new byte[0];

  private Replies() {}

  /**
   * The reply to a transaction.
   *
   * @param rc the callback's code: in the asynchronous form the first error among the results
   * @param results null or empty if the request as a whole failed
   */
  static Reply.Transaction transaction(
      List<WriteOp> writes, int rc, @Nullable List<OpResult> results) {
    if (results == null || results.size() != writes.size()) {
      return Reply.Transaction.failed(failure(rc));
    }
    boolean done = rc == KeeperException.Code.OK.intValue();
    List<Reply.Written> written = new ArrayList<>(results.size());
    Code first = done ? Code.OK : Code.REFUSED;
    boolean found = done;
    for (int i = 0; i < results.size(); i++) {
      Reply.Written one = written(writes.get(i), results.get(i), done);
      if (!found && one.code() != Code.ROLLED_BACK) {
        first = one.code();
        found = true;
      }
      written.add(one);
    }
    return new Reply.Transaction(first, written);
  }

  private static Reply.Written written(WriteOp write, OpResult result, boolean done) {
    if (result instanceof OpResult.ErrorResult error) {
      int err = error.getErr();
      // Members before the one that failed have code 0, members behind it RUNTIMEINCONSISTENCY.
      boolean rolledBack =
          err == KeeperException.Code.OK.intValue()
              || err == KeeperException.Code.RUNTIMEINCONSISTENCY.intValue();
      return new Reply.Written(rolledBack ? Code.ROLLED_BACK : failure(err), null, null);
    }
    if (!done) {
      return new Reply.Written(Code.ROLLED_BACK, null, null);
    }
    if (result instanceof OpResult.CreateResult created) {
      return new Reply.Written(Code.OK, createdPath(write.path(), created.getPath()), null);
    }
    if (result instanceof OpResult.SetDataResult set) {
      return new Reply.Written(Code.OK, null, stat(set.getStat()));
    }
    return new Reply.Written(Code.OK, null, null);
  }

  /**
   * The name that the server chose, in the directory that was asked for: the result's own directory
   * may or may not have the chroot in it.
   */
  private static String createdPath(String askedFor, String created) {
    return askedFor.substring(0, askedFor.lastIndexOf('/'))
        + created.substring(created.lastIndexOf('/'));
  }

  /** The replies to a multi-read of {@code count} members. */
  static List<Reply.Read> reads(int count, int rc, @Nullable List<OpResult> results) {
    List<Reply.Read> reads = new ArrayList<>(count);
    if (results == null || results.size() != count) {
      return failedReads(count, failure(rc));
    }
    for (OpResult result : results) {
      if (result instanceof OpResult.GetChildrenResult children) {
        reads.add(Reply.Read.ofChildren(children.getChildren(), null));
      } else if (result instanceof OpResult.GetDataResult data) {
        reads.add(data(data.getData(), data.getStat()));
      } else if (result instanceof OpResult.ErrorResult error) {
        reads.add(Reply.Read.failed(failure(error.getErr())));
      } else {
        reads.add(Reply.Read.failed(Code.REFUSED));
      }
    }
    return reads;
  }

  static List<Reply.Read> failedReads(int count, Code code) {
    List<Reply.Read> reads = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      reads.add(Reply.Read.failed(code));
    }
    return reads;
  }

  static Reply.Read data(int rc, byte @Nullable [] data, @Nullable Stat stat) {
    return rc == KeeperException.Code.OK.intValue() && stat != null
        ? data(data, stat)
        : Reply.Read.failed(failure(rc));
  }

  private static Reply.Read data(byte @Nullable [] data, Stat stat) {
    return Reply.Read.ofData(data == null ? NO_DATA : data, stat(stat));
  }

  static Reply.Read children(int rc, @Nullable List<String> children, @Nullable Stat stat) {
    return rc == KeeperException.Code.OK.intValue() && children != null && stat != null
        ? Reply.Read.ofChildren(children, stat(stat))
        : Reply.Read.failed(failure(rc));
  }

  private static ZnodeStat stat(Stat stat) {
    return new ZnodeStat(
        stat.getCzxid(),
        stat.getMzxid(),
        stat.getPzxid(),
        stat.getCversion(),
        stat.getVersion(),
        stat.getNumChildren());
  }

  /** The code of something that did not end OK. */
  static Code failure(int rc) {
    KeeperException.Code code = KeeperException.Code.get(rc);
    if (code == null || code == KeeperException.Code.OK) {
      return refused(rc, code);
    }
    return switch (code) {
      case NONODE -> Code.NO_NODE;
      case NODEEXISTS -> Code.NODE_EXISTS;
      case NOTEMPTY -> Code.NOT_EMPTY;
      case NOAUTH -> Code.NO_AUTH;
      case RUNTIMEINCONSISTENCY -> Code.ROLLED_BACK;
      // A server that says that the session has moved closes the connection.
      case CONNECTIONLOSS, OPERATIONTIMEOUT, REQUESTTIMEOUT, SESSIONMOVED -> Code.CONNECTION_LOSS;
      case SESSIONEXPIRED, AUTHFAILED, SESSIONCLOSEDREQUIRESASLAUTH -> Code.SESSION_ENDED;
      default -> refused(rc, code);
    };
  }

  private static Code refused(int rc, KeeperException.@Nullable Code code) {
    long now = System.nanoTime();
    Long next =
        LOGGED.compute(
            rc, (key, last) -> last == null || now - last >= LOG_EVERY_NANOS ? (Long) now : last);
    if (next != null && next == now) {
      log.warn(
          "ZooKeeper refused a request with code {} ({}); it is not said again for {} s",
          rc,
          code == null ? "unknown" : code,
          TimeUnit.NANOSECONDS.toSeconds(LOG_EVERY_NANOS));
    }
    return Code.REFUSED;
  }
}
