package io.dmcl.lock;

/** A {@link FencingGate} has seen a newer token: the writer has lost its lock and does not know. */
public class StaleTokenException extends LockException {
  private static final long serialVersionUID = 1L;

  /** With a message that names both tokens. */
  public StaleTokenException(String message) {
    super(message);
  }
}
