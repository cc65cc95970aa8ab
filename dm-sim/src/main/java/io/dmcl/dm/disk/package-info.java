/**
 * Shared disks: files that several processes have open at once, with a write cache that a power cut
 * loses, a gate that refuses the writes of nodes that lost their lock, and faults by injection.
 */
@NullMarked
package io.dmcl.dm.disk;

import org.jspecify.annotations.NullMarked;
