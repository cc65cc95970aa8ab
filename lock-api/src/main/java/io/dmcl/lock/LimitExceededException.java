package io.dmcl.lock;

/**
 * A limit of this library would be exceeded, before anything was damaged: entries per session,
 * members of a set, holds of one lock.
 */
public class LimitExceededException extends LockException {
  private static final long serialVersionUID = 1L;

  /** With a message that says what happened and what to do. */
  public LimitExceededException(String message) {
    super(message);
  }

  /** With a cause. */
  public LimitExceededException(String message, Throwable cause) {
    super(message, cause);
  }
}
