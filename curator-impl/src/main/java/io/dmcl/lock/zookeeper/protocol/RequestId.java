package io.dmcl.lock.zookeeper.protocol;

import com.google.common.base.Strings;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The id of one request: a random 64-bit nonce, drawn anew for every session of every node, and a
 * counter. So an entry of an earlier session is never taken for ours, and a request whose reply was
 * lost is found again.
 *
 * @param text 13 digits in base 36 (the nonce), a dot, the counter in base 36
 */
public record RequestId(String text) {
  private static final int NONCE_LENGTH = 13;
  private static final Pattern FORMAT = Pattern.compile("[0-9a-z]{13}\\.[0-9a-z]{1,13}");

  /** The text form of a nonce. */
  public static String nonce(long random) {
    return Strings.padStart(Long.toUnsignedString(random, Character.MAX_RADIX), NONCE_LENGTH, '0');
  }

  /** The id with this nonce and counter. */
  public static RequestId of(String nonce, long counter) {
    return new RequestId(nonce + '.' + Long.toUnsignedString(counter, Character.MAX_RADIX));
  }

  /** The id that the text is; null if it is none. */
  public static @Nullable RequestId parse(String text) {
    return FORMAT.matcher(text).matches() ? new RequestId(text) : null;
  }

  /** The nonce of the node's session. */
  public String nonce() {
    return text.substring(0, NONCE_LENGTH);
  }

  /** Whether both are requests of one session of one node. */
  public boolean sameSession(RequestId other) {
    return text.regionMatches(0, other.text, 0, NONCE_LENGTH);
  }

  @Override
  public String toString() {
    return text;
  }
}
