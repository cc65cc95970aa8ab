package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.Entry;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.Look;
import io.dmcl.lock.zookeeper.protocol.Request;
import io.dmcl.lock.zookeeper.protocol.RequestId;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Exclusive requests that were never granted, or never used, and whose session has ended for us: in
 * the next session their intents are deleted, or they would be taken for dead owners. Where the
 * coordination service has not ended the session yet, the entry is still there, and goes in the
 * same transaction: an entry without its intent would make up for another intent that has lost its
 * entry, so that a dead owner would be overlooked. Event loop only.
 */
final class Orphans {
  private final SideRequests side;
  private final List<Orphan> left = new ArrayList<>();

  /** A request; without its entry if we do not know whether it has one. */
  private record Orphan(LockPaths paths, RequestId id, @Nullable Entry entry) {
    WriteOp deleteIntent() {
      return new WriteOp.Delete(paths.intent(id));
    }
  }

  Orphans(SideRequests side) {
    this.side = side;
  }

  void add(LockPaths paths, Request request) {
    left.add(new Orphan(paths, request.id(), request.entry()));
  }

  /** Removes what is left behind, if there is a session. */
  void remove() {
    List<Orphan> orphans = List.copyOf(left);
    left.clear();
    for (Orphan orphan : orphans) {
      var unused =
          removeOne(orphan)
              .whenComplete(
                  (code, error) -> {
                    if (error != null) {
                      left.add(orphan); // the session ended again; the next one tries
                    }
                  });
    }
  }

  private CompletableFuture<Code> removeOne(Orphan orphan) {
    Entry entry = orphan.entry();
    if (entry == null) {
      return find(orphan);
    }
    WriteOp deleteEntry = new WriteOp.Delete(orphan.paths().entry(entry));
    return side.write(List.of(deleteEntry, orphan.deleteIntent()))
        .thenCompose(
            code -> // the entry went with its session
            code == Code.NO_NODE
                    ? side.write(List.of(orphan.deleteIntent()))
                    : CompletableFuture.completedFuture(code));
  }

  private CompletableFuture<Code> find(Orphan orphan) {
    return side.readNow(Look.reads(orphan.paths(), true))
        .thenCompose(
            replies -> {
              Look look = Look.of(replies);
              Entry entry = look.queue().find(orphan.id());
              List<RequestId> intents = look.intents();
              if (entry != null) {
                return removeOne(new Orphan(orphan.paths(), orphan.id(), entry));
              } else if (intents != null && intents.contains(orphan.id())) {
                return side.write(List.of(orphan.deleteIntent()));
              }
              return CompletableFuture.completedFuture(Code.OK); // it never was
            });
  }
}
