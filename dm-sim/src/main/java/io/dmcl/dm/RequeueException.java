package io.dmcl.dm;

import java.io.IOException;

/**
 * A bio is not done and is to be submitted again when its device is resumed, perhaps with another
 * table. Thrown by {@link Target#map} only while a suspension without flush is under way.
 */
public final class RequeueException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Of the bio that is being mapped. */
  public RequeueException() {
    super("to be submitted again after the next resume");
  }
}
