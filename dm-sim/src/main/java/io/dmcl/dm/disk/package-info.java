/** Simulated disks below the targets. */
@NullMarked
package io.dmcl.dm.disk;

import org.jspecify.annotations.NullMarked;
