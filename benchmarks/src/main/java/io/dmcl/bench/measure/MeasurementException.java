package io.dmcl.bench.measure;

/** A study that could not be finished, and why. */
public final class MeasurementException extends Exception {
  private static final long serialVersionUID = 1L;

  MeasurementException(Study study, Exception cause) {
    super("study " + study.name() + " failed", cause);
  }
}
