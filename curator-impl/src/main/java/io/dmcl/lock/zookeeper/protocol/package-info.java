/**
 * The lock protocol as pure functions: events, actions, states, the grant rule and entry names. No
 * threads, no clock, no I/O.
 */
@NullMarked
package io.dmcl.lock.zookeeper.protocol;

import org.jspecify.annotations.NullMarked;
