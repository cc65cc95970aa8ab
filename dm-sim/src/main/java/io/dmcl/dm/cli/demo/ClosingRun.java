package io.dmcl.dm.cli.demo;

import java.util.ArrayList;
import java.util.List;

/**
 * A run that starts servers, processes and files, and ends them, the last one first, however it
 * ends itself: with a result, with an exception, or by a signal to this process.
 */
public abstract class ClosingRun implements AutoCloseable {
  private final Object closing = new Object();
  private final List<AutoCloseable> toClose = new ArrayList<>(); // guarded by closing
  private boolean closed; // guarded by closing

  /** Runs to the end; whether all was as it must be. */
  protected abstract boolean run() throws Exception;

  /**
   * Runs, and ends everything.
   *
   * @param command what messages begin with
   * @return the exit status
   */
  public final int call(String command) throws Exception {
    Thread hook = new Thread(this::close, "demo-end");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      return run() ? 0 : 1;
    } catch (DemoFailedException e) {
      if (!isClosed()) {
        System.err.println(command + ": " + e.getMessage());
      }
      return 1;
    } finally {
      close();
      removeHook(hook);
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // it is running just now
    }
  }

  private boolean isClosed() {
    synchronized (closing) {
      return closed;
    }
  }

  /** Takes what was just started; if the run has been ended meanwhile, ends that too. */
  protected final <T extends AutoCloseable> T closeLater(T resource) {
    synchronized (closing) {
      toClose.add(resource);
      if (!closed) {
        return resource;
      }
    }
    closeAll();
    throw new DemoFailedException("interrupted");
  }

  @Override
  public final void close() {
    synchronized (closing) {
      closed = true;
    }
    closeAll();
  }

  private void closeAll() {
    synchronized (closing) {
      while (!toClose.isEmpty()) {
        try {
          toClose.remove(toClose.size() - 1).close();
        } catch (Exception e) {
          // the others have to be closed, too
        }
      }
    }
  }
}
