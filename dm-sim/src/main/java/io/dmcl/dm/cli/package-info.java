/** The commands: the one package that opens lockspaces on a real ensemble. */
@NullMarked
package io.dmcl.dm.cli;

import org.jspecify.annotations.NullMarked;
