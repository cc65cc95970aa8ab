package io.dmcl.lock;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a lock is called within its lockspace: a name of 1 to 128 characters (Unicode code points),
 * or an unsigned 64-bit number. Numbers and names never collide: the number 7 and the name "7" are
 * two locks.
 */
public final class LockName {
  /** The longest name, in Unicode code points. */
  public static final int MAX_LENGTH = 128;

  private final @Nullable String name;
  private final long number;

  private LockName(@Nullable String name, long number) {
    this.name = name;
    this.number = number;
  }

  /**
   * A lock by name. Every character is allowed, {@code /} and control characters included.
   *
   * @throws NullPointerException if there is no name
   * @throws IllegalArgumentException if the name is empty, longer than 128 code points, or not
   *     valid UTF-16 (an unpaired surrogate)
   */
  public static LockName of(String name) {
    Objects.requireNonNull(name, "a lock's name must not be null");
    int length = name.codePointCount(0, name.length());
    if (length == 0 || length > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "a lock name has 1 to " + MAX_LENGTH + " characters, this one has " + length);
    }
    if (name.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      throw new IllegalArgumentException("a lock name must not contain an unpaired surrogate");
    }
    return new LockName(name, 0);
  }

  /** A lock by number; all 64 bits count, the number is unsigned. */
  public static LockName of(long number) {
    return new LockName(null, number);
  }

  /** Whether this is a number. */
  public boolean isNumber() {
    return name == null;
  }

  /**
   * The number.
   *
   * @throws IllegalStateException if this is a name
   */
  public long number() {
    if (name != null) {
      throw new IllegalStateException("lock " + this + " has a name, not a number");
    }
    return number;
  }

  /**
   * The name.
   *
   * @throws IllegalStateException if this is a number
   */
  public String name() {
    if (name == null) {
      throw new IllegalStateException("lock " + this + " has a number, not a name");
    }
    return name;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof LockName that
        && number == that.number
        && (name == null ? that.name == null : name.equals(that.name));
  }

  @Override
  public int hashCode() {
    return name == null ? Long.hashCode(number) : name.hashCode();
  }

  /** {@code #7} for a number, the quoted name for a name. */
  @Override
  public String toString() {
    return name == null ? "#" + Long.toUnsignedString(number) : '"' + name + '"';
  }
}
