package io.dmcl.lock.zookeeper.protocol;

import com.google.common.base.Strings;
import io.dmcl.lock.LockMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
  private static final Pattern FORMAT =
      Pattern.compile("([xs])-(" + RequestId.FORMAT + ")-([0-9]{10}|-[0-9]{10})");
  private static final int SEQUENCE_LENGTH = 10;

  /** What a sequential create is asked for: the name without the sequence number. */
  public static String prefix(LockMode mode, RequestId id) {
    return (mode == LockMode.EXCLUSIVE ? "x-" : "s-") + id + '-';
  }

  /** The entry that a child's name is; null if the name is not exactly of the format. */
  public static @Nullable Entry parse(String name) {
    Matcher matcher = FORMAT.matcher(name);
    if (!matcher.matches()) {
      return null;
    }
    long sequence = Long.parseLong(matcher.group(3));
    if (sequence != (int) sequence) {
      return null;
    }
    LockMode mode = matcher.group(1).equals("x") ? LockMode.EXCLUSIVE : LockMode.SHARED;
    return new Entry(mode, RequestId.ofMatched(matcher.group(2)), (int) sequence);
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
