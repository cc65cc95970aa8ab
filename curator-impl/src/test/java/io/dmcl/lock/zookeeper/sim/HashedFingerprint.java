package io.dmcl.lock.zookeeper.sim;

import java.util.Arrays;

/**
 * A fingerprint of 64 bits instead of a text: cheaper by far. Two states have the same by accident
 * once in 2⁶⁴ pairs.
 */
final class HashedFingerprint extends Fingerprint {
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  /** What was added: numbers, the hashes of texts, and transaction ids. */
  private long[] words = new long[1024];

  private int size;

  /** Which of them are transaction ids. */
  private int[] zxids = new int[64];

  private int zxidCount;

  HashedFingerprint(String under, int reconnecting) {
    super(under, reconnecting);
  }

  /** The hash of a text. */
  static long hash(String text) {
    long hash = text.length();
    for (int i = 0; i < text.length(); i++) {
      hash = mix(hash, text.charAt(i));
    }
    return hash;
  }

  private static long mix(long hash, long word) {
    long mixed = (hash ^ word) * MULTIPLIER;
    return mixed ^ mixed >>> 29;
  }

  @Override
  public Fingerprint text(String part) {
    return add(hash(part));
  }

  @Override
  Fingerprint text(String part, long hash) {
    return add(hash);
  }

  @Override
  public Fingerprint number(long number) {
    return add(number);
  }

  @Override
  public Fingerprint bytes(byte[] bytes) {
    long hash = bytes.length;
    for (byte b : bytes) {
      hash = mix(hash, b);
    }
    return add(hash);
  }

  @Override
  public Fingerprint zxid(long zxid) {
    if (zxidCount == zxids.length) {
      zxids = Arrays.copyOf(zxids, 2 * zxidCount);
    }
    zxids[zxidCount++] = size;
    return add(zxid);
  }

  private Fingerprint add(long word) {
    if (size == words.length) {
      words = Arrays.copyOf(words, 2 * size);
    }
    words[size++] = word;
    return this;
  }

  /** The fingerprint. */
  long hash() {
    long[] sorted = new long[zxidCount];
    for (int i = 0; i < zxidCount; i++) {
      sorted[i] = words[zxids[i]];
    }
    Arrays.sort(sorted);
    int distinct = 0;
    for (int i = 0; i < zxidCount; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1]) {
        sorted[distinct++] = sorted[i];
      }
    }
    long hash = size;
    int nextZxid = 0;
    for (int i = 0; i < size; i++) {
      long word = words[i];
      if (nextZxid < zxidCount && zxids[nextZxid] == i) {
        word = Arrays.binarySearch(sorted, 0, distinct, word);
        nextZxid++;
      }
      hash = mix(hash, word);
    }
    return hash;
  }
}
