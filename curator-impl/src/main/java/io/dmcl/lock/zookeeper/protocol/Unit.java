package io.dmcl.lock.zookeeper.protocol;

import java.util.List;

/**
 * What is sent as one: writes that happen together or not at all, and reads behind them that see
 * them done. Several units may travel in one transaction; none is ever taken apart. Without writes
 * it is an atomic multi-read.
 *
 * @param writes the writes, possibly none
 * @param reads the reads, possibly none
 * @param follows where it is not empty: if units of all these owners are before this one in the
 *     same transaction, the reads are not sent, for the answers to the writes may tell as much
 * @param mayLackLock whether NO_NODE is to be expected, because it is not known that the lock was
 *     made
 * @param owner who is told
 */
public record Unit(
    List<WriteOp> writes,
    List<ReadOp> reads,
    List<Owner> follows,
    boolean mayLackLock,
    Owner owner) {
  /** What a write needs in a packet besides its path and data. */
  static final int WRITE_BYTES = 64;

  /** Half of the longest value, with its stat: every second read is that of a version. */
  private static final int READ_BYTES = 640;

  /** The name of an entry and that of its intent. */
  private static final int ENTRY_BYTES = 80;

  /** Copies the lists. */
  public Unit {
    writes = List.copyOf(writes);
    reads = List.copyOf(reads);
    follows = List.copyOf(follows);
  }

  /** A unit whose reads are always sent. */
  public Unit(List<WriteOp> writes, List<ReadOp> reads, boolean mayLackLock, Owner owner) {
    this(writes, reads, List.of(), mayLackLock, owner);
  }

  /** A unit of reads. */
  public static Unit reading(Owner owner, List<ReadOp> reads) {
    return new Unit(List.of(), reads, false, owner);
  }

  /** A unit of writes. */
  public static Unit writing(Owner owner, List<WriteOp> writes) {
    return new Unit(writes, List.of(), false, owner);
  }

  /** An upper bound of what the writes need in a packet. */
  int writeBytes() {
    int bytes = 0;
    for (WriteOp write : writes) {
      bytes += WRITE_BYTES + write.path().length();
      if (write instanceof WriteOp.Create create) {
        bytes += create.data().length;
      } else if (write instanceof WriteOp.SetData set) {
        bytes += set.data().length;
      }
    }
    return bytes;
  }

  /** What the reads' reply is expected to need in a packet. */
  int replyBytes() {
    return reads.size() * READ_BYTES + owner.crowd() * ENTRY_BYTES;
  }

  /**
   * Who sent a unit. Each unit with writes ends in exactly one of {@link #written}, {@link
   * #refused}, {@link #settled} or {@link #ended}; then, if it was written (or had no writes), its
   * reads end in {@link #read}, {@link #readRefused}, {@link #readsSpared} or {@link #ended}. Reads
   * whose connection breaks are repeated unseen.
   */
  public interface Owner {
    /**
     * All writes are done.
     *
     * @param zxid the transaction: the {@code czxid} or {@code mzxid} of all that it made or set
     */
    void written(Unit unit, List<Reply.Written> results, long zxid);

    /**
     * Nothing was done.
     *
     * @param index the write that failed; -1 if it is not known
     */
    void refused(Unit unit, int index, Code code);

    /**
     * The reply was lost; since then a write of the same session was answered, so that what a read
     * shows from now on includes the unit if it was done.
     */
    void settled(Unit unit);

    /** What the reads showed; NO_NODE or OK each. */
    void read(Unit unit, List<Reply.Read> replies);

    /** The reads are not allowed, or the server refuses them. */
    void readRefused(Unit unit, Code code);

    /** The reads were not sent: see {@link Unit#follows}. */
    default void readsSpared(Unit unit) {
      throw new IllegalStateException("the reads of " + unit + " follow nobody");
    }

    /** The session has ended; whether the writes were done is not known. */
    void ended(Unit unit);

    /** How many entries a look is known to find, so that it is not read with too many others. */
    default int crowd() {
      return 0;
    }
  }
}
