package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.ReadOp;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The one-shot watches that connections have set at one server. */
final class Watches {
  private final Settings settings;
  private final Map<String, Set<Connection>> data = new HashMap<>();
  private final Map<String, Set<Connection>> children = new HashMap<>();

  Watches(Settings settings) {
    this.settings = settings;
  }

  private Map<String, Set<Connection>> of(ReadOp read) {
    return read instanceof ReadOp.Data ? data : children;
  }

  void add(ReadOp read, Connection connection) {
    of(read).computeIfAbsent(read.path(), path -> new LinkedHashSet<>(4)).add(connection);
  }

  void remove(ReadOp read, Connection connection) {
    if (settings.has(Mutation.UNWATCH_DOES_NOTHING)) {
      return;
    }
    remove(of(read), read.path(), connection);
    if (settings.has(Mutation.UNWATCH_TAKES_BOTH)) {
      remove(data, read.path(), connection);
      remove(children, read.path(), connection);
    }
  }

  private static void remove(
      Map<String, Set<Connection>> from, String path, Connection connection) {
    Set<Connection> set = from.get(path);
    if (set != null && set.remove(connection) && set.isEmpty()) {
      from.remove(path);
    }
  }

  void removeAll(Connection connection) {
    for (Map<String, Set<Connection>> map : java.util.List.of(data, children)) {
      map.values()
          .removeIf(
              set -> {
                set.remove(connection);
                return set.isEmpty();
              });
    }
  }

  /** Sets a session's watches on a new connection; says at once what it has missed. */
  void setAgain(Request.SetWatches again, Connection connection, Tree tree) {
    if (settings.has(Mutation.RECONNECT_FORGETS_WATCHES)) {
      return;
    }
    for (String path : again.data()) {
      Znode node = tree.get(path);
      if (missed(node == null ? Long.MAX_VALUE : node.mzxid, again)) {
        connection.send(
            new Message.Event(
                node == null ? Message.Event.Type.DELETED : Message.Event.Type.DATA_CHANGED, path));
      } else {
        add(new ReadOp.Data(path), connection);
      }
    }
    for (String path : again.children()) {
      Znode node = tree.get(path);
      if (missed(node == null ? Long.MAX_VALUE : node.pzxid, again)) {
        connection.send(
            new Message.Event(
                node == null ? Message.Event.Type.DELETED : Message.Event.Type.CHILDREN_CHANGED,
                path));
      } else {
        add(new ReadOp.Children(path), connection);
      }
    }
  }

  private boolean missed(long zxid, Request.SetWatches again) {
    return settings.has(Mutation.RECONNECT_FIRES_ALL)
        || (zxid > again.lastZxid() && !settings.has(Mutation.RECONNECT_HIDES_MISSED_EVENTS));
  }

  /** Fires what a change of a session fires; one event for each connection and znode. */
  void fire(Change change, long session) {
    String path = change.path();
    String parent = Tree.parentOf(path);
    if (change instanceof Change.Set) {
      if (!settings.has(Mutation.DATA_WATCH_MISSES_SETS)) {
        send(taken(data, path), Message.Event.Type.DATA_CHANGED, path, session);
      }
      if (settings.has(Mutation.CHILD_WATCH_FIRES_ON_DATA)) {
        send(taken(children, path), Message.Event.Type.CHILDREN_CHANGED, path, session);
      }
      return;
    }
    if (change instanceof Change.Deleted) {
      Set<Connection> told = new LinkedHashSet<>();
      if (!settings.has(Mutation.DATA_WATCH_MISSES_DELETES)) {
        told.addAll(orNone(taken(data, path)));
      }
      if (!settings.has(Mutation.CHILD_WATCH_MISSES_OWN_END)) {
        told.addAll(orNone(taken(children, path)));
      }
      send(told, Message.Event.Type.DELETED, path, session);
    }
    Mutation misses =
        change instanceof Change.Deleted
            ? Mutation.CHILD_WATCH_MISSES_DELETES
            : Mutation.CHILD_WATCH_MISSES_CREATES;
    if (!settings.has(misses)) {
      send(taken(children, parent), Message.Event.Type.CHILDREN_CHANGED, parent, session);
    }
    if (settings.has(Mutation.DATA_WATCH_FIRES_ON_CHILDREN)) {
      send(taken(data, parent), Message.Event.Type.DATA_CHANGED, parent, session);
    }
  }

  private @Nullable Set<Connection> taken(Map<String, Set<Connection>> from, String path) {
    return settings.has(Mutation.WATCH_STAYS) ? from.get(path) : from.remove(path);
  }

  private static Set<Connection> orNone(@Nullable Set<Connection> set) {
    return set == null ? Set.of() : set;
  }

  private void send(
      @Nullable Set<Connection> to, Message.Event.Type type, String path, long session) {
    for (Connection connection : orNone(to)) {
      if (connection.session != session || !settings.has(Mutation.OWN_CHANGES_DO_NOT_FIRE)) {
        connection.send(new Message.Event(type, path));
      }
    }
  }

  /** Adds those of clients that are still there. */
  void fingerprint(Fingerprint out) {
    for (Map<String, Set<Connection>> map : java.util.List.of(data, children)) {
      out.text("watches ");
      for (Map.Entry<String, Set<Connection>> entry : new TreeMap<>(map).entrySet()) {
        out.text(entry.getKey()).text(" ");
        entry.getValue().stream()
            .filter(connection -> !connection.clientGone)
            .mapToInt(connection -> connection.client.index)
            .sorted()
            .forEach(out::number);
      }
    }
  }
}
