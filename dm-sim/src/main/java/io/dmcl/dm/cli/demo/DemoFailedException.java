package io.dmcl.dm.cli.demo;

/** The demo cannot go on; the message is for the person who runs it. */
final class DemoFailedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  DemoFailedException(String message) {
    super(message);
  }
}
