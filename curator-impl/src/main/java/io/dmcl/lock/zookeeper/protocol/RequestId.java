package io.dmcl.lock.zookeeper.protocol;

import com.google.common.base.CharMatcher;
import com.google.common.base.Strings;
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
  private static final int NONCE_LENGTH = 13;
  private static final int MAX_COUNTER_LENGTH = 12;
  private static final CharMatcher DIGIT =
      CharMatcher.inRange('0', '9').or(CharMatcher.inRange('a', 'z'));

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
    return parse(text, 0, text.length());
  }

  /** The id that a part of a text is; null if it is none. */
  static @Nullable RequestId parse(String text, int from, int to) {
    int dot = from + NONCE_LENGTH;
    int length = to - dot - 1;
    if (length < 1 || length > MAX_COUNTER_LENGTH || text.charAt(dot) != '.') {
      return null;
    }
    String nonce = text.substring(from, dot);
    String counter = text.substring(dot + 1, to);
    boolean isPadded = length > 1 && counter.charAt(0) == '0';
    return isPadded || !DIGIT.matchesAllOf(nonce) || !DIGIT.matchesAllOf(counter)
        ? null
        : new RequestId(nonce, Long.parseLong(counter, Character.MAX_RADIX));
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
