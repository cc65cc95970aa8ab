package io.dmcl.lock.zookeeper.curator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.runtime.Coordinator.WatchKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.ClientCnxn;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;

/**
 * The one watcher that we have on a ZooKeeper handle, whatever the number of nodes that share the
 * handle, and the record of which of them watches what.
 *
 * <p>There is one for two reasons.
 *
 * <ul>
 *   <li><b>Order.</b> ZooKeeper gives every change of the connection to every watcher that some
 *       watch has registered, in one queue with the callbacks. An {@code exists} watch on a name
 *       that nobody ever creates (the anchor) keeps this one registered for good. The default
 *       watcher is Curator's, and Curator's listeners run elsewhere and drop events.
 *   <li><b>Removal.</b> {@code ZooKeeper.removeWatches(path, watcher, …)} tells the server only to
 *       <em>check</em> the watch: it stays there until it fires. {@code removeAllWatches} does
 *       remove it there, and with it those of everybody else on the same handle. So a watch is
 *       removed, with {@code removeAllWatches}, when the last of our nodes on this handle has given
 *       it up; until then giving it up sends nothing.
 * </ul>
 *
 * <p>Not protected: somebody else's watch, through the same handle, on a path of a lockspace. It
 * ends with ours; ZooKeeper tells its watcher so ({@code DataWatchRemoved}).
 *
 * <p>A removal is not asked to succeed locally without the server ({@code local = false}). If it
 * were, one in flight when the connection breaks would make ZooKeeper swallow the {@code
 * Disconnected} event, for us and for everybody on the handle. Instead it is sent again after the
 * reconnection.
 */
final class HandleWatch implements Watcher {
  @GuardedBy("HANDLES")
  private static final Map<ZooKeeper, HandleWatch> HANDLES = new IdentityHashMap<>();

  /** What is told of a handle. On ZooKeeper's event thread. */
  interface Subscriber {
    void stateChanged(Event.KeeperState state);

    void fired(String handlePath, WatchKind kind);
  }

  private record Key(String path, WatchKind kind) {}

  /**
   * What a subscriber wants at a path. There may be very many, nearly all of them the same.
   *
   * @param asked its reads that have not been answered
   * @param armed whether it is to be told
   * @param set whether the server may have our watch there; one of the subscribers knows
   */
  private record Want(int asked, boolean armed, boolean set) {
    static final Want NOTHING = new Want(0, false, false);
    static final Want ARMED = new Want(0, true, true);

    static Want of(int asked, boolean armed, boolean set) {
      return asked == 0 && armed && set ? ARMED : new Want(asked, armed, set);
    }

    boolean isNothing() {
      return asked == 0 && !armed;
    }
  }

  /** All that a subscriber wants, by path. */
  private static final class Wants {
    private final Map<String, Want> data = new HashMap<>();
    private final Map<String, Want> children = new HashMap<>();

    Map<String, Want> of(WatchKind kind) {
      return kind == WatchKind.CHILDREN ? children : data;
    }
  }

  private final ZooKeeper zooKeeper;
  private final String anchor = "/zookeeper/dmcl-" + UUID.randomUUID();
  private final List<Subscriber> subscribers = new CopyOnWriteArrayList<>();
  private volatile boolean dead;

  @GuardedBy("HANDLES")
  private int users;

  @GuardedBy("this")
  private final Map<Subscriber, Wants> wants = new LinkedHashMap<>();

  /** Removals whose reply was lost with the connection. */
  @GuardedBy("this")
  private final Set<Key> unfinished = new HashSet<>();

  private HandleWatch(ZooKeeper zooKeeper) {
    this.zooKeeper = zooKeeper;
  }

  /** The handle's watcher; to be released as often as acquired. */
  static HandleWatch acquire(ZooKeeper zooKeeper) {
    synchronized (HANDLES) {
      HandleWatch watch = HANDLES.computeIfAbsent(zooKeeper, HandleWatch::new);
      watch.users++;
      return watch;
    }
  }

  void release() {
    synchronized (HANDLES) {
      if (--users > 0) {
        return;
      }
      HANDLES.remove(zooKeeper);
    }
    removeAtServer(new Key(anchor, WatchKind.DATA));
  }

  ZooKeeper zooKeeper() {
    return zooKeeper;
  }

  /** Whether the handle is past use. */
  boolean isDead() {
    return dead || !zooKeeper.getState().isAlive();
  }

  /** Registers this watcher; from the callback on, all state changes reach the subscribers. */
  void anchor(AsyncCallback.StatCallback callback) {
    zooKeeper.exists(anchor, this, callback, null);
  }

  /** To be called on the event thread, in the anchor's callback. */
  void subscribe(Subscriber subscriber) {
    subscribers.add(subscriber);
  }

  /** Sends a read that sets a watch; {@link #answered} has to follow. */
  synchronized void watch(
      Subscriber subscriber,
      String path,
      ReadOp read,
      AsyncCallback.DataCallback onData,
      AsyncCallback.Children2Callback onChildren) {
    Map<String, Want> own =
        wants.computeIfAbsent(subscriber, absent -> new Wants()).of(kindOf(read));
    Want want = own.getOrDefault(path, Want.NOTHING);
    own.put(path, Want.of(want.asked + 1, want.armed, want.set));
    if (read instanceof ReadOp.Children) {
      zooKeeper.getChildren(path, this, onChildren, null);
    } else {
      zooKeeper.getData(path, this, onData, null);
    }
  }

  /** What became of a read that sets a watch. */
  synchronized void answered(Subscriber subscriber, String path, WatchKind kind, boolean ok) {
    Map<String, Want> own = of(subscriber, kind);
    Want want = own.get(path);
    if (want != null) {
      put(own, path, kind, Want.of(Math.max(0, want.asked - 1), want.armed | ok, want.set | ok));
    } else if (ok) {
      boolean unused = bequeath(path, kind); // if nobody wants it, its removal has been sent
    }
  }

  /** A read that nobody waits for any more was answered OK after all, so its watch is set. */
  synchronized void answeredTooLate(String path, WatchKind kind) {
    bequeathOrRemove(path, kind);
  }

  /** The subscriber gives up what it has asked for or set. */
  synchronized void unwatch(Subscriber subscriber, String path, WatchKind kind) {
    abandoned(path, kind, of(subscriber, kind).remove(path));
  }

  /** The subscriber is gone, and its watches with it. */
  void unsubscribe(Subscriber subscriber) {
    subscribers.remove(subscriber);
    synchronized (this) {
      Wants gone = wants.remove(subscriber);
      if (gone != null) {
        for (WatchKind kind : WatchKind.values()) {
          for (Map.Entry<String, Want> each : gone.of(kind).entrySet()) {
            abandoned(each.getKey(), kind, each.getValue());
          }
        }
      }
    }
  }

  static WatchKind kindOf(ReadOp read) {
    return read instanceof ReadOp.Children ? WatchKind.CHILDREN : WatchKind.DATA;
  }

  @GuardedBy("this")
  private Map<String, Want> of(Subscriber subscriber, WatchKind kind) {
    Wants own = wants.get(subscriber);
    return own == null ? Collections.emptyMap() : own.of(kind);
  }

  @GuardedBy("this")
  private void put(Map<String, Want> own, String path, WatchKind kind, Want want) {
    if (!want.isNothing()) {
      own.put(path, want);
    } else {
      own.remove(path);
      if (want.set) {
        bequeathOrRemove(path, kind);
      }
    }
  }

  @GuardedBy("this")
  private void abandoned(String path, WatchKind kind, @Nullable Want want) {
    // A read that has been sent will have set it when the removal arrives.
    if (want != null && (want.set || want.asked > 0)) {
      bequeathOrRemove(path, kind);
    }
  }

  /**
   * The watch that may be at the server is another subscriber's now; if nobody wants it, it goes.
   */
  @GuardedBy("this")
  private void bequeathOrRemove(String path, WatchKind kind) {
    if (!bequeath(path, kind)) {
      removeAtServer(new Key(path, kind));
    }
  }

  @GuardedBy("this")
  private boolean bequeath(String path, WatchKind kind) {
    for (Wants each : wants.values()) {
      Want heir = each.of(kind).get(path);
      if (heir != null) {
        each.of(kind).put(path, Want.of(heir.asked, heir.armed, true));
        return true;
      }
    }
    return false;
  }

  private void removeAtServer(Key key) {
    if (isDead()) {
      return;
    }
    WatcherType type = key.kind() == WatchKind.CHILDREN ? WatcherType.Children : WatcherType.Data;
    zooKeeper.removeAllWatches(key.path(), type, false, this::removed, key);
  }

  private void removed(int rc, String path, @Nullable Object key) {
    // Elsewhere than on the event thread the handle is dead, and ZooKeeper's own locks are held.
    if (rc == KeeperException.Code.CONNECTIONLOSS.intValue()
        && key != null
        && ClientCnxn.isInEventThread()) {
      synchronized (this) {
        unfinished.add((Key) key);
      }
    }
  }

  /** ZooKeeper has set everything anew, including what was to be removed. */
  private synchronized void removeUnfinished() {
    for (Key key : unfinished) {
      bequeathOrRemove(key.path(), key.kind());
    }
    unfinished.clear();
  }

  @Override
  public void process(WatchedEvent event) {
    switch (event.getType()) {
      case None -> stateChanged(event.getState());
      case NodeDataChanged, DataWatchRemoved -> fire(event.getPath(), WatchKind.DATA);
      case NodeChildrenChanged, ChildWatchRemoved -> fire(event.getPath(), WatchKind.CHILDREN);
      case NodeDeleted -> {
        fire(event.getPath(), WatchKind.DATA);
        fire(event.getPath(), WatchKind.CHILDREN);
      }
      default -> {
        // Only the anchor could be told of, and nobody creates it.
      }
    }
  }

  private void stateChanged(Event.KeeperState state) {
    if (state == Event.KeeperState.Expired || !zooKeeper.getState().isAlive()) {
      dead = true;
    }
    if (state == Event.KeeperState.SyncConnected) {
      removeUnfinished();
    }
    tellEach(subscriber -> subscriber.stateChanged(state));
  }

  /**
   * A watch is used up. It comes here too if somebody else has removed it: to whom it belonged is
   * told that it fired, and will look and set it again. (A removal of ours finds nothing armed.)
   */
  private void fire(String path, WatchKind kind) {
    List<Subscriber> fired = new ArrayList<>();
    synchronized (this) {
      for (Map.Entry<Subscriber, Wants> each : wants.entrySet()) {
        Map<String, Want> own = each.getValue().of(kind);
        Want want = own.get(path);
        if (want != null) {
          put(own, path, kind, Want.of(want.asked, false, false));
          if (want.armed) {
            fired.add(each.getKey());
          }
        }
      }
    }
    for (Subscriber subscriber : fired) {
      subscriber.fired(path, kind);
    }
  }

  private void tellEach(Consumer<Subscriber> call) {
    for (Subscriber subscriber : subscribers) {
      call.accept(subscriber);
    }
  }
}
