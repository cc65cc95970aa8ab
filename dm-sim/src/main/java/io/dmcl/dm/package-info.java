/** A simulated device mapper: bios, tables, targets and the mapped device. */
@NullMarked
package io.dmcl.dm;

import org.jspecify.annotations.NullMarked;
