/**
 * Device-mapper on a cluster, simulated: bios go through a {@link io.dmcl.dm.MappedDevice}'s table
 * to targets, and from those to the disks. Words and table lines are device-mapper's.
 *
 * <p>A {@link io.dmcl.dm.DeviceMapper} is one node. Targets that several nodes have active over the
 * same disks coordinate what they keep on them through {@code io.dmcl.lock}.
 */
@NullMarked
package io.dmcl.dm;

import org.jspecify.annotations.NullMarked;
