/**
 * What every implementation of the lock API has to pass ({@link
 * io.dmcl.lock.contract.LockspaceContract}), and an implementation in one process that passes it
 * ({@link io.dmcl.lock.contract.InMemoryCluster}).
 */
@NullMarked
package io.dmcl.lock.contract;

import org.jspecify.annotations.NullMarked;
