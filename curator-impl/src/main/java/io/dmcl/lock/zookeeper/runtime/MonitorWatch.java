package io.dmcl.lock.zookeeper.runtime;

import io.dmcl.lock.MonitorListener;
import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.Version;
import io.dmcl.lock.zookeeper.protocol.WatchOwner;
import io.dmcl.lock.zookeeper.protocol.ZnodeStat;
import org.jspecify.annotations.Nullable;

/**
 * Watches a lock's version while the node has no grant, and tells the lock's monitor listener when
 * another node has bumped it. Event loop only.
 */
final class MonitorWatch implements WatchOwner {
  private final Node node;
  private final LockHandle handle;
  private final ReadOp read;
  private @Nullable Lane lane;
  private boolean making;
  private boolean seen;
  private long seenVersion;

  MonitorWatch(Node node, LockHandle handle) {
    this.node = node;
    this.handle = handle;
    this.read = new ReadOp.Data(handle.local().paths().version());
  }

  /** Watches, if it does not yet. */
  void arm() {
    Lane on = node.anyLane();
    if (lane == null && !making && on != null) {
      lane = on;
      on.watch(this, read);
    }
  }

  void stop() {
    if (lane != null) {
      lane.unwatch(this, read);
      lane = null;
    }
  }

  /** The watch has gone with its session; what was seen is remembered. */
  void sessionEnded(Lane of) {
    if (of == lane) {
      lane = null;
    }
  }

  /** Watches again, if there is still somebody to be told. */
  void resume() {
    if (handle.local().isMonitored()) {
      arm();
    }
  }

  @Override
  public void watchSet(ReadOp of, Reply.Read reply) {
    ZnodeStat stat = reply.stat();
    if (reply.code() != Code.OK || stat == null) {
      lane = null;
      if (reply.code() == Code.NO_NODE) {
        makeLock();
      }
      return;
    }
    Version version = Version.of(reply.data(), stat);
    boolean news = handle.local().isNews(version, seen ? seenVersion : null);
    seen = true;
    seenVersion = version.mzxid();
    MonitorListener listener = handle.local().options().monitorListener();
    if (news && listener != null) {
      node.listen(() -> listener.modified(handle, version.mzxid()));
    }
  }

  /** Somebody has purged it; what is not there cannot be watched, and others may use it again. */
  private void makeLock() {
    making = true;
    var unused =
        node.side()
            .makeLock(handle.local())
            .whenComplete(
                (made, error) -> {
                  making = false;
                  if (error == null) {
                    resume();
                  }
                });
  }

  @Override
  public void watchFired(ReadOp of) {
    lane = null;
    resume();
  }
}
