package io.dmcl.lock;

/**
 * What {@link LockModes} returns: 0 or 1 for granted, negative like an errno (Linux) for an error.
 * None of its calls has a timeout, so there is no EAGAIN.
 */
public enum ResultCode {
  /** Granted, and nobody modified the resource (or nothing is remembered to compare with). */
  GRANTED(0),
  /** Granted, and another node held the lock exclusively since, or that cannot be excluded. */
  GRANTED_MODIFIED(1),
  /** EINTR: the caller was interrupted; the request was withdrawn. */
  INTERRUPTED(-4),
  /** EBUSY: a call for the same lock is still under way. */
  BUSY(-16),
  /** EINVAL: the arguments are wrong. */
  INVALID(-22),
  /** ENOSPC: a limit of the library. */
  LIMIT(-28),
  /** EHOSTDOWN: the coordinator cannot be reached. */
  UNAVAILABLE(-112),
  /** ESHUTDOWN: the lockspace is closed. */
  CLOSED(-108),
  /** ECONNRESET: the lock was lost. */
  LOST(-104);

  private final int code;

  ResultCode(int code) {
    this.code = code;
  }

  /** The number. */
  public int code() {
    return code;
  }

  /** Whether the call did what it was asked for. */
  public boolean granted() {
    return code >= 0;
  }
}
