package io.dmcl.dm;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Runs several steps although some fail; the first failure is thrown at the end. */
public final class FirstFailure {
  /** A step. */
  @FunctionalInterface
  public interface Step {
    /** Does it. */
    void run() throws IOException;
  }

  private @Nullable Exception first;

  /** Runs a step; what it throws is kept. */
  public void run(Step step) {
    try {
      step.run();
    } catch (IOException | RuntimeException e) {
      if (first == null) {
        first = e;
      } else if (first != e) {
        first.addSuppressed(e);
      }
    }
  }

  /** Throws the first failure, if any, with the others suppressed in it. */
  public void rethrow() throws IOException {
    if (first instanceof IOException e) {
      throw e;
    }
    if (first instanceof RuntimeException e) {
      throw e;
    }
  }
}
