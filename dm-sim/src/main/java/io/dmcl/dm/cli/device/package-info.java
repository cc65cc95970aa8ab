/**
 * The command {@code dm}: a node process that has devices ({@link NodeCommand}), and dmsetup's
 * commands, which reach it over a Unix socket in its run directory.
 */
@NullMarked
package io.dmcl.dm.cli.device;

import org.jspecify.annotations.NullMarked;
