package io.dmcl.lock;

/** The lockspace, or the handle, was closed (or the lockspace failed): open it again. */
public class LockspaceClosedException extends LockException {
  private static final long serialVersionUID = 1L;

  /** With a message that says what happened and what to do. */
  public LockspaceClosedException(String message) {
    super(message);
  }

  /** With a cause. */
  public LockspaceClosedException(String message, Throwable cause) {
    super(message, cause);
  }
}
