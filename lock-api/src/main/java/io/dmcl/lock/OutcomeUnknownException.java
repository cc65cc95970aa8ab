package io.dmcl.lock;

/**
 * The request was sent but its reply was lost, and it could not be found out what became of it
 * before the session ended.
 */
public class OutcomeUnknownException extends LockException {
  private static final long serialVersionUID = 1L;

  /** With a message that says what happened and what to do. */
  public OutcomeUnknownException(String message) {
    super(message);
  }

  /** With a cause. */
  public OutcomeUnknownException(String message, Throwable cause) {
    super(message, cause);
  }
}
