/** The event loop that drives the protocol, and the ports it needs: coordination, clock, timer. */
@NullMarked
package io.dmcl.lock.zookeeper.runtime;

import org.jspecify.annotations.NullMarked;
