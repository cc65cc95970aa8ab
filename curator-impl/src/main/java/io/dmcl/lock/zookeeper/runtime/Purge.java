package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.LockName;
import io.dmcl.lock.zookeeper.cache.LocalLock;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.LockPaths;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Removes a lock's znodes. The coordination service refuses if the lock has entries or its version
 * has intents, so that what is held, waited for, or has a dead owner to be reported stays. Event
 * loop only.
 */
final class Purge {
  private Purge() {}

  static CompletableFuture<Boolean> one(Node node, LockName name) {
    LockHandle handle = node.handle(name);
    if (handle != null) {
      LocalLock local = handle.local();
      if (local.isInUse() || local.fastGrant() != null || !local.isAtRest()) {
        return CompletableFuture.completedFuture(false);
      }
      local.setLockExists(false);
    }
    return at(node, node.layout().lock(name));
  }

  static CompletableFuture<Boolean> at(Node node, LockPaths paths) {
    WriteOp lock = new WriteOp.Delete(paths.lock());
    return node.side()
        .write(List.of(new WriteOp.Delete(paths.version()), lock))
        .thenCompose(
            code -> // no lock, or one whose version somebody has deleted by hand
            code == Code.NO_NODE
                    ? node.side().write(List.of(lock))
                    : CompletableFuture.completedFuture(code))
        .thenApply(
            code -> {
              switch (code) {
                case OK:
                case NO_NODE:
                  return true;
                case NOT_EMPTY:
                  return false;
                default:
                  throw new CoordinatorUnavailableException(
                      "lock " + paths + " cannot be purged: " + code);
              }
            });
  }
}
