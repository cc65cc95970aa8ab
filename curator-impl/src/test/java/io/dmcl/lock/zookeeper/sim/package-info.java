/**
 * A simulated ZooKeeper ensemble behind the port {@link
 * io.dmcl.lock.zookeeper.runtime.Coordinator}: one thread, virtual time, and every freedom that the
 * real one has is a choice of the driver.
 */
@NullMarked
package io.dmcl.lock.zookeeper.sim;

import org.jspecify.annotations.NullMarked;
