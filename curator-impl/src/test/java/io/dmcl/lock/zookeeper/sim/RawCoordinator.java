package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import io.dmcl.lock.zookeeper.runtime.Coordinator;
import io.dmcl.lock.zookeeper.runtime.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.HostProvider;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/** The port on a ZooKeeper handle and nothing else, for comparing with the real ensemble. */
final class RawCoordinator implements Coordinator, Session {
  private static final int TIMEOUT_MS = 30_000;

  private final String address;
  private final HostProvider hosts;
  private final Map<ReadOp, Watcher> watchers = new ConcurrentHashMap<>();
  private @Nullable ZooKeeper handle;
  private @Nullable Listener listener;
  private boolean opened;

  RawCoordinator(String address, HostProvider hosts) {
    this.address = address;
    this.hosts = hosts;
  }

  @Override
  public synchronized void start(Listener listener) {
    this.listener = listener;
    try {
      handle = new ZooKeeper(address, TIMEOUT_MS, this::changed, false, hosts);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private synchronized void changed(WatchedEvent event) {
    Listener told = listener;
    if (told == null || event.getType() != Watcher.Event.EventType.None) {
      return;
    }
    switch (event.getState()) {
      case SyncConnected -> {
        if (opened) {
          told.reconnected(this);
        } else {
          opened = true;
          told.opened(this);
        }
      }
      case Disconnected -> told.disconnected(this);
      case Expired -> told.ended(this);
      default -> {}
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      listener = null;
    }
    try {
      handle().close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized ZooKeeper handle() {
    if (handle == null) {
      throw new IllegalStateException("not started");
    }
    return handle;
  }

  @Override
  public long id() {
    return handle().getSessionId();
  }

  @Override
  public long timeoutNanos() {
    return handle().getSessionTimeout() * 1_000_000L;
  }

  @Override
  public long askedForNanos() {
    return Long.MIN_VALUE;
  }

  @Override
  public void transact(List<WriteOp> writes, Consumer<Reply.Transaction> callback) {
    List<Op> ops = new ArrayList<>();
    for (WriteOp write : writes) {
      if (write instanceof WriteOp.Create create) {
        CreateMode mode = CreateMode.valueOf(create.kind().name());
        ops.add(Op.create(create.path(), create.data(), ZooDefs.Ids.OPEN_ACL_UNSAFE, mode));
      } else if (write instanceof WriteOp.SetData set) {
        ops.add(Op.setData(set.path(), set.data(), -1));
      } else {
        ops.add(Op.delete(write.path(), -1));
      }
    }
    handle().multi(ops, (rc, path, context, results) -> callback.accept(reply(rc, results)), null);
  }

  private static Reply.Transaction reply(int rc, @Nullable List<OpResult> results) {
    if (results == null) {
      return Reply.Transaction.failed(code(rc));
    }
    List<Reply.Written> written = new ArrayList<>();
    Code first = Code.OK;
    for (OpResult result : results) {
      Code code = Code.OK;
      String created = null;
      ZnodeStat stat = null;
      if (result instanceof OpResult.ErrorResult error) {
        code = error.getErr() == 0 ? Code.ROLLED_BACK : code(error.getErr());
      } else if (result instanceof OpResult.CreateResult create) {
        created = create.getPath();
      } else if (result instanceof OpResult.SetDataResult set) {
        stat = stat(set.getStat());
      }
      if (first == Code.OK && code != Code.ROLLED_BACK) {
        first = code;
      }
      written.add(new Reply.Written(code, created, stat));
    }
    return new Reply.Transaction(first, written);
  }

  @Override
  public void read(List<ReadOp> reads, Consumer<List<Reply.Read>> callback) {
    List<Op> ops = new ArrayList<>();
    for (ReadOp read : reads) {
      ops.add(read instanceof ReadOp.Data ? Op.getData(read.path()) : Op.getChildren(read.path()));
    }
    handle()
        .multi(
            ops,
            (rc, path, context, results) -> callback.accept(replies(ops.size(), rc, results)),
            null);
  }

  private static List<Reply.Read> replies(int size, int rc, @Nullable List<OpResult> results) {
    if (results == null) {
      return Collections.nCopies(size, Reply.Read.failed(code(rc)));
    }
    List<Reply.Read> replies = new ArrayList<>();
    for (OpResult result : results) {
      if (result instanceof OpResult.GetDataResult data) {
        replies.add(Reply.Read.ofData(data.getData(), stat(data.getStat())));
      } else if (result instanceof OpResult.GetChildrenResult children) {
        replies.add(Reply.Read.ofChildren(children.getChildren(), null));
      } else {
        replies.add(Reply.Read.failed(code(((OpResult.ErrorResult) result).getErr())));
      }
    }
    return replies;
  }

  @Override
  public void watch(ReadOp read, Consumer<Reply.Read> callback) {
    Watcher watcher = watchers.computeIfAbsent(read, this::watcher);
    if (read instanceof ReadOp.Data) {
      handle()
          .getData(
              read.path(),
              watcher,
              (rc, path, context, data, stat) ->
                  callback.accept(
                      rc == 0 ? Reply.Read.ofData(data, stat(stat)) : Reply.Read.failed(code(rc))),
              null);
    } else {
      handle()
          .getChildren(
              read.path(),
              watcher,
              (rc, path, context, children, stat) ->
                  callback.accept(
                      rc == 0
                          ? Reply.Read.ofChildren(children, stat(stat))
                          : Reply.Read.failed(code(rc))),
              null);
    }
  }

  private Watcher watcher(ReadOp read) {
    WatchKind kind = read instanceof ReadOp.Data ? WatchKind.DATA : WatchKind.CHILDREN;
    return event -> {
      Listener told;
      synchronized (this) {
        told = listener;
      }
      boolean fired =
          switch (event.getType()) {
            case NodeDeleted, NodeDataChanged, NodeChildrenChanged -> true;
            default -> false;
          };
      if (told != null && fired) {
        told.watchFired(this, read.path(), kind);
      }
    };
  }

  @Override
  public void unwatch(ReadOp read) {
    Watcher.WatcherType type =
        read instanceof ReadOp.Data ? Watcher.WatcherType.Data : Watcher.WatcherType.Children;
    handle().removeAllWatches(read.path(), type, false, (rc, path, context) -> {}, null);
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

  private static Code code(int rc) {
    return switch (KeeperException.Code.get(rc)) {
      case OK -> Code.OK;
      case NONODE -> Code.NO_NODE;
      case NODEEXISTS -> Code.NODE_EXISTS;
      case NOTEMPTY -> Code.NOT_EMPTY;
      case RUNTIMEINCONSISTENCY -> Code.ROLLED_BACK;
      case CONNECTIONLOSS -> Code.CONNECTION_LOSS;
      case SESSIONEXPIRED -> Code.SESSION_ENDED;
      default -> Code.REFUSED;
    };
  }
}
