package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.cache.Waiter;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Look;
import io.dmcl.lock.zookeeper.protocol.Queue;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.Version;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What several planted bugs need. */
final class Wrong {
  private static final Set<Object> seen = Collections.newSetFromMap(new WeakHashMap<>());

  /** While a request is sent in parts, its parts are not taken apart again. */
  private static boolean inParts;

  private Wrong() {}

  @SuppressWarnings("unchecked")
  static List<WriteOp> writes(@Nullable Object writes) {
    return new ArrayList<>((List<WriteOp>) java.util.Objects.requireNonNull(writes));
  }

  @SuppressWarnings("unchecked")
  static List<ReadOp> reads(@Nullable Object reads) {
    return (List<ReadOp>) java.util.Objects.requireNonNull(reads);
  }

  /** Whether this is asked for the first time. */
  static boolean isFirst(Object of) {
    return seen.add(of);
  }

  static WriteOp withoutValue(WriteOp op) {
    return op instanceof WriteOp.SetData set && set.data().length > 0
        ? new WriteOp.SetData(set.path(), Arrays.copyOf(set.data(), 1 + set.data()[0]))
        : op;
  }

  /** Whoever follows himself at once is alone, and nobody has died. */
  static @Nullable Look lookWithoutTheDead(Object succession, @Nullable Object next) {
    Entry own = (Entry) java.util.Objects.requireNonNull(next);
    Version left = (Version) Peek.get(succession, "left");
    Version alive = new Version(left.czxid(), left.mzxid(), 1, left.releaser(), left.value());
    return Integer.valueOf(0).equals(Peek.call(succession, "came", own))
        ? new Look(new Queue(List.of(own)), alive, null)
        : null;
  }

  /** The intent that stays is one of those that were found. */
  @SuppressWarnings("unchecked")
  static List<WriteOp> intentDeletions(
      Object publication, @Nullable Object lock, @Nullable Object own) {
    LockPaths paths = (LockPaths) java.util.Objects.requireNonNull(lock);
    List<WriteOp> writes = new ArrayList<>();
    writes.add(new WriteOp.Delete(paths.intent((RequestId) java.util.Objects.requireNonNull(own))));
    ((List<RequestId>) Peek.get(publication, "dead"))
        .stream()
            .skip((boolean) Peek.get(publication, "recovered") ? 0 : 1)
            .forEach(one -> writes.add(new WriteOp.Delete(paths.intent(one))));
    return writes;
  }

  /** A set asks only for what is not cached, and waits while it keeps what is. */
  @SuppressWarnings("unchecked")
  static void gatherWhatIsNotCached(Object set, Callable<?> original) throws Exception {
    List<Waiter> members = (List<Waiter>) Peek.get(set, "members");
    List<Waiter> cached = new ArrayList<>();
    for (Waiter member : members) {
      LocalLock lock = (LocalLock) Peek.get(member, "lock");
      if (lock.fastGrant() != null
          && Boolean.TRUE.equals(Peek.call(lock, "isHead", member))
          && Boolean.TRUE.equals(Peek.call(lock, "isQuiet"))) {
        cached.add(member);
      }
    }
    if (cached.isEmpty() || cached.size() == members.size()) {
      original.call();
      return;
    }
    members.removeAll(cached);
    original.call();
    members.addAll(cached);
    boolean rides = Peek.get(set, "phase").toString().equals("ENTERING");
    for (Waiter member : cached) {
      Peek.set(Peek.get(member, "lock"), "pinned", rides);
    }
  }

  /** A transaction that makes entries in several locks as one transaction for each. */
  @SuppressWarnings("unchecked")
  static @Nullable Object transactInTwo(
      SimSession session, @Nullable Object[] args, Callable<?> original) throws Exception {
    List<WriteOp> writes = writes(args[0]);
    int cut = inParts ? -1 : secondLock(writes);
    if (cut < 0) {
      return original.call();
    }
    Consumer<Reply.Transaction> callback =
        (Consumer<Reply.Transaction>) java.util.Objects.requireNonNull(args[1]);
    WriteOp bump = writes.get(writes.size() - 1);
    List<WriteOp> first = new ArrayList<>(writes.subList(0, cut));
    first.add(bump);
    List<WriteOp> second = writes.subList(cut, writes.size());
    List<Reply.Written> done = new ArrayList<>();
    Code[] failed = {Code.OK};
    inParts = true;
    session.transact(
        first,
        reply -> {
          failed[0] = reply.code();
          done.addAll(reply.results());
          if (!done.isEmpty()) {
            done.remove(done.size() - 1);
          }
        });
    session.transact(
        second,
        reply -> {
          if (failed[0] != Code.OK) {
            callback.accept(Reply.Transaction.failed(failed[0]));
          } else {
            done.addAll(reply.results());
            callback.accept(reply.code() == Code.OK ? new Reply.Transaction(Code.OK, done) : reply);
          }
        });
    inParts = false;
    return null;
  }

  /** Where the creates of the second lock's entry begin; -1 if there is none. */
  private static int secondLock(List<WriteOp> writes) {
    boolean any = false;
    for (int i = 0; i < writes.size(); i++) {
      if (writes.get(i) instanceof WriteOp.Create create
          && create.kind() == WriteOp.Kind.EPHEMERAL_SEQUENTIAL) {
        if (any) {
          return i;
        }
        any = true;
      }
    }
    return -1;
  }

  /** A multi-read as two: the versions, then the queues. */
  @SuppressWarnings("unchecked")
  static @Nullable Object readInTwo(
      SimSession session, @Nullable Object[] args, Callable<?> original) throws Exception {
    List<ReadOp> reads = reads(args[0]);
    List<ReadOp> versions = reads.stream().filter(Wrong::isVersion).toList();
    List<ReadOp> queues = reads.stream().filter(op -> !isVersion(op)).toList();
    if (inParts || versions.isEmpty() || queues.isEmpty()) {
      return original.call();
    }
    Consumer<List<Reply.Read>> callback =
        (Consumer<List<Reply.Read>>) java.util.Objects.requireNonNull(args[1]);
    List<Reply.Read> early = new ArrayList<>();
    inParts = true;
    session.read(versions, early::addAll);
    session.read(
        queues,
        late -> {
          int nextEarly = 0;
          int nextLate = 0;
          List<Reply.Read> all = new ArrayList<>();
          for (ReadOp op : reads) {
            all.add(isVersion(op) ? early.get(nextEarly++) : late.get(nextLate++));
          }
          callback.accept(all);
        });
    inParts = false;
    return null;
  }

  private static boolean isVersion(ReadOp op) {
    return op.path().endsWith("/version");
  }
}
