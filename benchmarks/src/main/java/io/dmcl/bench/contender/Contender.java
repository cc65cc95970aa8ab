package io.dmcl.bench.contender;

import io.dmcl.bench.server.Addresses;
import io.dmcl.lock.LockMode;
import org.jspecify.annotations.Nullable;

/** A kind of lock that is measured. */
public interface Contender {
  /** What it is called in reports. */
  String name();

  /** The program that has to be installed for it, if any. */
  default @Nullable String needs() {
    return null;
  }

  /** Opens one node: a client with a session of its own. */
  Node open(Addresses servers) throws Exception;

  /** A client. Thread-safe. */
  interface Node extends AutoCloseable {
    /**
     * A lock for one thread. Threads and nodes that give the same name get the same lock, seen
     * through this contender.
     */
    Section lock(String name, LockMode mode) throws Exception;

    @Override
    void close() throws Exception;
  }

  /** A lock in the hands of one thread. */
  interface Section {
    /** Waits until the lock is held. */
    void enter() throws Exception;

    /** Gives it up; returns when the contender's own call does. */
    void leave() throws Exception;
  }
}
