/**
 * The targets {@code snapshot-origin}, {@code snapshot} and {@code snapshot-merge} over the
 * kernel's persistent exception store, on any number of nodes at once.
 *
 * <p>Three kinds of lock, always taken in this order. The <b>origin lock</b>, one per origin, is
 * held shared by every bio; its value is the {@link io.dmcl.dm.snapshot.Registry}: which snapshots
 * there are, and which are invalid. A <b>range lock</b>, one per few megabytes of the origin, is
 * held shared by what only reads the exception tables for that range, and exclusively by what adds
 * or removes an exception there. The <b>store lock</b>, one per store, is held exclusively by what
 * changes the store's metadata; its value is the {@link io.dmcl.dm.snapshot.StoreValue}.
 */
@NullMarked
package io.dmcl.dm.snapshot;

import org.jspecify.annotations.NullMarked;
