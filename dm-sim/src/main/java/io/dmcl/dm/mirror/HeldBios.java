package io.dmcl.dm.mirror;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.dmcl.dm.Bio;
import io.dmcl.dm.BioException;
import io.dmcl.dm.RequeueException;
import java.io.IOException;
import java.io.InterruptedIOException;

/**
 * Where a mirror with {@code handle_errors} alone keeps the bios that a leg or the log did not
 * take, until all legs answer again or an operator suspends the mirror, to give it another table.
 * They hold no lock of the mirror while they wait.
 */
final class HeldBios {
  private static final long RETRY_MILLIS = 100;

  private final DirtyLog log;

  @GuardedBy("this")
  private boolean suspending;

  @GuardedBy("this")
  private boolean requeued;

  HeldBios(DirtyLog log) {
    this.log = log;
  }

  /**
   * Returns when the bio is to be tried again.
   *
   * @throws RequeueException if it is for the table that comes next
   * @throws BioException if the mirror is suspended otherwise
   */
  void await(Bio bio) throws IOException {
    do {
      pause(bio);
    } while (!legsAnswer());
  }

  private synchronized void pause(Bio bio) throws IOException {
    if (!suspending) {
      try {
        wait(RETRY_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while held: " + bio);
      }
    }
    if (requeued) {
      throw new RequeueException();
    }
    if (suspending) {
      throw BioException.ioError("suspended while a leg or the log had failed: " + bio);
    }
  }

  private boolean legsAnswer() throws IOException {
    try {
      return log.refresh().legs().chars().allMatch(letter -> letter == 'A');
    } catch (IOException e) {
      if (DirtyLog.isOurs(e)) {
        throw e;
      }
      return false;
    }
  }

  /** Ends the wait of all, now and later. */
  synchronized void suspend(boolean requeue) {
    suspending = true;
    requeued = requeue;
    notifyAll();
  }
}
