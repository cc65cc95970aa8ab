package io.dmcl.lock.zookeeper.curator;

import io.dmcl.lock.CoordinatorUnavailableException;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.ArrayList;
import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.imps.CuratorFrameworkBase;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.proto.CreateRequest;

/**
 * What the raw ZooKeeper handle does not know of the {@link CuratorFramework} that it belongs to:
 * the namespace and the access control lists. Both are applied here. (A chroot in the connection
 * string is the handle's own business and is never seen here.)
 */
final class ClientView {
  private static final int ANY_VERSION = -1;
  private static final byte[] NO_DATA = new byte[0];

  private final CuratorFramework root;
  private final String namespacePath;

  private ClientView(CuratorFramework root, String namespace) {
    this.root = root;
    this.namespacePath = namespace.isEmpty() ? "" : "/" + namespace;
  }

  static ClientView of(CuratorFramework client) {
    return new ClientView(rootOf(client), client.getNamespace());
  }

  /** The client itself, where the given one is a view of it (a namespace, a watcher removal). */
  private static CuratorFramework rootOf(CuratorFramework client) {
    if (client instanceof CuratorFrameworkBase base) {
      return base.client();
    }
    throw new CoordinatorUnavailableException(
        "The CuratorFramework is a "
            + client.getClass().getName()
            + ", which is not made by CuratorFrameworkFactory: open the lockspace on the client"
            + " that the factory made, or on one of its usingNamespace() views");
  }

  /** The client that holds the listeners. */
  CuratorFramework root() {
    return root;
  }

  /** The namespace as a path; empty if there is none. */
  String namespacePath() {
    return namespacePath;
  }

  /** A node's path as the handle wants it. */
  String handlePath(String path) {
    if (namespacePath.isEmpty()) {
      return path; // the same string: it is kept with every watch
    }
    return path.equals("/") ? namespacePath : namespacePath + path;
  }

  /** The reverse of {@link #handlePath}, for a path inside the namespace. */
  String nodePath(String handlePath) {
    String path = handlePath.substring(namespacePath.length());
    return path.isEmpty() ? "/" : path;
  }

  /**
   * The access control list that the client's provider wants for a path, with the namespace as in
   * Curator's own create. The provider itself is not accessible; an operation made by Curator shows
   * its answer.
   */
  List<ACL> aclOf(String handlePath) {
    try {
      Op create =
          root.usingNamespace(null).transactionOp().create().forPath(handlePath, NO_DATA).get();
      return ((CreateRequest) create.toRequestRecord()).getAcl();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("No access control list for " + handlePath, e);
    }
  }

  /** The transaction as the handle wants it. Calls the user's ACL provider. */
  List<Op> writeOps(List<WriteOp> writes) {
    List<Op> ops = new ArrayList<>(writes.size());
    for (WriteOp write : writes) {
      String path = handlePath(write.path());
      if (write instanceof WriteOp.Create create) {
        ops.add(Op.create(path, create.data(), aclOf(path), modeOf(create.kind())));
      } else if (write instanceof WriteOp.SetData set) {
        ops.add(Op.setData(path, set.data(), ANY_VERSION));
      } else {
        ops.add(Op.delete(path, ANY_VERSION));
      }
    }
    return ops;
  }

  /** The multi-read as the handle wants it. */
  List<Op> readOps(List<ReadOp> reads) {
    List<Op> ops = new ArrayList<>(reads.size());
    for (ReadOp read : reads) {
      String path = handlePath(read.path());
      ops.add(read instanceof ReadOp.Children ? Op.getChildren(path) : Op.getData(path));
    }
    return ops;
  }

  private static CreateMode modeOf(WriteOp.Kind kind) {
    return switch (kind) {
      case PERSISTENT -> CreateMode.PERSISTENT;
      case EPHEMERAL -> CreateMode.EPHEMERAL;
      case EPHEMERAL_SEQUENTIAL -> CreateMode.EPHEMERAL_SEQUENTIAL;
    };
  }
}
