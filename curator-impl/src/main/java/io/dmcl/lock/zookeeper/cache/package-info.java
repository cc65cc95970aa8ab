/** Holds on a cached grant: the fast path, hold time and idle reclaim. */
@NullMarked
package io.dmcl.lock.zookeeper.cache;

import org.jspecify.annotations.NullMarked;
