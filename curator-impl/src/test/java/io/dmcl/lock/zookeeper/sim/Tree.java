package io.dmcl.lock.zookeeper.sim;

import static java.util.Objects.requireNonNull;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The znodes as of one transaction. */
final class Tree {
  private final Map<String, Znode> nodes = new HashMap<>();
  private final Set<Mutation> mutations;

  /** The last transaction that was applied. */
  long zxid;

  Tree(Set<Mutation> mutations) {
    this.mutations = mutations;
    nodes.put("/", new Znode(new byte[0], 0, 0));
  }

  static String parentOf(String path) {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "/" : path.substring(0, slash);
  }

  static String nameOf(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  @Nullable Znode get(String path) {
    return nodes.get(path);
  }

  /** Applies a change that is known to be possible. */
  void apply(Change change, long txn) {
    if (change instanceof Change.Created created) {
      create(created, txn);
    } else if (change instanceof Change.Set set) {
      Znode node = nodes.get(set.path());
      if (node != null) {
        set(node, set.data(), txn);
      }
    } else {
      delete(change.path(), txn);
    }
  }

  private void create(Change.Created change, long txn) {
    String path = change.path();
    Znode parent = nodes.get(parentOf(path));
    if (parent != null) {
      if (change.parentCreates() > parent.creates || mutations.contains(Mutation.SEQUENCE_WRAPS)) {
        parent.creates = change.parentCreates();
        if (!mutations.contains(Mutation.PZXID_IGNORES_CREATES)) {
          parent.pzxid = txn;
        }
      }
      parent.sequence = change.parentCreates();
      if (mutations.contains(Mutation.MZXID_FOLLOWS_CHILDREN)) {
        parent.mzxid = txn;
      }
      parent.children.add(nameOf(path));
    }
    nodes.put(path, new Znode(change.data(), change.owner(), txn));
  }

  private void set(Znode node, byte[] data, long txn) {
    node.data = data;
    if (!mutations.contains(Mutation.MZXID_IGNORES_SETS)) {
      node.mzxid = txn;
    }
    if (mutations.contains(Mutation.PZXID_FOLLOWS_SETS)) {
      node.pzxid = txn;
    }
    if (!mutations.contains(Mutation.VERSION_IGNORES_SETS)) {
      node.version++;
    }
  }

  private void delete(String path, long txn) {
    Znode parent = nodes.get(parentOf(path));
    if (parent != null) {
      parent.children.remove(nameOf(path));
      if (txn > parent.pzxid && !mutations.contains(Mutation.PZXID_IGNORES_DELETES)) {
        parent.pzxid = txn;
      }
      if (mutations.contains(Mutation.SEQUENCE_COUNTS_CHILDREN)) {
        parent.creates = parent.children.size();
        parent.sequence = parent.creates;
      }
    }
    nodes.remove(path);
  }

  /** Puts back what was there before a change, in the reverse order of the changes. */
  void restore(Saved saved) {
    Znode parent = nodes.get(parentOf(saved.path));
    if (saved.node == null) {
      nodes.remove(saved.path);
    } else {
      saved.node.data = requireNonNull(saved.data);
      saved.node.mzxid = saved.mzxid;
      saved.node.pzxid = saved.pzxid;
      saved.node.version = saved.version;
      nodes.put(saved.path, saved.node);
    }
    if (parent != null) {
      if (saved.node == null) {
        parent.children.remove(nameOf(saved.path));
      } else {
        parent.children.add(nameOf(saved.path));
      }
      parent.creates = saved.parentCreates;
      parent.sequence = saved.parentSequence;
      parent.pzxid = saved.parentPzxid;
      parent.mzxid = saved.parentMzxid;
    }
  }

  /** What a change of a path is going to overwrite. */
  Saved save(String path) {
    return new Saved(path, nodes.get(path), nodes.get(parentOf(path)));
  }

  /** See {@link #save}. */
  static final class Saved {
    private final String path;
    private final @Nullable Znode node;
    private final byte @Nullable [] data;
    private final long mzxid;
    private final long pzxid;
    private final int version;
    private final int parentCreates;
    private final int parentSequence;
    private final long parentPzxid;
    private final long parentMzxid;

    private Saved(String path, @Nullable Znode node, @Nullable Znode parent) {
      this.path = path;
      this.node = node;
      data = node == null ? null : node.data;
      mzxid = node == null ? 0 : node.mzxid;
      pzxid = node == null ? 0 : node.pzxid;
      version = node == null ? 0 : node.version;
      parentCreates = parent == null ? 0 : parent.creates;
      parentSequence = parent == null ? 0 : parent.sequence;
      parentPzxid = parent == null ? 0 : parent.pzxid;
      parentMzxid = parent == null ? 0 : parent.mzxid;
    }
  }

  /** Reads; a children read carries a stat only where ZooKeeper's does. */
  Reply.Read read(ReadOp read, boolean childrenStat) {
    Znode node = nodes.get(read.path());
    if (node == null) {
      return Reply.Read.failed(Code.NO_NODE);
    }
    if (read instanceof ReadOp.Data) {
      return Reply.Read.ofData(node.data, node.stat(mutations));
    }
    return Reply.Read.ofChildren(
        new ArrayList<>(node.children), childrenStat ? node.stat(mutations) : null);
  }

  /** Ends the transaction: a counter that has run over stays at its end. */
  void settleCounter(String path) {
    Znode parent = nodes.get(parentOf(path));
    if (parent != null) {
      parent.sequence = parent.creates;
    }
  }

  /** Sets a znode's counter, as if that many children had been created. */
  void setCounter(String path, int creates) {
    Znode node = requireNonNull(nodes.get(path));
    node.creates = creates;
    node.sequence = creates;
  }

  /** The paths of a session's ephemeral znodes (or of all sessions'), in order. */
  List<String> ephemeralsOf(long session, boolean any) {
    List<String> paths = new ArrayList<>();
    for (Map.Entry<String, Znode> entry : nodes.entrySet()) {
      long owner = entry.getValue().owner;
      if (owner == session || (any && owner != 0)) {
        paths.add(entry.getKey());
      }
    }
    paths.sort(null);
    return paths;
  }

  /** Adds everything that a later step can depend on. */
  void fingerprint(Fingerprint out) {
    Map<String, Znode> included = new TreeMap<>();
    nodes.forEach(
        (path, node) -> {
          if (out.includes(path)) {
            included.put(path, node);
          }
        });
    for (Map.Entry<String, Znode> entry : included.entrySet()) {
      Znode node = entry.getValue();
      out.text(entry.getKey()).text("=").bytes(node.data).text(" ").number(node.owner);
      out.zxid(node.czxid).zxid(node.mzxid).progress(node.pzxid);
      out.text(" ").number(node.creates).text("\n");
    }
  }
}
