package io.dmcl.dm;

import java.io.IOException;

/** A table line or a command that is refused, with the reason. Nothing was changed. */
public class TableException extends IOException {
  private static final long serialVersionUID = 1L;

  /** With the reason. */
  public TableException(String message) {
    super(message);
  }

  /** With a cause. */
  public TableException(String message, Throwable cause) {
    super(message, cause);
  }
}
