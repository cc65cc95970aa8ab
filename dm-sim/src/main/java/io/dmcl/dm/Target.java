package io.dmcl.dm;

import java.io.IOException;
import java.util.List;

/**
 * A run of a mapped device's sectors and what happens to bios there. Made by a {@link TargetType}
 * when a table is loaded; until it is resumed it does no I/O but what loading needs.
 *
 * <p>{@link #resume} and {@link #suspend} are called in turn and never while bios are in flight.
 */
public interface Target {
  /**
   * Does the bio, whose sectors count from the start of the target and do not cross a multiple of
   * {@link #splitSectors()}. A flush comes to every target of the table.
   */
  void map(Bio bio) throws IOException;

  /** Bios do not cross multiples of this many sectors; 0 for no limit. */
  default long splitSectors() {
    return 0;
  }

  /**
   * Whether it takes bios of this operation. Where not, a write of zeros becomes an ordinary write
   * and a discard fails.
   */
  default boolean supports(Bio.Op op) {
    return op == Bio.Op.READ || op == Bio.Op.WRITE || op == Bio.Op.FLUSH;
  }

  /** Begins, or goes on, to serve bios. If it throws, the device stays suspended. */
  default void resume() throws IOException {}

  /**
   * The device is about to be suspended, or its node to end, and the bios in flight are waited for:
   * what is held back for an operator is let go, now and until {@link #resume}.
   *
   * @param requeue whether such bios end in {@link RequeueException}, or fail
   */
  default void presuspend(boolean requeue) {}

  /** All bios are done and none comes until {@link #resume}; writes back what it keeps. */
  default void suspend() throws IOException {}

  /** Ends; called once, after {@link #suspend} if it was resumed. */
  default void close() throws IOException {}

  /** What stands behind {@code <start> <length> <type>} in the status. */
  String status();

  /** What stands behind {@code <start> <length> <type>} in the table. */
  String table();

  /** The devices below. */
  List<BlockDevice> devices();

  /**
   * Does what a message says.
   *
   * @return an answer, or empty
   * @throws TableException if the target knows no such message
   */
  default String message(List<String> words) throws IOException {
    throw new TableException("the target takes no messages");
  }
}
