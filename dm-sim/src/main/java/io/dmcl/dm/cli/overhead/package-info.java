/** What a clustered mirror costs, held against a bare file: the command {@code overhead}. */
@NullMarked
package io.dmcl.dm.cli.overhead;

import org.jspecify.annotations.NullMarked;
