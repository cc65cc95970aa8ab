/**
 * Cluster locks that know what changed.
 *
 * <p>Open a {@link io.dmcl.lock.Lockspace}, allocate a {@link io.dmcl.lock.ClusterLock} next to the
 * structure that it protects, acquire it. What comes back says two things: no other node of the
 * cluster has it, and whether the resource was modified by another node since this node last held
 * it ({@link io.dmcl.lock.Freshness}).
 *
 * <p>The words, used in one meaning each:
 *
 * <ul>
 *   <li><b>node</b>: one opened lockspace in one process. Holds belong to nodes, not to threads.
 *   <li><b>request</b>: a place in a lock's cluster-wide queue. <b>grant</b>: the node owns the
 *       lock cluster-wide. <b>hold</b>: local use of a grant, from acquire to unlock.
 *       <b>release</b>: the node gives its grant back. <b>demote</b>: it gives back, or weakens, an
 *       idle grant because another node needs the lock. <b>cached</b>: granted, with no hold.
 *   <li><b>value</b>: up to 1,024 bytes kept with the lock (the lock value block of the DLM).
 *   <li><b>fencing token</b>: a number that is strictly larger for every later conflicting grant.
 *   <li><b>jeopardy</b>: the connection is gone but the node's lease still runs. <b>lost</b>: the
 *       lease ran out, or the session ended.
 * </ul>
 */
@NullMarked
package io.dmcl.lock;

import org.jspecify.annotations.NullMarked;
