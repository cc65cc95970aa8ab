package io.dmcl.lock;

/** The coordinator cannot be reached, refuses us, or is too old: nothing was acquired. */
public class CoordinatorUnavailableException extends LockException {
  private static final long serialVersionUID = 1L;

  /** With a message that says what happened and what to do. */
  public CoordinatorUnavailableException(String message) {
    super(message);
  }

  /** With a cause. */
  public CoordinatorUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
