/**
 * The target {@code mirror} with the kernel's dirty log, on any number of nodes at once.
 *
 * <p>A <b>region lock</b> is held shared to read a region and exclusively to write or recover it.
 * Who has it exclusively may have the region marked dirty in the log; the mark is taken off when
 * the grant is given up. So whoever gets the lock from an owner that died finds in the log whether
 * the legs may differ there. The <b>log lock</b> guards the log; its value is the {@link
 * io.dmcl.dm.mirror.LogValue}. Order: region locks before the log lock. The <b>activation lock</b>
 * tells the first node from those that join it.
 */
@NullMarked
package io.dmcl.dm.mirror;

import org.jspecify.annotations.NullMarked;
