/**
 * Breaks real clusters: servers and nodes, each in a process of its own, around resources with a
 * fencing gate, while processes are killed and paused and connections are cut and slowed down. What
 * the resources have seen and what the ensemble has logged is held against what nodes were told.
 * Its command is {@link io.dmcl.lock.zookeeper.torture.Torture}.
 */
@NullMarked
package io.dmcl.lock.zookeeper.torture;

import org.jspecify.annotations.NullMarked;
