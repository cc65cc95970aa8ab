package io.dmcl.lock.zookeeper.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A canonical text of a state, for telling whether it was seen before. Transaction ids are only
 * ever compared with each other, so they are replaced by their rank among all that were added:
 * states that differ in nothing but how many transactions led to them become the same. A system
 * that remembers transaction ids itself adds its own state to the same fingerprint.
 */
public final class Fingerprint {
  private final StringBuilder text = new StringBuilder(1024);
  private final List<long[]> zxids = new ArrayList<>();
  private final String under;
  private final boolean mayReconnect;

  /** Of everything. */
  public Fingerprint() {
    this("/", true);
  }

  /**
   * Of what still makes a difference.
   *
   * @param under only znodes whose paths begin so are read or written from now on
   * @param mayReconnect whether clients may still lose their connections
   */
  public Fingerprint(String under, boolean mayReconnect) {
    this.under = under;
    this.mayReconnect = mayReconnect;
  }

  /** Whether a znode makes a difference. */
  boolean includes(String path) {
    return path.startsWith(under);
  }

  /** Adds how far a client or server has come in the log: of interest to those who reconnect. */
  Fingerprint progress(long zxid) {
    return mayReconnect ? zxid(zxid) : this;
  }

  /** Adds a text. */
  public Fingerprint text(String part) {
    text.append(part);
    return this;
  }

  /** Adds a number as it is. */
  public Fingerprint number(long number) {
    text.append(number).append(' ');
    return this;
  }

  /** Adds bytes. */
  public Fingerprint bytes(byte[] bytes) {
    for (byte b : bytes) {
      text.append((char) (b & 0xff));
    }
    return this;
  }

  /** Adds a transaction id. */
  public Fingerprint zxid(long zxid) {
    zxids.add(new long[] {text.length(), zxid});
    return this;
  }

  /** The canonical text. */
  @Override
  public String toString() {
    long[] sorted = zxids.stream().mapToLong(pair -> pair[1]).sorted().distinct().toArray();
    StringBuilder out = new StringBuilder(text.length() + 4 * zxids.size());
    int from = 0;
    for (long[] pair : zxids) {
      out.append(text, from, (int) pair[0]);
      out.append('#').append(Arrays.binarySearch(sorted, pair[1]));
      from = (int) pair[0];
    }
    return out.append(text, from, text.length()).toString();
  }
}
