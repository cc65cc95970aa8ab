package io.dmcl.lock;

/** Something went wrong with a lock; the subclasses say what the caller can do. */
public class LockException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With a message that says what happened and what to do. */
  public LockException(String message) {
    super(message);
  }

  /** With a cause. */
  public LockException(String message, Throwable cause) {
    super(message, cause);
  }
}
