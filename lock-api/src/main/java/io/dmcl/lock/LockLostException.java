package io.dmcl.lock;

/**
 * The lease ran out or the session ended while the lock was held: another node may hold it. Treat
 * what was done since the last {@link Hold#ensureHeld()} as suspect; acquire again.
 */
public class LockLostException extends LockException {
  private static final long serialVersionUID = 1L;

  /** With a message that says what happened and what to do. */
  public LockLostException(String message) {
    super(message);
  }

  /** With a cause. */
  public LockLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
