package io.dmcl.lock.zookeeper.runtime;

import java.util.concurrent.Executor;

/**
 * Port: the threads that users' code runs on; never the event loop's.
 *
 * @param hooks runs each demote hook, and each dependent of a future, on a thread of its own
 * @param listeners runs listeners one after the other
 */
public record Callbacks(Executor hooks, Executor listeners) {}
