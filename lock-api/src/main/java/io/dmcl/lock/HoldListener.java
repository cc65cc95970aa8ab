package io.dmcl.lock;

/**
 * Told of the changes of a hold's state. Called on a thread of the lockspace that serves listeners
 * only, one call after the other; it may block and may use the lock. What it throws is logged.
 */
@FunctionalInterface
public interface HoldListener {
  /**
   * The hold went to {@link HoldState#JEOPARDY}, back to {@link HoldState#HELD}, or to {@link
   * HoldState#LOST}. Because of the thread in between, a notice can come later than the change: to
   * know before an irreversible act, ask {@link Hold#ensureHeld()}, and let the resource check the
   * {@linkplain Hold#token() token}.
   */
  void stateChanged(Hold hold, HoldState state);
}
