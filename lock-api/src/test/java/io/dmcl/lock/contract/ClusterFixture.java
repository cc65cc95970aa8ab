package io.dmcl.lock.contract;

import io.dmcl.lock.Lockspace;
import java.util.EnumSet;
import java.util.Set;

/** What the contract needs of an implementation. */
public interface ClusterFixture extends AutoCloseable {
  /** Opens a lockspace on a further node, with a session of its own. */
  Lockspace open(String lockspace) throws Exception;

  /**
   * Ends the node as the death of its process would: its session ends without a clean release, and
   * it makes no other one, so that nothing of what it left behind is tidied up by itself. Returns
   * when the session has ended. The contract does not use the node afterwards, except to look at
   * holds; the fixture does what is needed to get rid of it.
   */
  void kill(Lockspace node) throws Exception;

  /**
   * Ends the node's session, or every session of it, without a clean release, and lets the node
   * make a new one, as after a long separation. Returns when the session has ended.
   */
  void loseSession(Lockspace node) throws Exception;

  /**
   * Whether the requests of an {@code acquireAll} enter their queues in one step, whatever its
   * locks are. A lockspace over several coordinators has one step for each.
   */
  default boolean entersSetsInOneStep() {
    return true;
  }

  /** The modes to run the contract in; tests of the others are skipped. All by default. */
  default Set<CachingMode> modes() {
    return EnumSet.allOf(CachingMode.class);
  }

  /** Called when all tests are through; closes the nodes that are open. */
  @Override
  void close() throws Exception;
}
