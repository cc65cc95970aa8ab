package io.dmcl.dm.cli.demo;

/** The demo cannot go on; the message is for the person who runs it. */
public final class DemoFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** With what to tell the person. */
  public DemoFailedException(String message) {
    super(message);
  }
}
