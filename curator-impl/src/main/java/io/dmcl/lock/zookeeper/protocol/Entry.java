package io.dmcl.lock.zookeeper.protocol;

import com.google.common.base.CharMatcher;
import com.google.common.base.Strings;
import io.dmcl.lock.LockMode;
import org.jspecify.annotations.Nullable;

/**
 * A place in a lock's queue: the name of a child of the lock's znode, {@code x-<request-id>-<seq>}
 * for EXCLUSIVE and {@code s-…} for SHARED.
 *
 * @param mode the mode that is asked for, or granted
 * @param id whose it is
 * @param sequence the place: the coordinator's counter. It sticks at its end, but for what is
 *     created while it arrives there it wraps, for a moment; so it is negative then, and counts on
 *     as unsigned. Such an entry is never granted, for later ones may come before it.
 */
public record Entry(LockMode mode, RequestId id, int sequence) implements Comparable<Entry> {
  private static final int ID_AT = 2;
  private static final int SEQUENCE_LENGTH = 10;
  private static final CharMatcher DIGIT = CharMatcher.inRange('0', '9');

  /** What a sequential create is asked for: the name without the sequence number. */
  public static String prefix(LockMode mode, RequestId id) {
    return (mode == LockMode.EXCLUSIVE ? "x-" : "s-") + id + '-';
  }

  /** The entry that a child's name is; null if the name is not exactly of the format. */
  public static @Nullable Entry parse(String name) {
    int digitsAt = name.length() - SEQUENCE_LENGTH;
    int last = digitsAt - 1; // the dash between id and sequence, or the sign behind it
    if (last <= ID_AT || name.charAt(1) != '-' || name.charAt(last) != '-') {
      return null;
    }
    int sequenceAt = name.charAt(last - 1) == '-' ? last : digitsAt;
    RequestId id = RequestId.parse(name, ID_AT, sequenceAt - 1);
    LockMode mode = mode(name.charAt(0));
    if (id == null || mode == null || !DIGIT.matchesAllOf(name.substring(digitsAt))) {
      return null;
    }
    long sequence = Long.parseLong(name, sequenceAt, name.length(), 10);
    return sequence == (int) sequence ? new Entry(mode, id, (int) sequence) : null;
  }

  private static @Nullable LockMode mode(char letter) {
    return switch (letter) {
      case 'x' -> LockMode.EXCLUSIVE;
      case 's' -> LockMode.SHARED;
      default -> null;
    };
  }

  /** The same place in another mode. */
  public Entry inMode(LockMode other) {
    return new Entry(other, id, sequence);
  }

  /** The child's name. */
  public String name() {
    return prefix(mode, id) + Strings.padStart(Integer.toString(sequence), SEQUENCE_LENGTH, '0');
  }

  /** By place, numerically; the id makes the order total. */
  @Override
  public int compareTo(Entry other) {
    int bySequence = Integer.compareUnsigned(sequence, other.sequence);
    return bySequence != 0 ? bySequence : id.text().compareTo(other.id.text());
  }
}
