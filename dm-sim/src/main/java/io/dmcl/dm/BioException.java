package io.dmcl.dm;

import java.io.IOException;

/** A bio that failed, with the status that the block layer would give it. */
public class BioException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The block layer's status words. */
  public enum Status {
    /** EIO: the device could not do it. */
    IO_ERROR,
    /** EOPNOTSUPP: the target does not know this operation. */
    NOT_SUPPORTED,
    /** ENXIO: beyond the end of the device. */
    OUT_OF_RANGE,
    /**
     * EBADE: this node has lost, or could not get, the lock that the bio needs; the disk or the
     * node itself refused. It says nothing about the device.
     */
    FENCED
  }

  private final Status status;

  /** With the status and what happened. */
  public BioException(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** With a cause. */
  public BioException(Status status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** EIO. */
  public static BioException ioError(String message) {
    return new BioException(Status.IO_ERROR, message);
  }

  /** The status. */
  public Status status() {
    return status;
  }
}
