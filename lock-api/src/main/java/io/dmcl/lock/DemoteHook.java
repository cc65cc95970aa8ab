package io.dmcl.lock;

/**
 * Called before a grant that has been kept is given up (to nothing) when no hold uses it any more,
 * or weakened (EXCLUSIVE to SHARED) when no exclusive hold does — because another node needs the
 * lock, or it was idle, or the lockspace closes. (A grant of a mode that is not cached ends with
 * its last unlock, without the hook.) The user writes back what it still holds dirty; if nothing is
 * left afterwards, what it cached is invalid from now on. Nothing is released before the hook has
 * returned.
 *
 * <p>Each call runs on a thread of its own. It may use other locks, but not its own. Two nodes
 * whose hooks need each other's locks deadlock; nothing detects that.
 *
 * <p>A hook that throws is reported to the {@link LockspaceListener}, and the grant is then
 * released as if its owner had died: what was dirty has not been written, and nobody must think so.
 * A hook that hangs is reported, shown in the dump, and bounded by the lease only if the node dies.
 */
@FunctionalInterface
public interface DemoteHook {
  /** Writes back what is dirty. */
  void demote(Demotion demotion) throws Exception;
}
