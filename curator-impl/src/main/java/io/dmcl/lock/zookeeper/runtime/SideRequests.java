package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.LockException;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Unit;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a node reads and writes beside the queues: on whichever session there is, or when there is
 * one. Event loop only.
 */
final class SideRequests {
  private final Node node;
  private final List<Waiting<?>> waiting = new ArrayList<>();

  /** What is to be done when there is a session, and who waits for it. */
  private record Waiting<T>(
      Function<Lane, CompletableFuture<T>> task, CompletableFuture<T> result) {
    void run(Lane lane) {
      try {
        task.apply(lane).whenComplete((value, error) -> Futures.relay(result, value, error));
      } catch (RuntimeException e) {
        result.completeExceptionally(e);
      }
    }
  }

  SideRequests(Node node) {
    this.node = node;
  }

  /** Does now what needs a session, or when there is one; fails if that will not be. */
  <T> CompletableFuture<T> withSession(Function<Lane, CompletableFuture<T>> task) {
    Waiting<T> wanted = new Waiting<>(task, node.promises().add(new CompletableFuture<>()));
    Lane lane = node.anyLane();
    if (lane != null) {
      wanted.run(lane);
    } else if (node.isClosed()) {
      wanted.result().completeExceptionally(node.closedException());
    } else {
      waiting.add(wanted);
    }
    return wanted.result();
  }

  /** There is a session. */
  void sessionOpened(Lane lane) {
    takeWaiting().forEach(one -> one.run(lane));
  }

  /** The lockspace is closed: whoever still waits for a session is told. */
  void close() {
    takeWaiting().forEach(one -> one.result().completeExceptionally(node.closedException()));
  }

  private List<Waiting<?>> takeWaiting() {
    List<Waiting<?>> all = List.copyOf(waiting);
    waiting.clear();
    return all;
  }

  /** An atomic multi-read. */
  CompletableFuture<List<Reply.Read>> read(List<ReadOp> reads) {
    return withSession(
        lane -> {
          CompletableFuture<List<Reply.Read>> result = new CompletableFuture<>();
          lane.submit(Unit.reading(new SideUnit(result, null), reads));
          return result;
        });
  }

  /** A multi-read behind a write, so that it does not show an older state than there was before. */
  CompletableFuture<List<Reply.Read>> readNow(List<ReadOp> reads) {
    return withSession(
        lane -> {
          CompletableFuture<List<Reply.Read>> result = new CompletableFuture<>();
          WriteOp write = new WriteOp.SetData(node.layout().node(lane.nonce()), node.nodeData());
          Unit.Owner owner =
              new SideUnit(result, null) {
                @Override
                public void refused(Unit unit, int index, Code code) {
                  if (code == Code.NO_NODE) {
                    // Our znode was deleted by hand. The refusal came behind all that was before
                    // it, and so does what is read from now on.
                    lane.submit(Unit.reading(this, reads));
                  } else {
                    super.refused(unit, index, code);
                  }
                }
              };
          lane.submit(new Unit(List.of(write), reads, false, owner));
          return result;
        });
  }

  /** Writes that may be repeated; completes with OK or the code of the first that was refused. */
  CompletableFuture<Code> write(List<WriteOp> writes) {
    return withSession(
        lane -> {
          CompletableFuture<Code> result = new CompletableFuture<>();
          lane.submit(Unit.writing(new SideUnit(null, result), writes));
          return result;
        });
  }

  /** Makes a lock's znodes if they are not there. */
  CompletableFuture<Void> makeLock(LocalLock lock) {
    return write(lock.paths().creates())
        .thenCompose(
            code -> // of a lock that is there somebody may have deleted the version by hand
            code == Code.NODE_EXISTS
                    ? write(List.of(lock.paths().createsVersion()))
                    : CompletableFuture.completedFuture(code))
        .thenCompose(
            code -> {
              if (code != Code.OK && code != Code.NODE_EXISTS) {
                throw new CoordinatorUnavailableException(
                    "lock " + lock.name() + " cannot be made: " + code);
              }
              lock.setLockExists(true);
              return CompletableFuture.completedFuture(null);
            });
  }

  /** A unit beside the queues: idempotent, so that it is simply repeated when in doubt. */
  private class SideUnit implements Unit.Owner {
    private final @Nullable CompletableFuture<List<Reply.Read>> read;
    private final @Nullable CompletableFuture<Code> written;

    SideUnit(
        @Nullable CompletableFuture<List<Reply.Read>> read,
        @Nullable CompletableFuture<Code> written) {
      this.read = read;
      this.written = written;
    }

    @Override
    public void written(Unit unit, List<Reply.Written> results, long zxid) {
      end(Code.OK);
    }

    @Override
    public void refused(Unit unit, int index, Code code) {
      end(code);
      if (read != null) {
        fail("the coordination service refuses to be written: " + code);
      }
    }

    @Override
    public void settled(Unit unit) {
      Lane lane = node.anyLane();
      if (lane == null) {
        ended(unit);
      } else {
        lane.submit(unit);
      }
    }

    @Override
    public void read(Unit unit, List<Reply.Read> replies) {
      if (read != null) {
        read.complete(replies);
      }
    }

    @Override
    public void readRefused(Unit unit, Code code) {
      fail("the coordination service refuses to be read: " + code);
    }

    @Override
    public void ended(Unit unit) {
      fail("the session ended");
    }

    private void end(Code code) {
      if (written != null) {
        written.complete(code);
      }
    }

    private void fail(String message) {
      LockException error =
          node.isClosed() ? node.closedException() : new CoordinatorUnavailableException(message);
      if (written != null) {
        written.completeExceptionally(error);
      }
      if (read != null) {
        read.completeExceptionally(error);
      }
    }
  }
}
