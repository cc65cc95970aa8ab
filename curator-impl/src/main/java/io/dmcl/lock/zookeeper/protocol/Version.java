package io.dmcl.lock.zookeeper.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A lock's version znode: its stat says when it was bumped last, its data who did it and the value.
 *
 * <p>Data: one byte with the length of the releaser's request id, the id in ASCII, the value. A
 * znode that nobody has bumped yet has no data. Anything else was not written by us: no releaser,
 * no value.
 *
 * @param czxid when it was made; another one means that the lock was purged and made again
 * @param mzxid when it was bumped last
 * @param intents the number of its children
 * @param releaser the request that bumped it last; null if none
 * @param value the value that it published
 */
public record Version(
    long czxid, long mzxid, int intents, @Nullable RequestId releaser, byte[] value) {
  /** The longest value, in bytes. */
  public static final int MAX_VALUE_LENGTH = 1024;

  private static final byte[] NO_VALUE = new byte[0];

  /** The version that a read of the znode shows. */
  public static Version of(byte[] data, ZnodeStat stat) {
    int idLength = data.length == 0 ? 0 : data[0];
    int valueLength = data.length - 1 - idLength;
    if (idLength <= 0 || valueLength < 0 || valueLength > MAX_VALUE_LENGTH) {
      return new Version(stat.czxid(), stat.mzxid(), stat.numChildren(), null, NO_VALUE);
    }
    RequestId releaser = RequestId.parse(new String(data, 1, idLength, StandardCharsets.US_ASCII));
    byte[] value =
        releaser == null || valueLength == 0
            ? NO_VALUE
            : Arrays.copyOfRange(data, 1 + idLength, data.length);
    return new Version(stat.czxid(), stat.mzxid(), stat.numChildren(), releaser, value);
  }

  /** The same, with one intent more. */
  Version withAnotherIntent() {
    return new Version(czxid, mzxid, intents + 1, releaser, value);
  }

  /** The data that a release by this request writes. */
  static byte[] data(RequestId releaser, byte[] value) {
    byte[] id = releaser.text().getBytes(StandardCharsets.US_ASCII);
    byte[] data = new byte[1 + id.length + value.length];
    data[0] = (byte) id.length;
    System.arraycopy(id, 0, data, 1, id.length);
    System.arraycopy(value, 0, data, 1 + id.length, value.length);
    return data;
  }
}
