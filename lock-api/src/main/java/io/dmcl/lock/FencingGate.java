package io.dmcl.lock;

/**
 * The check that a resource runs on the {@linkplain Hold#token() fencing tokens} of those who use
 * it, so that a node that has lost its lock without knowing (a pause, a suspended machine) cannot
 * do harm. A writer needs a token no older than any seen; a reader, one no older than any
 * <em>writer's</em> (otherwise concurrent readers would refuse each other).
 *
 * <p>One gate per lock and resource, kept where the resource is kept. It is thread-safe. Admission
 * and the access that follows must be one step for the resource: either hold {@code synchronized
 * (gate)} over both, or admit again afterwards.
 */
public final class FencingGate {
  private long newestSeen;
  private long newestWriter;

  /** A gate that has seen nothing; tokens are positive. */
  public FencingGate() {
    this(0, 0);
  }

  /** A gate restored from {@link #newestSeen()} and {@link #newestWriter()}. */
  public FencingGate(long newestSeen, long newestWriter) {
    this.newestSeen = newestSeen;
    this.newestWriter = newestWriter;
  }

  /** Whether an access with this token is admitted; if so, the token has been seen. */
  public synchronized boolean tryAdmit(LockMode mode, long token) {
    boolean admitted = token >= (mode == LockMode.EXCLUSIVE ? newestSeen : newestWriter);
    if (admitted) {
      newestSeen = Math.max(newestSeen, token);
      if (mode == LockMode.EXCLUSIVE) {
        newestWriter = token;
      }
    }
    return admitted;
  }

  /**
   * As {@link #tryAdmit}, with an exception.
   *
   * @throws StaleTokenException if the token is not admitted
   */
  public void admit(LockMode mode, long token) {
    synchronized (this) {
      if (!tryAdmit(mode, token)) {
        throw new StaleTokenException(
            mode
                + " access with token "
                + token
                + " refused: the resource has seen token "
                + (mode == LockMode.EXCLUSIVE ? newestSeen : newestWriter)
                + "; the lock was lost in between");
      }
    }
  }

  /** The newest token of any access; 0 if none. */
  public synchronized long newestSeen() {
    return newestSeen;
  }

  /** The newest token of a write; 0 if none. */
  public synchronized long newestWriter() {
    return newestWriter;
  }
}
