package io.dmcl.lock.zookeeper.protocol;

import java.util.HashMap;
import java.util.Map;

/**
 * Finds the read that breaks the connection: its reply is over the packet limit, because somebody
 * has planted huge data or a crowd of znodes, and repeating it would break the connection for ever.
 * Replies come in order, so the one to suspect is the first that a broken connection leaves
 * unanswered; that happens to any request, but to the same one again and again only if it is
 * guilty.
 *
 * <p>A request is known by {@code equals}.
 */
final class Suspects {
  private static final int MAX_BREAKS = 8;

  private final Map<Object, Integer> breaks = new HashMap<>();
  private boolean found;

  /** A request was answered on a new connection. */
  void settled() {
    found = false;
  }

  /** The read was answered. */
  void answered(Object read) {
    if (!breaks.isEmpty()) { // or its hash would be reckoned for nothing
      breaks.remove(read);
    }
  }

  /** Something else was left unanswered. */
  void otherLost() {
    found = true;
  }

  /**
   * The read was left unanswered.
   *
   * @return whether it is not to be repeated any more
   */
  boolean lost(Object read) {
    if (found) {
      return false;
    }
    found = true;
    boolean guilty = breaks.merge(read, 1, Integer::sum) >= MAX_BREAKS;
    if (guilty) {
      breaks.remove(read);
    }
    return guilty;
  }

  /** Whether it has broken a connection since it was answered last. */
  boolean isSuspect(Object read) {
    return !breaks.isEmpty() && breaks.containsKey(read);
  }
}
