package io.dmcl.lock.zookeeper.torture;

/** What a node is about with a lock, when a fault hits it. */
enum ProtocolState {
  /** A caller waits for the grant. */
  WAITING('w'),
  /** A hold is out. */
  HELD('h'),
  /** Granted, and nobody uses it. */
  CACHED('c'),
  /** The demote hook runs, because another node needs the lock. */
  RECALLING('d'),
  /** A release was sent and not answered yet. */
  RELEASING('r'),
  /** There is no connection, or no session. */
  RECONNECTING('!');

  private final char letter;

  ProtocolState(char letter) {
    this.letter = letter;
  }

  /** A letter for it. */
  char letter() {
    return letter;
  }
}
