package io.dmcl.lock;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The older interface of the 2009 proposal: one call by number or name, with the mode that is
 * wanted next, which returns 0 or 1 (see {@link ResultCode}).
 *
 * <p>The node has each lock in one of four modes; the first call for a lock finds it in {@link
 * Mode#UNLOCK}. A call for another mode while one is held converts: EXCLUSIVE to SHARED is a
 * downgrade that keeps the place; SHARED to EXCLUSIVE drops SHARED and queues anew, and the result
 * says whether somebody came between. One call at a time for each lock: another one is {@link
 * ResultCode#BUSY}. A name that is used here cannot be allocated as a handle in the same lockspace,
 * and a call for one that is allocated is {@link ResultCode#BUSY}.
 *
 * <p>A failed call leaves the lock in MONITOR, except that {@link ResultCode#BUSY} and {@link
 * ResultCode#INVALID} change nothing.
 */
public final class LockModes {
  /** What a call asks for. */
  public enum Mode {
    /** Not held, and what is remembered is forgotten: the next acquire returns 0. */
    UNLOCK,
    /**
     * Not held, but the version is remembered, so that the next acquire can tell: the version at
     * the end of the last hold, or if there was none, as it is now. Asked for again, it changes
     * nothing.
     */
    MONITOR,
    /** Held together with other nodes. */
    SHARED,
    /** Held alone. */
    EXCLUSIVE
  }

  private final Lockspace lockspace;
  private final ConcurrentHashMap<LockName, Entry> entries = new ConcurrentHashMap<>();

  /** The interface over a lockspace; made by {@link Lockspace#modes()}. */
  public LockModes(Lockspace lockspace) {
    this.lockspace = lockspace;
  }

  /** {@code dmcl_lock}: blocks until the lock is in {@code mode}. */
  public ResultCode lock(long number, Mode mode) {
    return lock(LockName.of(number), mode);
  }

  /** {@code dmcl_lock_by_str}: blocks until the lock is in {@code mode}. */
  public ResultCode lock(String name, Mode mode) {
    LockName lockName;
    try {
      lockName = LockName.of(name);
    } catch (IllegalArgumentException e) {
      return ResultCode.INVALID;
    }
    return lock(lockName, mode);
  }

  /** Blocks until the lock is in {@code mode}; an interrupt is kept and withdraws the request. */
  public ResultCode lock(LockName name, Mode mode) {
    Call call = start(name, mode);
    try {
      return call.result.get();
    } catch (InterruptedException e) {
      // Withdrawing ends the call at once, one way or the other: the grant may just have come.
      call.withdraw();
      ResultCode code = call.result.join();
      Thread.currentThread().interrupt();
      return code;
    } catch (ExecutionException e) {
      return codeOf(e.getCause());
    }
  }

  /** As {@link #lock(long, Mode)}, but returns at once and calls back. */
  public void lock(long number, Mode mode, Consumer<ResultCode> callback) {
    lock(LockName.of(number), mode, callback);
  }

  /** As {@link #lock(String, Mode)}, but returns at once and calls back. */
  public void lock(String name, Mode mode, Consumer<ResultCode> callback) {
    LockName lockName;
    try {
      lockName = LockName.of(name);
    } catch (IllegalArgumentException e) {
      callback.accept(ResultCode.INVALID);
      return;
    }
    lock(lockName, mode, callback);
  }

  /** Returns at once; the callback runs on a thread of the lockspace, or on this one. */
  public void lock(LockName name, Mode mode, Consumer<ResultCode> callback) {
    var unused = start(name, mode).result.thenAccept(callback);
  }

  /** The mode that the node has the lock in. */
  public Mode mode(LockName name) {
    Entry entry = entries.get(name);
    Hold hold = entry == null ? null : entry.hold;
    if (entry == null) {
      return Mode.UNLOCK;
    }
    return hold == null ? Mode.MONITOR : Mode.valueOf(hold.mode().name());
  }

  /**
   * The hold behind a lock that is SHARED or EXCLUSIVE, for its value and token.
   *
   * @return null in the other modes
   */
  public @Nullable Hold hold(LockName name) {
    Entry entry = entries.get(name);
    return entry == null ? null : entry.hold;
  }

  private Call start(LockName name, Mode mode) {
    Entry entry = null;
    try {
      while (entry == null) {
        Entry found = entries.get(name);
        if (found == null && mode == Mode.UNLOCK) {
          return Call.done(ResultCode.GRANTED);
        }
        found =
            entries.computeIfAbsent(name, n -> new Entry(lockspace.allocate(n, LockOptions.of())));
        if (!found.tryBegin()) {
          return Call.done(ResultCode.BUSY);
        }
        // An UNLOCK may have freed the handle in between; from here on nobody else can.
        if (entries.get(name) == found) {
          entry = found;
        } else {
          found.end();
        }
      }
    } catch (LockException | IllegalStateException e) {
      return Call.done(codeOf(e));
    }
    Entry begun = entry;
    CompletableFuture<ResultCode> step;
    try {
      step = convert(name, begun, mode);
    } catch (RuntimeException e) {
      begun.abandonLostHold();
      step = CompletableFuture.failedFuture(e);
    }
    CompletableFuture<ResultCode> result =
        step.whenComplete((code, error) -> begun.end()).exceptionally(LockModes::codeOf);
    return new Call(begun, result);
  }

  private CompletableFuture<ResultCode> convert(LockName name, Entry entry, Mode mode) {
    Hold hold = entry.hold;
    switch (mode) {
      case UNLOCK:
        entry.unlock();
        entry.lock.forget();
        return entry
            .lock
            .freeAsync()
            .thenApply(
                freed -> {
                  entries.remove(name, entry);
                  return ResultCode.GRANTED;
                });
      case MONITOR:
        if (hold == null && !entry.remembers) {
          return entry.monitor();
        }
        // What is remembered already is kept: to look again would swallow the news.
        entry.unlock();
        return CompletableFuture.completedFuture(ResultCode.GRANTED);
      case SHARED:
      case EXCLUSIVE:
        break;
    }
    LockMode wanted = mode == Mode.SHARED ? LockMode.SHARED : LockMode.EXCLUSIVE;
    if (hold != null) {
      hold.ensureHeld();
      if (hold.mode() == wanted) {
        return CompletableFuture.completedFuture(ResultCode.GRANTED);
      }
      if (wanted == LockMode.SHARED) {
        hold.downgrade();
        return CompletableFuture.completedFuture(ResultCode.GRANTED);
      }
      entry.unlock();
    }
    return entry.acquire(wanted);
  }

  private static ResultCode codeOf(@Nullable Throwable error) {
    Throwable cause =
        error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    if (cause instanceof LockLostException || cause instanceof OutcomeUnknownException) {
      return ResultCode.LOST;
    } else if (cause instanceof LockspaceClosedException) {
      return ResultCode.CLOSED;
    } else if (cause instanceof CoordinatorUnavailableException) {
      return ResultCode.UNAVAILABLE;
    } else if (cause instanceof LimitExceededException) {
      return ResultCode.LIMIT;
    } else if (cause instanceof CancellationException) {
      return ResultCode.INTERRUPTED;
    } else if (cause instanceof IllegalStateException) {
      return ResultCode.BUSY;
    }
    return ResultCode.INVALID;
  }

  /** A call under way. */
  private record Call(@Nullable Entry entry, CompletableFuture<ResultCode> result) {
    static Call done(ResultCode code) {
      return new Call(null, CompletableFuture.completedFuture(code));
    }

    void withdraw() {
      if (entry != null) {
        entry.withdraw();
      }
    }
  }

  /** A lock in a mode other than UNLOCK, or on its way there. */
  private static final class Entry {
    final ClusterLock lock;
    private boolean busy;
    private volatile boolean remembers;
    private volatile @Nullable CompletableFuture<?> pending;
    volatile @Nullable Hold hold;

    Entry(ClusterLock lock) {
      this.lock = lock;
    }

    synchronized boolean tryBegin() {
      boolean free = !busy;
      busy = true;
      return free;
    }

    synchronized void end() {
      busy = false;
    }

    void unlock() {
      Hold held = hold;
      hold = null;
      if (held != null) {
        held.unlock();
      }
    }

    /** After a failure: a hold that is lost is not kept. */
    void abandonLostHold() {
      Hold held = hold;
      if (held != null && held.state() == HoldState.LOST) {
        hold = null;
        try {
          held.close();
        } catch (LockLostException e) {
          // The call fails with what was thrown first, which says the same.
        }
      }
    }

    CompletableFuture<ResultCode> monitor() {
      CompletableFuture<Freshness> source = lock.monitorAsync();
      pending = source;
      return source.thenApply(
          freshness -> {
            remembers = true;
            return ResultCode.GRANTED;
          });
    }

    CompletableFuture<ResultCode> acquire(LockMode mode) {
      CompletableFuture<Hold> source = lock.acquireAsync(mode);
      pending = source;
      return source.thenApply(
          acquired -> {
            Freshness freshness = acquired.freshness();
            boolean modified =
                freshness != Freshness.UNCHANGED && (freshness != Freshness.UNKNOWN || remembers);
            remembers = true;
            hold = acquired;
            return modified ? ResultCode.GRANTED_MODIFIED : ResultCode.GRANTED;
          });
    }

    /** Withdraws what is under way; it then ends by itself, one way or the other. */
    void withdraw() {
      CompletableFuture<?> underway = pending;
      if (underway != null) {
        underway.cancel(false);
      }
    }
  }
}
