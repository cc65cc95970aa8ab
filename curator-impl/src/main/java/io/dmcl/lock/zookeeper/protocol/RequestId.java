package io.dmcl.lock.zookeeper.protocol;

import com.google.common.base.Strings;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The id of one request: a random 64-bit nonce, drawn anew for every session of every node, and a
 * counter. So an entry of an earlier session is never taken for ours, and a request whose reply was
 * lost is found again.
 *
 * <p>In text it is the nonce, a dot, and the counter in base 36 without leading zeros, at most 12
 * digits.
 *
 * @param nonce the session's: 13 digits in base 36; one string for all its requests
 * @param counter which of the session's requests
 */
public record RequestId(String nonce, long counter) {
  /** The text form, as a part of a regular expression. */
  static final String FORMAT = "[0-9a-z]{13}\\.(?:0|[1-9a-z][0-9a-z]{0,11})";

  private static final int NONCE_LENGTH = 13;
  private static final Pattern PATTERN = Pattern.compile(FORMAT);

  /** The text form of a nonce. */
  public static String nonce(long random) {
    return Strings.padStart(Long.toUnsignedString(random, Character.MAX_RADIX), NONCE_LENGTH, '0');
  }

  /** The id with this nonce and counter. */
  public static RequestId of(String nonce, long counter) {
    return new RequestId(nonce, counter);
  }

  /** The id that the text is; null if it is none. */
  public static @Nullable RequestId parse(String text) {
    return PATTERN.matcher(text).matches() ? ofMatched(text) : null;
  }

  /** The id that the text is, which has the format. */
  static RequestId ofMatched(String text) {
    return new RequestId(
        text.substring(0, NONCE_LENGTH),
        Long.parseLong(text, NONCE_LENGTH + 1, text.length(), Character.MAX_RADIX));
  }

  /** The text form. */
  public String text() {
    return nonce + '.' + Long.toString(counter, Character.MAX_RADIX);
  }

  /** Whether both are requests of one session of one node. */
  public boolean sameSession(RequestId other) {
    return nonce.equals(other.nonce);
  }

  @Override
  public String toString() {
    return text();
  }
}
