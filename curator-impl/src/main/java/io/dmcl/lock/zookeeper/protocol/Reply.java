package io.dmcl.lock.zookeeper.protocol;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What comes back from the coordinator. */
public final class Reply {
  private Reply() {}

  /**
   * The reply to a transaction.
   *
   * @param code OK, or the first error among the members that is not ROLLED_BACK
   * @param results one for each member, in order; empty if the outcome is unknown
   */
  public record Transaction(Code code, List<Written> results) {
    /** Copies the list. */
    public Transaction {
      results = List.copyOf(results);
    }

    /** A reply without results. */
    public static Transaction failed(Code code) {
      return new Transaction(code, List.of());
    }

    /** The index of the member that made the transaction fail; -1 if there is none. */
    public int culprit() {
      for (int i = 0; i < results.size(); i++) {
        Code result = results.get(i).code();
        if (result != Code.OK && result != Code.ROLLED_BACK) {
          return i;
        }
      }
      return -1;
    }
  }

  /**
   * The result of one member of a transaction.
   *
   * @param code how it ended
   * @param createdPath the path that a create made, with its sequence number; null otherwise
   * @param stat the stat after a SetData; null otherwise
   */
  public record Written(Code code, @Nullable String createdPath, @Nullable ZnodeStat stat) {}

  /**
   * The result of one read.
   *
   * @param code how it ended; the other components mean nothing unless it is OK
   * @param children the children's names, in no order; empty for a data read
   * @param data the data; empty for a children read
   * @param stat the znode's stat; null in a multi-read of children, which does not carry it
   */
  public record Read(Code code, List<String> children, byte[] data, @Nullable ZnodeStat stat) {
    private static final byte[] NO_DATA = new byte[0];

    /** Copies the list. */
    public Read {
      children = List.copyOf(children);
    }

    /** A failed read. */
    public static Read failed(Code code) {
      return new Read(code, List.of(), NO_DATA, null);
    }

    /** A children read. */
    public static Read ofChildren(List<String> children, @Nullable ZnodeStat stat) {
      return new Read(Code.OK, children, NO_DATA, stat);
    }

    /** A data read. */
    public static Read ofData(byte[] data, ZnodeStat stat) {
      return new Read(Code.OK, List.of(), data, stat);
    }
  }
}
