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
public class Fingerprint {
  /** In place of the number of a client that may reconnect. */
  static final int NOBODY = -1;

  private static final int EVERYBODY = -2;

  private final StringBuilder text = new StringBuilder(1024);
  private final List<long[]> zxids = new ArrayList<>();
  private final String under;
  private final int reconnecting;

  /** Of everything. */
  public Fingerprint() {
    this("/", EVERYBODY);
  }

  /**
   * Of what still makes a difference.
   *
   * @param under only znodes whose paths begin so are read or written from now on
   * @param reconnecting the number of the client that may still lose its connection and go on with
   *     its session, or {@link #NOBODY}
   */
  Fingerprint(String under, int reconnecting) {
    this.under = under;
    this.reconnecting = reconnecting;
  }

  /** Whether a znode makes a difference. */
  final boolean includes(String path) {
    return path.startsWith(under);
  }

  /**
   * Adds what is of interest only to those who reconnect: how far a server has come in the log, and
   * when a znode's children changed last.
   */
  final Fingerprint progress(long zxid) {
    return reconnecting == NOBODY ? this : zxid(zxid);
  }

  /** Adds how far a client has come in the log. */
  final Fingerprint progressOf(int client, long zxid) {
    return reconnecting == client || reconnecting == EVERYBODY ? zxid(zxid) : this;
  }

  /** Adds a text. */
  public Fingerprint text(String part) {
    text.append(part);
    return this;
  }

  /** Adds a text whose {@link HashedFingerprint#hash} is known. */
  Fingerprint text(String part, long hash) {
    return text(part);
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
