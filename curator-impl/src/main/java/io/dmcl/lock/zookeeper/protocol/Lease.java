package io.dmcl.lock.zookeeper.protocol;

/**
 * Until when a session is surely alive, from the answers to its own writes.
 *
 * <p>Reads prove nothing: a server that is cut off from its leader goes on answering them while the
 * leader lets the session expire. An answered write proves only that the session was alive: the
 * leader is told of the client's activity by the client's server, with the answers to the leader's
 * pings, every half tick, and that report can be lost with the server after our write was answered.
 * Therefore the lease runs from <em>S</em>, the send time of a write W1, if
 *
 * <ul>
 *   <li>W1 was answered, W2 was sent at least one tick after W1's answer and was answered, W3 was
 *       sent after W2's answer and was answered, all OK and on one connection (pings and commits
 *       share one ordered stream, so a report that covers W1 has reached the leader); or
 *   <li>W1 was answered OK on an earlier connection and W2 on a later one of the same session
 *       (moving to another server revalidates the session at the leader).
 * </ul>
 *
 * <p><b>Assumed:</b> the clocks' rates differ by no more than the margin allows over one session
 * timeout; the tick is at least the {@code tickTime} of any server that may lead; the leader's ping
 * loop is never late by half a tick; nobody ends sessions by administration; the ensemble is not
 * restored from a backup.
 *
 * <p>All times are nanoseconds of the node's monotonic clock. Not thread-safe.
 */
public final class Lease {
  private static final long NONE = Long.MIN_VALUE;

  private final long tickNanos;
  private final long lengthNanos;

  private boolean begun;
  private long startNanos;

  // The chain on the present connection: W1's send and answer times, then, once W2 is answered, the
  // send time that W3 will confirm and the answer time that W3 has to be sent after.
  private long w1Sent = NONE;
  private long w1Answered = NONE;
  private long w2Confirms = NONE;
  private long w2Answered = NONE;
  private long lastSentAnswered = NONE;
  private long earlierConnection = NONE;

  /**
   * A lease that has not begun.
   *
   * @param tickNanos at least the servers' tick
   * @param lengthNanos the session timeout less the margin
   */
  public Lease(long tickNanos, long lengthNanos) {
    this.tickNanos = tickNanos;
    this.lengthNanos = lengthNanos;
  }

  /** The session was asked for, by us, after this moment. */
  public void asked(long atNanos) {
    renew(atNanos);
  }

  /** A write that was sent and answered OK on the present connection. */
  public void answered(long sentNanos, long answeredNanos) {
    if (earlierConnection != NONE) {
      renew(earlierConnection);
      earlierConnection = NONE;
    }
    if (w2Confirms != NONE && sentNanos - w2Answered >= 0) {
      renew(w2Confirms);
      w2Confirms = NONE;
    }
    if (w1Sent == NONE) {
      w1Sent = sentNanos;
      w1Answered = answeredNanos;
    } else if (w2Confirms == NONE && sentNanos - w1Answered >= tickNanos) {
      w2Confirms = w1Sent;
      w2Answered = answeredNanos;
      w1Sent = sentNanos;
      w1Answered = answeredNanos;
    }
    lastSentAnswered = sentNanos;
  }

  /** The connection is gone; the next answers come on another one. */
  public void disconnected() {
    if (lastSentAnswered != NONE) {
      earlierConnection = lastSentAnswered;
      lastSentAnswered = NONE;
    }
    w1Sent = NONE;
    w2Confirms = NONE;
  }

  /**
   * How long after {@code now} a write is wanted that brings the lease on; 0 for at once. (Any
   * write counts, so under load none has to be sent for the lease's sake.)
   */
  public long nextWriteNanos(long nowNanos) {
    if (w1Sent == NONE || earlierConnection != NONE || w2Confirms != NONE) {
      return 0;
    }
    return Math.max(0, w1Answered + tickNanos - nowNanos);
  }

  /** Whether there has been a lease yet. */
  public boolean hasBegun() {
    return begun;
  }

  /** When the lease ends, if {@link #hasBegun}. */
  public long endNanos() {
    return startNanos + lengthNanos;
  }

  private void renew(long sentNanos) {
    if (!begun || sentNanos - startNanos > 0) {
      startNanos = sentNanos;
      begun = true;
    }
  }

  @Override
  public String toString() {
    return "Lease[" + (begun ? "ends " + endNanos() : "none") + "]";
  }
}
