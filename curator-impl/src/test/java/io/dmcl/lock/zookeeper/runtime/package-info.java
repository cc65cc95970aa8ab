/** The way of the simulator into a node. */
@NullMarked
package io.dmcl.lock.zookeeper.runtime;

import org.jspecify.annotations.NullMarked;
