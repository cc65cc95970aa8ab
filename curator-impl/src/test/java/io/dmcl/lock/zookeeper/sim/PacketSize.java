package io.dmcl.lock.zookeeper.sim;

import io.dmcl.lock.zookeeper.protocol.Code;
import io.dmcl.lock.zookeeper.protocol.ReadOp;
import io.dmcl.lock.zookeeper.protocol.Reply;
import io.dmcl.lock.zookeeper.protocol.WriteOp;
import java.util.List;

/** The sizes of requests and replies on the wire, in ZooKeeper's encoding (names in ASCII). */
final class PacketSize {
  private static final int INT = 4;
  private static final int REQUEST_HEADER = 8;
  private static final int REPLY_HEADER = 16;
  private static final int MULTI_HEADER = 9;
  private static final int STAT = 68;

  /** One entry, the world's. */
  private static final int ACL = INT + INT + (INT + 5) + (INT + 6);

  private PacketSize() {}

  static int of(Request request) {
    int size = REQUEST_HEADER;
    if (request instanceof Request.Write write) {
      for (WriteOp op : write.writes()) {
        size += MULTI_HEADER + INT + op.path().length();
        if (op instanceof WriteOp.Create create) {
          size += INT + create.data().length + ACL + INT;
        } else if (op instanceof WriteOp.SetData set) {
          size += INT + set.data().length + INT;
        } else {
          size += INT;
        }
      }
      return size + MULTI_HEADER;
    }
    if (request instanceof Request.Read read) {
      for (ReadOp op : read.reads()) {
        size += MULTI_HEADER + INT + op.path().length() + 1;
      }
      return size + MULTI_HEADER;
    }
    return size;
  }

  static int of(Reply.Transaction reply) {
    int size = REPLY_HEADER + MULTI_HEADER;
    for (Reply.Written written : reply.results()) {
      size += MULTI_HEADER;
      if (written.createdPath() != null) {
        size += INT + written.createdPath().length();
      } else if (written.stat() != null) {
        size += STAT;
      } else if (written.code() != Code.OK) {
        size += INT;
      }
    }
    return size;
  }

  static int of(List<Reply.Read> reads) {
    int size = REPLY_HEADER + MULTI_HEADER;
    for (Reply.Read read : reads) {
      size += MULTI_HEADER + INT + read.data().length + (read.stat() == null ? 0 : STAT);
      for (String child : read.children()) {
        size += INT + child.length();
      }
    }
    return size;
  }
}
